// What is looked for is found among very many, from the left and the longest first, and no more once it is removed.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createNeedles } from '../../src/egress/needles.ts'
import { createSecrets } from '../../src/egress/secrets.ts'

const few = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '\u{1F511}'), minLength: 6, maxLength: 9 })

test('as a pattern of all of them would, also after some are gone', () => {
  fc.assert(
    fc.property(
      fc.array(few, { maxLength: 40 }),
      fc.array(few, { maxLength: 20 }),
      fc.string({ unit: fc.constantFrom('a', 'b', 'é', '\u{1F511}'), maxLength: 300 }),
      (staying, going, text) => {
        const needles = createNeedles()
        for (const each of [...staying, ...going]) needles.add(each)
        for (const each of going) needles.remove(each)
        const longestFirst = [...staying].sort((left, right) => right.length - left.length)
        const expected = staying.length === 0 ? text : text.replace(new RegExp(longestFirst.join('|'), 'g'), '#')
        expect(needles.replaceIn(text, '#')).toBe(expected)
      },
    ),
    { numRuns: 3000 },
  )
})

test('among the tokens of 12,000 people the last 10,000 are taken out, and what lasts stays', () => {
  const secrets = createSecrets()
  const token = (n: number) => `token-${n.toString(36).padStart(20, 'x')}`
  secrets.add('the-hub-itself-4711')
  for (let n = 0; n < 12_000; n += 1) {
    secrets.addPassing(token(n))
    // Whoever calls again and again is not forgotten.
    secrets.addPassing(token(7))
  }
  const shown = secrets.scrub([7, 8, 2_500, 11_999].map(token).concat('the-hub-itself-4711'))
  expect(shown).toEqual(['[secret]', token(8), '[secret]', '[secret]', '[secret]'])
})
