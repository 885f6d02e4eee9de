// Fields that policy hides: left out wherever they stand and however they are written; and plans that hide effects.
import * as fc from 'fast-check'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { mask } from '../../src/call/mask.ts'
import type { Json } from '../../src/kit/json.ts'
import { testHub } from '../hub.ts'

test.each([
  ['as it is written', 'Amount', { Amount: 1, Name: 'x' }],
  ['in other letters', 'amount', { AMOUNT: 1, Name: 'x' }],
  ['reached from another record', 'Amount', { 'Opportunity.Amount': 1, Name: 'x' }],
  ['deep inside', 'Amount', { Name: 'x', Opportunity: { amount: 1 } }],
  ['in every row', 'Amount', { rows: [{ Amount: 1 }, { Amount: 2 }], Name: 'x' }],
])('a hidden field is left out %s', (_, field, value) => {
  const hidden = mask<Json>(value, [field])
  expect(JSON.stringify(hidden.value)).not.toMatch(/amount/i)
  expect(JSON.stringify(hidden.value)).toContain('"x"')
  expect(hidden.met).toHaveLength(1)
})

test('whatever the answer looks like, nothing of a hidden field is left, and all else stays', () => {
  const names = fc.constantFrom('Amount', 'amount', 'AMOUNT', 'Deal.Amount', 'Name', 'Amounts', 'Deal')
  const { answer } = fc.letrec<{ answer: Json }>((tie) => ({
    answer: fc.oneof(
      { maxDepth: 4 },
      fc.integer(),
      fc.array(tie('answer'), { maxLength: 3 }),
      fc.dictionary(names, tie('answer'), { maxKeys: 4 }),
    ),
  }))
  fc.assert(
    fc.property(answer, (value) => {
      const text = JSON.stringify(mask(value, ['amount']).value)
      expect(text).not.toMatch(/"(Deal\.)?amount"/i)
      expect(text).toBe(JSON.stringify(plainly(value)))
    }),
    { numRuns: 2000 },
  )
})

test('a plan that changes what its tool does not declare, or nothing, is not carried out', async () => {
  const rogue = fileURLToPath(new URL('../rogue', import.meta.url))
  await using hub = await testHub({ connectors: { rogue: { uses: rogue, sandbox: true } } })
  const refused = { status: 'failed', error: { code: 'internal' } }
  for (const [tool, why] of [
    ['rogue_plan_hides', 'changes owner, which it does not declare'],
    ['rogue_plan_denies', 'names no effect'],
  ] as const) {
    const answer = await hub.call(tool, { text: 'x' })
    expect(answer).toMatchObject(refused)
    expect(answer.message).toContain(why)
  }
  expect(hub.writes()).toEqual([])
})

/** The same, as plainly as it can be said. */
function plainly(value: Json): Json {
  if (Array.isArray(value)) return value.map(plainly)
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([name]) => !/(^|\.)amount(\.|$)/i.test(name))
  return Object.fromEntries(kept.map(([name, member]) => [name, plainly(member)]))
}

test.each([
  ['sf_query_run', { soql: 'SELECT Id FROM Opportunity WHERE Amount > 1' }],
  ['sf_query_run', { soql: 'SELECT Id FROM Opportunity ORDER BY amount DESC' }],
  ['sf_record_find', { object: 'Opportunity', filters: [{ field: 'Amount', op: 'gt', value: 1 }] }],
  ['jira_issue_search', { jql: 'project = SUP AND priority = High' }],
  ['jira_issue_search', { projects: ['SUP'], statuses: ['Done'] }],
  ['jira_issue_count', { projects: ['SUP'], statuses: ['Done'] }],
])('nobody asks for, filters or sorts by a hidden field: %s %o', async (tool, given) => {
  const policy = 'rules:\n  - allow: "*"\n    who: role:member\n    mask: [Amount, priority, status]\n'
  const connectors = { jira: { sandbox: true }, salesforce: { sandbox: true, tools: { sf_query_run: true } } }
  await using hub = await testHub({ policy, connectors })
  const refused = await hub.call(tool, given)
  expect(refused).toMatchObject({ status: 'failed', error: { code: 'forbidden' } })
  expect(refused.message).toContain('hidden by policy')
})
