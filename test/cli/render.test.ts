// An answer on a terminal: everything that a person needs to judge it, and nothing that the terminal would obey.
import { expect, test } from 'vitest'
import type { Answer } from '../../src/call/call.ts'
import { oneLine, visible } from '../../src/cli/escape.ts'
import { exitCodeOf } from '../../src/cli/exit.ts'
import { renderAnswer, renderDecision } from '../../src/cli/render.ts'
import { table } from '../../src/cli/command.ts'

const held: Answer = {
  status: 'held',
  message: 'OPS-42 would be closed; somebody must approve it.',
  operation_id: 'op_1',
  plan: {
    summary: 'Move OPS-42 from In Progress to Done',
    effects: [
      {
        verb: 'update',
        target: 'jira:issue/OPS-42',
        before: { status: 'In Progress' },
        after: { status: 'Done', resolution: 'Fixed' },
      },
    ],
    audience: { external: false, people: 3, massMention: false, where: 'watchers of OPS-42' },
    fidelity: 'checked',
    undo: 'exact',
    warnings: ['2 sub-tasks are still open.'],
  },
  decision: { rule: 'policies/support.yaml#close', because: 'A lead closes issues.', instead: 'Comment on it.' },
  approval: {
    approvers: ['role:support-lead'],
    expires_at: '2026-01-01T00:00:00.000Z',
    how: 'call again with the same arguments to get the result',
    link: 'http://127.0.0.1:4100/admin/approvals/op_1',
  },
  notes: ['This was a repeat.'],
}

test('a held call shows status, plan, audience, warnings, rule and how to approve', () => {
  expect(renderAnswer(held)).toBe(`Held: nothing was sent yet
  OPS-42 would be closed; somebody must approve it.

Plan: Move OPS-42 from In Progress to Done
  update jira:issue/OPS-42
    status      "In Progress" → "Done"
    resolution  (nothing) → "Fixed"
  Who is told: watchers of OPS-42 (3 people)
  Certainty: the vendor confirmed fields and permissions; undo: exact
  Warning: 2 sub-tasks are still open.

Rule:             policies/support.yaml#close
Because:          A lead closes issues.
Instead:          Comment on it.
Approvers:        role:support-lead
Until:            2026-01-01T00:00:00.000Z
Decided at:       http://127.0.0.1:4100/admin/approvals/op_1
Operation:        op_1

Note: This was a repeat.`)
})

test('every rule that was asked is shown with what it said', () => {
  const rule = { effect: 'allow', because: undefined, why: undefined, at: 'policies/a.yaml:3' } as const
  const text = renderDecision({
    effect: 'deny',
    rule: 'a#3',
    because: undefined,
    instead: undefined,
    approvers: [],
    masks: ['salary'],
    rules: [
      { ...rule, rule: 'a#1', outcome: 'spoke', because: 'Members read.' },
      { ...rule, rule: 'a#2', outcome: 'silent', because: 'Not said.', why: 'It speaks of OPS only.' },
      { ...rule, rule: 'a#3', effect: 'ask', outcome: 'broke', why: 'No such key: amount.' },
    ],
  })
  expect(text).toBe(`Decision: deny, by a#3
  ALLOW  a#1  at policies/a.yaml:3
      because Members read.
  silent (allow)  a#2  at policies/a.yaml:3
      It speaks of OPS only.
→ BROKE, which denies  a#3  at policies/a.yaml:3
      No such key: amount.
  Hidden fields: salary`)
})

const hostile = [
  '\u001B[2J\u001B[1;1HDone',
  'a\u202Egnp.exe',
  'x\u0007',
  '\u009B31m',
  'zero\u200Bwidth',
  'tag\u{E0041}',
  'line\u2028break',
  'one\ntwo',
  '\uFEFFbom',
  '\r\u001B[Kdone',
]

// AUD-11
test.each(hostile)('%j does nothing to a terminal, wherever it stands', (text) => {
  const everywhere: Answer = {
    ...held,
    message: text,
    plan: {
      ...(held.plan as NonNullable<Answer['plan']>),
      summary: text,
      warnings: [text],
      effects: [{ verb: 'update', target: text, before: { [text]: text }, after: { [text]: text } }],
    },
    result: { [text]: text },
    decision: { rule: text, because: text, instead: text },
    masked: [text],
    notes: [text],
  }
  const rendered = renderAnswer(everywhere)
  expect(
    Array.from(rendered).filter((character) => character !== '\n' && /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(character)),
  ).toEqual([])
  // Only a message may have lines of its own, and they are indented: none of it can pose as a heading.
  expect(rendered.split('\n').filter((line) => line.startsWith('two'))).toEqual([])
  expect(table(['a', 'b'], [[text, 'x']]).split('\n')).toHaveLength(2)
})

test('ordinary text stays as it is, in every script', () => {
  for (const text of ['Inês Duarte', 'Göteborg', '日本語', 'שלום', '👩‍🚒', "O'Brien"]) expect(oneLine(text)).toBe(text)
  expect(visible('a\n\tb')).toBe('a\n\tb')
})

test('each status has its exit code', () => {
  expect((['done', 'previewed', 'denied', 'held', 'failed', 'unknown'] as const).map(exitCodeOf)).toEqual([0, 0, 2, 3, 4, 5])
})
