// What is asked again and again is asked once for a while, and never believed after a refusal.
import { expect, test } from 'vitest'
import { openSite } from './test/site.ts'

const at = (seconds: number) => new Date(Date.UTC(2026, 2, 31, 12, 0, seconds))
const asked = (sent: readonly string[], path: string) => sent.filter((each) => each.includes(path)).length

test('screens and people are asked for once in two minutes, each question by itself', async () => {
  const { vendor, sent } = await openSite()
  for (const seconds of [0, 60, 119]) {
    await vendor.issueTypes('SUP', at(seconds))
    await vendor.createFields('SUP', '10100', at(seconds))
    await vendor.findUsers({ query: 'priya', limit: 5 }, at(seconds))
  }
  expect([asked(sent, '/createmeta/'), asked(sent, '/user/search')]).toEqual([2, 1])
  await vendor.findUsers({ query: 'priya', limit: 6 }, at(119))
  await vendor.findUsers({ query: 'priya', limit: 5, project: 'SUP' }, at(119))
  expect([asked(sent, '/user/search'), asked(sent, '/user/assignable/')]).toEqual([2, 1])
  await vendor.issueTypes('SUP', at(121))
  expect(asked(sent, '/createmeta/')).toBe(3)
})

test('a refusal forgets all of it', async () => {
  const cache = new Map<string, unknown>()
  const { vendor, sent, state } = await openSite({ cache })
  await vendor.issueTypes('SUP', at(0))
  const { vendor: refused } = await openSite({ cache, credential: 'wrong', state })
  await expect(refused.project('SUP')).rejects.toMatchObject({ code: 'unauthenticated' })
  await vendor.issueTypes('SUP', at(1))
  expect(asked(sent, '/createmeta/')).toBe(2)
})

test('it keeps a bounded number of answers', async () => {
  const cache = new Map<string, unknown>()
  const { vendor } = await openSite({ cache })
  for (let number = 0; number < 230; number += 1) await vendor.findUsers({ query: `nobody ${number}`, limit: 1 }, at(0))
  expect((cache.get('jira.memory') as Map<string, unknown>).size).toBe(200)
})
