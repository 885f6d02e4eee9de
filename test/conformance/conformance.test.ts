// The official conformance suite judges the real HTTP door, in both protocol eras.
import { expect, test } from 'vitest'
import { conformanceOfDoor, conformanceOfTasks, revisions } from './suite.ts'

test.each(revisions)('every scenario that %s requires of a server passes', { timeout: 60_000 }, async (revision) => {
  const { results, ok } = await conformanceOfDoor(revision)
  expect(results.filter((result) => !result.ok)).toEqual([])
  expect(ok).toBe(true)
})

test('every scenario of the Tasks extension passes', { timeout: 120_000 }, async () => {
  const { results, ok } = await conformanceOfTasks()
  expect(results.filter((result) => !result.ok)).toEqual([])
  expect(ok).toBe(true)
})
