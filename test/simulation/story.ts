// What may happen in one run: what is wished for, how often it is tried, and which steps of the hub break. Shrinks.
import * as fc from 'fast-check'

export const wishNames = ['plain', 'outside', 'asked', 'dry', 'double', 'list', 'plan writes', 'strays'] as const
export type WishName = (typeof wishNames)[number]
export type VendorFault = 'drop' | '429' | '500' | '500-after'

/** One try of a wish. */
export interface Try {
  /** By two at once. */
  readonly twice: boolean
  readonly vendor: VendorFault | undefined
  /** Where it is held: whether somebody says yes. */
  readonly approved: boolean
  /** Whether much time passes before the next one. */
  readonly later: boolean
}

export interface Step {
  readonly wish: WishName
  readonly key: boolean
  readonly tries: readonly Try[]
}

/** Of all the steps of the hub that can break, the one so many after the last that did. */
export interface Break {
  readonly after: number
  /** The process with it. */
  readonly dies: boolean
}

export interface Story {
  readonly steps: readonly Step[]
  readonly breaks: readonly Break[]
}

const oneTry: fc.Arbitrary<Try> = fc.record({
  twice: fc.nat(3).map((drawn) => drawn === 3),
  vendor: fc.constantFrom(undefined, undefined, undefined, undefined, 'drop', '429', '500', '500-after'),
  approved: fc.nat(2).map((drawn) => drawn < 2),
  later: fc.nat(2).map((drawn) => drawn === 2),
})

const step: fc.Arbitrary<Step> = fc.record({
  wish: fc.constantFrom(...wishNames),
  key: fc.boolean(),
  tries: fc.array(oneTry, { minLength: 1, maxLength: 3 }),
})

/** Breaks are far apart in some stories and close together in others. */
const breaks = fc
  .constantFrom(8, 25, 60)
  .chain((apart) =>
    fc.array(fc.record({ after: fc.integer({ min: 1, max: apart }), dies: fc.boolean() }), { maxLength: 20, size: 'max' }),
  )

export const stories: fc.Arbitrary<Story> = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 5, size: 'max' }),
  breaks,
})

/** What keeps count of the steps that can break, and says of each whether it does. */
export type Luck = () => Break | undefined

export function luckOf({ breaks: all }: Pick<Story, 'breaks'>): Luck {
  const waiting = [...all]
  let passed = 0
  return () => {
    passed += 1
    if (waiting[0] === undefined || passed < waiting[0].after) return undefined
    passed = 0
    return waiting.shift()
  }
}
