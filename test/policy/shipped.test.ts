// The shipped policies and conditions, against the tools that the connectors really have.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { renderDecision } from '../../src/cli/render.ts'
import type { Facts, PlanFacts } from '../../src/kit/policy.ts'
import { loadPolicies } from '../../src/policy/load.ts'
import { findScenarioFiles, loadScenarios } from '../../src/policy/scenario.ts'
import { shippedTools as tools } from './shipped-tools.ts'
import { planOf, policyOf } from './tools.ts'
import { businessHours } from '../../policies/business-hours.ts'
import { separationOfDuties } from '../../policies/separation-of-duties.ts'

const root = resolve(import.meta.dirname, '../..')
const files = ['baseline', 'support', 'sales'].map((name) => join(root, 'policies', `${name}.yaml`))
const shown = (path: string) => path.slice(root.length + 1)
const { policy, warnings } = await loadPolicies({ files, shown, tools })

function call(
  name: string,
  part: { roles?: string[]; resources?: object; plan?: Partial<PlanFacts>; after?: object; before?: object } = {},
) {
  const tool = tools.find(({ facts }) => facts.name === name)?.facts
  if (!tool) throw new Error(`No tool ${name}.`)
  const resources = (part.resources ?? {}) as NonNullable<Facts['resources']>
  const effect = { verb: tool.verb ?? 'run', target: 't', resources, before: part.before ?? {}, after: part.after ?? {} }
  const plan = planOf({ effects: tool.write ? [effect as PlanFacts['effects'][number]] : [], ...part.plan })
  const principal = { tenant: 'main', id: 'local-user', roles: part.roles ?? ['member', 'support', 'sales'] }
  return policy.decide({ principal, tool, args: {}, now: new Date('2026-03-04T10:00:00Z'), plan, resources })
}

const sup = { 'jira.project': 'SUP' }
const opportunity = { 'sf.object': 'Opportunity' }
const outside = { audience: { external: true, people: 4, massMention: false, where: '#partner' } }
const everyone = { audience: { external: false, people: 90, massMention: true, where: '#support' } }

