// Scenario files: what is wrong in them, and what is told when a policy does something else.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findScenarioFiles, loadScenarios, runScenarios } from '../../src/policy/scenario.ts'
import type { ScenarioAnswer } from '../../src/policy/scenario.ts'

async function load(text: string) {
  const folder = await mkdtemp(join(tmpdir(), 'scenario-'))
  try {
    for (const name of ['p.yaml', 'p.test.yaml']) await writeFile(join(folder, name), text)
    const files = await findScenarioFiles([join(folder, 'p.yaml')])
    return await loadScenarios({ files, shown: (path) => path.slice(folder.length + 1), tools: ['jira_issue_get'] })
  } finally {
    await rm(folder, { recursive: true })
  }
}

const one = (more: string) => `scenarios:\n  - name: a\n    tool: jira_issue_get\n    expect: done\n    ${more}\n`

describe('a scenario file is refused, with the place, for', () => {
  test.each([
    ['emptiness', '', 'p.test.yaml:1:1: There are no scenarios in this file.'],
    ['an empty list', 'scenarios: []\n', 'p.test.yaml:1:12: "scenarios" is empty.'],
    ['nobody calling', one('dry_run: true'), 'p.test.yaml:2:5: A scenario says who calls.'],
    ['two callers', one('roles: []\n    who: { id: maya }'), 'p.test.yaml:2:5: A scenario says who calls.'],
    [
      'a mistyped key',
      one('roles: []\n    becuase: x'),
      'p.test.yaml:6:5: There is no "becuase" here. Did you mean "because"?',
    ],
    ['a dry run in words', one('roles: []\n    dry_run: "true"'), 'p.test.yaml:6:14: dry_run is true or false.'],
    [
      'a time without a zone',
      one('roles: []\n    at: "2026-03-02T09:00:00"'),
      'p.test.yaml:6:9: Write a time with its zone',
    ],
    ['a role with its prefix', one('roles: ["role:support"]'), 'p.test.yaml:5:13: A role is a name, without "role:".'],
    [
      'a tool that is not there',
      one('roles: []').replace('issue_get', 'isue_get'),
      'p.test.yaml:3:11: There is no tool "jira_isue_get". Did you mean "jira_issue_get"?',
    ],
    [
      'an outcome that is not one',
      one('roles: []').replace('done', 'allowed'),
      'p.test.yaml:4:13: Expect done, previewed, held, denied or failed.',
    ],
  ])('%s', async (_name, text, says) => {
    await expect(load(text)).rejects.toThrow(says)
  })
})

test('a scenario comes out as it was written', async () => {
  const [scenario] = await load(
    one(
      'who: { id: maya, roles: [support] }\n    arguments: { key: OPS-1 }\n    at: "2026-03-02T09:00:00+01:00"\n    dry_run: true',
    ),
  )
  expect(scenario).toMatchObject({
    name: 'a',
    at: 'p.test.yaml:2',
    who: { id: 'maya', roles: ['support'] },
    arguments: { key: 'OPS-1' },
    dryRun: true,
    time: new Date('2026-03-02T08:00:00Z'),
  })
})

describe('a scenario', () => {
  const run = async (more: string, answer: ScenarioAnswer | Error) => {
    const results = await runScenarios(await load(one(`roles: []\n    ${more}`)), () =>
      answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer),
    )
    return results.map(({ passed, reasons }) => [passed, ...reasons])[0]
  }

  test('passes when all that it expects is so', async () => {
    const answer = {
      status: 'done',
      rule: 'p.yaml#closing',
      because: 'A lead closes.',
      approvers: ['role:b', 'role:a'],
      masked: ['x'],
    }
    expect(
      await run('by: closing\n    because: lead\n    approvers: ["role:a", "role:b"]\n    masked: [x]', answer),
    ).toEqual([true])
    expect(await run('by: p.yaml#closing', answer)).toEqual([true])
  })

  test.each([
    [
      'dry_run: false',
      { status: 'denied', rule: 'silence', because: 'No rule.' },
      'It was to be done, and was denied by silence: No rule.',
    ],
    [
      'by: closing',
      { status: 'done', rule: 'p.yaml#not-closing' },
      'The rule closing was to decide, and p.yaml#not-closing did.',
    ],
    ['because: lead', { status: 'done' }, 'The reason was to have "lead", and was missing.'],
    [
      'approvers: ["role:a"]',
      { status: 'done', approvers: ['role:b'] },
      'The approvers were to be role:a, and were role:b.',
    ],
    ['masked: []', { status: 'done', masked: ['email'] }, 'The masked fields were to be none, and were email.'],
    ['dry_run: false', new Error('no store'), 'The call broke: no store'],
  ])('that expects %s fails with a sentence', async (more, answer, says) => {
    expect(await run(more, answer)).toEqual([false, says])
  })
})
