// The official conformance suite judges the real HTTP door, in both protocol eras.
import { expect, test } from 'vitest'
import { conformanceOfDoor, revisions } from './suite.ts'

test.each(revisions)('every scenario that %s requires of a server passes', { timeout: 60_000 }, async (revision) => {
  const { results, ok } = await conformanceOfDoor(revision)
  expect(results.filter((result) => !result.ok)).toEqual([])
  expect(ok).toBe(true)
})