describe('the shipped policies', () => {
  test('load on the shipped connectors without a warning', () => {
    expect(warnings).toEqual([])
  })

  test.each([
    ['a Jira comment', 'jira_comment_add', { resources: sup, after: { body: 'x' } }, 'allow', 'work-on-tickets'],
    ['a comment in finance', 'jira_comment_add', { resources: { 'jira.project': 'FIN' } }, 'deny', 'silence'],
    [
      'a move to In Progress',
      'jira_issue_transition',
      { resources: sup, after: { status: 'In Progress' } },
      'allow',
      'work-on-tickets',
    ],
    ['a move to Done', 'jira_issue_transition', { resources: sup, after: { status: 'Done' } }, 'ask', 'close-tickets'],
    [
      'a move to Done in finance',
      'jira_issue_transition',
      { resources: { 'jira.project': 'FIN' }, after: { status: 'Done' } },
      'deny',
      'silence',
    ],
    ['a deletion', 'jira_issue_delete', { resources: sup }, 'preview', 'show-deletions'],
    ['a deletion in Slack', 'slack_message_delete', {}, 'preview', 'show-deletions'],
    ['an external post', 'slack_message_send', { plan: outside }, 'deny', 'stay-inside'],
    ['an external deletion', 'slack_message_delete', { plan: outside }, 'deny', 'stay-inside'],
    ['a post', 'slack_message_send', {}, 'allow', 'talk'],
    ['a mass mention', 'slack_message_send', { plan: everyone }, 'ask', 'call-everyone'],
    [
      'a new amount within a fifth',
      'sf_record_update',
      { resources: opportunity, before: { Amount: 100 }, after: { Amount: 120 } },
      'allow',
      'update-opportunities',
    ],
    [
      'a new amount beyond',
      'sf_record_update',
      { resources: opportunity, before: { Amount: 100 }, after: { Amount: 120.5 } },
      'ask',
      'move-amounts',
    ],
    [
      'a new amount below',
      'sf_record_update',
      { resources: opportunity, before: { Amount: 100 }, after: { Amount: 79 } },
      'ask',
      'move-amounts',
    ],
    [
      'a first amount',
      'sf_record_update',
      { resources: opportunity, before: {}, after: { Amount: 1 } },
      'ask',
      'move-amounts',
    ],
    [
      'an amount taken away',
      'sf_record_update',
      { resources: opportunity, before: { Amount: 1 }, after: { Amount: null } },
      'ask',
      'move-amounts',
    ],
    [
      'a deal that is won',
      'sf_record_update',
      { resources: opportunity, after: { StageName: 'Closed Won' } },
      'ask',
      'close-deals',
    ],
    ['an account', 'sf_record_update', { resources: { 'sf.object': 'Account' } }, 'deny', 'silence'],
    ['a task', 'sf_task_create', { resources: { 'sf.object': ['Task', 'Account'] } }, 'allow', 'plan-tasks'],
    ['a read by a stranger', 'jira_issue_get', { roles: [], resources: sup }, 'deny', 'silence'],
  ] as const)('decide on %s', (_name, tool, part, effect, rule) => {
    const decision = call(tool, part as never)
    expect([decision.effect, decision.rule.split('#').at(-1)]).toEqual([effect, rule])
  })

  test('let a member read with every tool that reads nothing private, and open no write', () => {
    // To take back is decided by the call that does it.
    for (const { facts } of tools.filter(({ facts: { name } }) => name !== 'operation_undo')) {
      const { effect } = call(facts.name, {
        roles: ['member'],
        resources: { 'jira.project': 'FIN', 'sf.object': 'Account', 'slack.channel': 'C1' },
      })
      expect([facts.name, effect]).toEqual([
        facts.name,
        facts.write ? (facts.name.endsWith('_delete') ? 'preview' : 'deny') : facts.class === 'RP' ? 'deny' : 'allow',
      ])
    }
  })

  test('refuse a stranger before anything is fetched, with every tool', () => {
    const principal = { tenant: 'main', id: 'x', roles: ['stranger'] }
    for (const { facts } of tools) expect(policy.refuses({ principal, tool: facts, now: new Date() })?.effect).toBe('deny')
  })

  test('have scenarios that parse, name tools that exist and rules that are there', async () => {
    const names = tools.map(({ facts }) => facts.name)
    const scenarios = await loadScenarios({ files: await findScenarioFiles(files), shown, tools: names })
    expect(scenarios.length).toBeGreaterThan(20)
    const known = new Set(tools.flatMap(({ facts }) => call(facts.name).rules.map(({ rule }) => rule.split('#').at(-1))))
    const unknown = scenarios.filter(({ by = 'silence' }) => by !== 'silence' && !known.has(by))
    expect(unknown).toEqual([])
  })

  test('explain themselves', () => {
    const held = call('jira_issue_transition', { resources: sup, after: { status: 'Done' } })
    expect(renderDecision(held).split('\n')).toEqual([
      'Decision: ask, by policies/support.yaml#close-tickets',
      '  silent (allow)  policies/baseline.yaml#members-read  at policies/baseline.yaml:3',
      '      Its "when" does not hold: !tool.write && tool.class != "RP"',
      '  silent (deny)  policies/baseline.yaml#stay-inside  at policies/baseline.yaml:19',
      '      Its "when" does not hold: tool.write && plan.audience.external',
      '  ALLOW  policies/support.yaml#work-on-tickets  at policies/support.yaml:13',
      '→ ASK  policies/support.yaml#close-tickets  at policies/support.yaml:18',
      '      because A lead closes tickets.',
    ])
    expect(renderDecision(call('jira_issue_get', { roles: [] })).split('\n')).toEqual([
      'Decision: deny, by silence',
      '  silent (deny)  policies/baseline.yaml#stay-inside  at policies/baseline.yaml:19',
      '      Its "when" does not hold: tool.write && plan.audience.external',
    ])
  })
})

describe('business-hours', () => {
  const params = businessHours.params.parse({ zone: 'Europe/Berlin', from: '09:00', to: '17:00' }) as never
  const at = (time: string) => businessHours.test({ now: new Date(time) } as Facts, params)

  test.each([
    ['2026-03-04T08:00:00Z', true], // Wednesday, 09:00 in Berlin
    ['2026-03-04T07:59:59Z', false],
    ['2026-03-04T15:59:59Z', true],
    ['2026-03-04T16:00:00Z', false],
    ['2026-07-01T07:00:00Z', true], // summer time
    ['2026-07-01T15:00:00Z', false],
    ['2026-03-07T10:00:00Z', false], // Saturday
    ['2026-03-01T23:30:00Z', false], // Monday, 00:30 in Berlin
  ])('at %s is %s', (time, is) => {
    expect(at(time)).toBe(is)
  })

  test.each([
    [{ zone: 'Europe/Berln', from: '09:00', to: '17:00' }],
    [{ zone: '+02:00', from: '09:00', to: '17:00' }],
    [{ zone: 'Europe/Berlin', from: '9', to: '17:00' }],
    [{ zone: 'Europe/Berlin', from: '17:00', to: '09:00' }],
    [{ zone: 'Europe/Berlin', from: '09:00', to: '17:00', days: [] }],
    [{ zone: 'Europe/Berlin', from: '09:00', to: '17:00', day: ['monday'] }],
  ])('refuses %j at load', async (wrong) => {
    const use = JSON.stringify({ 'business-hours': wrong })
    await expect(
      policyOf(`rules:\n  - allow: jira_issue_get\n    use: ${use}\n`, { conditions: [businessHours] }),
    ).rejects.toThrow('Condition "business-hours"')
  })
})

