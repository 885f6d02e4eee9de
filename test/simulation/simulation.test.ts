// Never twice, never unasked, never untraced: a thousand stories in which every step may break, and each step broken in turn.
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { verifyChain } from '../../src/call/verify.ts'
import { calm, play } from './play.ts'
import { stories } from './story.ts'
import type { Story } from './story.ts'
import { openWorld } from './world.ts'
import type { World } from './world.ts'

const runs = Number(process.env['TOOLGATE_SEEDS'] ?? 1000)
const seed = Number(process.env['TOOLGATE_FIRST_SEED'] ?? 1)

let world: World
beforeAll(async () => void (world = await openWorld()))
afterAll(async () => await world.close())

let told = 0
const nextName = () => `story-${(told += 1)}`

test('in every story: never twice, never unasked, never untraced', { timeout: 240_000 }, async () => {
  let [calls, writes] = [0, 0]
  await fc.assert(
    fc.asyncProperty(stories, async (story) => {
      const played = await play(world, nextName(), story)
      calls += played.calls.length
      writes += played.calls.filter(({ wish }) => wish.marks.some((mark) => played.executions.has(mark))).length
      if (played.wrong.length > 0) throw new Error(played.wrong.join('\n'))
    }),
    { numRuns: runs, seed },
  )
  console.log(
    `${runs} stories of ${calls} calls, ${writes} of them of what was written; promises broken: 0, so that fewer than ` +
      `${((100 * 3) / runs).toFixed(2)} % of such stories break one (3/n, 95 %). Seed ${seed}.`,
  )
})

test.each([
  ['fails', false],
  ['fails, and the process dies of it', true],
])('each single step of the store and of opening a vendor %s, in turn', { timeout: 240_000 }, async (_how, dies) => {
  const wrong: string[] = []
  let steps = 0
  for (const step of calm.steps) {
    for (const key of [false, true]) {
      const story: Story = { steps: [{ ...step, key }], breaks: [] }
      for (let nth = 1, met = true; met; nth += 1) {
        met = false
        let passed = 0
        const played = await play(world, nextName(), story, () => {
          passed += 1
          if (passed !== nth) return undefined
          met = true
          return { after: 0, dies }
        })
        if (met) steps += 1
        wrong.push(...played.wrong.map((what) => `${step.wish}${key ? ' with a key' : ''}, step ${nth}: ${what}`))
      }
    }
  }
  console.log(`${steps} steps broken, one in each story; promises broken: ${wrong.length}`)
  expect(wrong).toEqual([])
  expect(steps).toBeGreaterThan(100)
})

test('with nothing broken, what is allowed is done once, and what is asked is done when it is approved', async () => {
  const { calls, executions } = await play(world, nextName(), calm)
  for (const { wish, answer } of calls) {
    if (wish.needs === 'nothing') expect([wish.tool, wish.marks, answer.status]).toEqual([wish.tool, wish.marks, 'done'])
    for (const mark of wish.needs === 'never' ? [] : wish.marks) expect([mark, executions.get(mark)]).toEqual([mark, 1])
  }
})

test('after all that, every chain verifies', async () => {
  const results = await Promise.all((await world.store.tenants()).map((tenant) => verifyChain(world.store, tenant)))
  expect(results.filter(({ ok }) => !ok)).toEqual([])
})