describe('separation-of-duties', () => {
  const decide = async (
    before: object,
    use = 'separation-of-duties: { fields: [assignee], also_known_as: { maya: acc-1 } }',
  ) => {
    const loaded = await policyOf(`rules:\n  - allow: jira_issue_transition\n    use: { ${use} }\n`, {
      conditions: [separationOfDuties],
    })
    const effect = { verb: 'update', target: 't', resources: {}, before, after: {} }
    const tool = {
      name: 'jira_issue_transition',
      class: 'W2',
      write: true,
      connector: 'jira',
      instance: 'jira',
      verb: 'update',
    } as const
    const principal = { tenant: 'main', id: 'maya', roles: [] }
    return loaded.decide({ principal, tool, args: {}, now: new Date(), plan: planOf({ effects: [effect as never] }) })
  }

  test('holds for someone else and not for the person, under any of their names', async () => {
    expect((await decide({ assignee: 'jonas' })).effect).toBe('allow')
    expect((await decide({ assignee: 'maya' })).effect).toBe('deny')
    expect((await decide({ assignee: 'MAYA' })).effect).toBe('deny')
    expect((await decide({ assignee: 'acc-1' })).effect).toBe('deny')
    expect((await decide({ assignee: ['jonas', 'maya'] })).effect).toBe('deny')
  })

  test.each([[{}], [{ assignee: null }], [{ assignee: 7 }], [{ assignee: [] }]])(
    'breaks, which denies, when the record says %j',
    async (before) => {
      const decision = await decide(before)
      expect(decision.rules[0]?.outcome).toBe('broke')
      expect(decision.effect).toBe('deny')
    },
  )
})

describe('condition files beside the policies', () => {
  const load = async (texts: Record<string, string>) => {
    const folder = await mkdtemp(join(root, 'test/policy/tmp-'))
    try {
      for (const [name, text] of Object.entries(texts)) await writeFile(join(folder, name), text)
      return await loadPolicies({ files: [join(folder, 'p.yaml')], shown: (path) => path.slice(folder.length + 1), tools })
    } finally {
      await rm(folder, { recursive: true })
    }
  }
  const yaml = 'rules:\n  - allow: jira_issue_get\n    use: always\n'
  const condition = (name: string) =>
    `import { condition } from 'toolgate/kit'\nimport { z } from 'zod'\nexport const c = condition({ name: '${name}', description: 'x', params: z.object({}), test: () => true })\n`

  test('are found and named', async () => {
    const loaded = await load({ 'p.yaml': yaml, 'always.ts': condition('always') })
    const other = await load({ 'p.yaml': yaml, 'always.ts': `${condition('always')}// edited\n` })
    expect(other.policy.version).not.toBe(loaded.policy.version)
  })

  test.each([
    ['does not load', 'export const x = nowhere\n', 'bad.ts:1:1: The file does not load: nowhere is not defined.'],
    ['exports none', 'export const x = 1\n', 'bad.ts:1:1: The file exports no condition.'],
    ['takes a name that is taken', condition('always'), 'bad.ts:1:1: Another condition is called "always" already.'],
  ])('a file that %s is a problem with its path', async (_name, text, says) => {
    await expect(load({ 'p.yaml': yaml, 'always.ts': condition('always'), 'bad.ts': text })).rejects.toThrow(says)
  })
})

test('a policy folder elsewhere needs no condition files', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'policy-'))
  await writeFile(join(folder, 'p.yaml'), 'rules:\n  - allow: jira_issue_get\n')
  const loaded = await loadPolicies({ files: [join(folder, 'p.yaml')], shown: String, tools })
  await rm(folder, { recursive: true })
  expect(loaded.warnings).toEqual([])
})
