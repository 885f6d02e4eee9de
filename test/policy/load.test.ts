// What is wrong in a policy file is told with its place and what to do, and nothing of the file is in force.
import { mkdtemp, mkdir, rm, writeFile, chmod } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { loadPolicies } from '../../src/policy/load.ts'
import { PolicyError } from '../../src/policy/problem.ts'
import { loadTexts, tools } from './tools.ts'

async function messageOf(text: string | Uint8Array, more: Record<string, string> = {}): Promise<string> {
  const error: unknown = await loadTexts({ 'p.yaml': text, ...more }).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(PolicyError)
  return (error as PolicyError).message
}

const rules = (body: string) => `rules:\n  - allow: jira_issue_transition\n    ${body}\n`

const refused: readonly (readonly [name: string, text: string, says: string])[] = [
  // Empty: no policy is never "allow".
  ['an empty file', '', 'p.yaml:1:1: There is no policy in this file.'],
  ['only comments', '# nothing\n# here\n', 'There is no policy in this file.'],
  ['null', 'null\n', 'p.yaml:1:1: There is no policy in this file.'],
  ['an empty map', '{}\n', 'p.yaml:1:1: There is no policy in this file.'],
  ['an empty list of rules', 'rules: []\n', 'p.yaml:1:8: "rules" is empty.'],
  ['rules that are null', 'rules:\n', 'p.yaml:1:7: "rules" is a list'],
  ['a list at the top', '- allow: x\n', 'p.yaml:1:1: A policy file is a map.'],
  ['a rule that is text', 'rules:\n  - allow\n', 'p.yaml:2:5: '],
  // YAML
  ['a tab', 'rules:\n\t- allow: x\n', 'p.yaml:2:1: A tab is used as indentation. Indent with spaces.'],
  [
    'a key twice',
    'rules:\n  - allow: jira_issue_get\n    who: role:a\n    who: role:b\n',
    'p.yaml:4:5: This key is here twice.',
  ],
  ['a merge key', 'rules:\n  - <<: { allow: jira_issue_get }\n', 'p.yaml:2:5: YAML merge keys are not used here.'],
  ['an anchor', 'rules:\n  - &a\n    allow: jira_issue_get\n', 'YAML anchors are not used here.'],
  ['an alias', 'rules:\n  - allow: &x jira_issue_get\n  - deny: *x\n', 'p.yaml:3:11: YAML aliases are not used here.'],
  [
    'an unquoted star',
    'rules:\n  - preview: *_delete\n',
    'p.yaml:2:14: YAML aliases are not used here. Quote a pattern that begins with a star: "*_delete".',
  ],
  ['a code tag', 'rules: !!js/function "x"\n', 'p.yaml:1:8: '],
  ['a custom tag', 'rules:\n  - allow: !tool jira_issue_get\n', 'p.yaml:2:12: '],
  ['an older YAML', '%YAML 1.1\n---\nrules:\n  - allow: jira_issue_get\n', 'YAML directives are not used here.'],
  [
    'two documents',
    'rules:\n  - allow: jira_issue_get\n---\nrules: []\n',
    'p.yaml:3:1: The file has more than one YAML document.',
  ],
  ['an open quote', 'rules:\n  - allow: "jira\n', 'This is not valid YAML'],
  [
    'a text that shows itself in another order',
    'rules:\n  - allow: jira_issue_get # \u202e x\n',
    'An invisible character (U+202E) is here.',
  ],
  ['nesting without end', `rules: ${'['.repeat(100_000)}`, 'p.yaml:1:'],
  // Keys
  ['a mistyped key', rules('whe: role:support'), 'p.yaml:3:5: There is no "whe" here. Did you mean "who"?'],
  ['a key in capitals', rules('Who: role:support'), 'p.yaml:3:5: There is no "Who" here. Did you mean "who"?'],
  ['a mistyped top key', 'polcy:\n  - allow: x\n', 'p.yaml:1:1: There is no "polcy" here.'],
  ['a key from nowhere', rules('__proto__: { a: 1 }'), 'p.yaml:3:5: There is no "__proto__" here.'],
  ['no effect', 'rules:\n  - who: role:support\n', 'p.yaml:2:5: This rule says nothing.'],
  ['two effects', rules('deny: jira_issue_get'), 'p.yaml:2:5: This rule says allow and deny at once.'],
  // Tools
  ['no tools', 'rules:\n  - allow: []\n', 'p.yaml:2:12: An empty list names no tool.'],
  ['tools that are null', 'rules:\n  - allow:\n', 'p.yaml:2:11: A tool is named in quotes'],
  ['a regular expression for tools', 'rules:\n  - allow: "jira_.+"\n', 'p.yaml:2:12: A tool pattern has small letters'],
  ['a tool in capitals', 'rules:\n  - allow: JIRA_issue_get\n', 'p.yaml:2:12: A tool pattern has small letters'],
  // Who
  ['nobody', rules('who: []'), 'p.yaml:3:10: An empty list names no person or role.'],
  ['who is null', rules('who:'), 'p.yaml:3:9: Write role:NAME or person:ID.'],
  ['a bare name', rules('who: support'), 'p.yaml:3:10: Write role:NAME or person:ID'],
  ['everyone by a star', rules('who: "role:*"'), 'p.yaml:3:10: Write role:NAME or person:ID, without spaces or stars.'],
  ['a number', rules('who: [role:a, 7]'), 'p.yaml:3:19: Write role:NAME or person:ID.'],
  // Where
  ['an empty where', rules('where: {}'), 'p.yaml:3:12: An empty "where" names no kind.'],
  ['no ids', rules('where: { jira.project: [] }'), 'p.yaml:3:28: An empty list names no id.'],
  [
    'an id that is a star',
    rules('where: { jira.project: ["*"] }'),
    'p.yaml:3:29: An id has printable ASCII characters, no spaces and no star.',
  ],
  ['a confusable id', rules('where: { jira.project: ["\u0405UP"] }'), 'p.yaml:3:29: An id has printable ASCII characters'],
  [
    'an id that YAML reads as a number',
    rules('where: { jira.project: [1_0, 12] }'),
    'p.yaml:3:34: An id is text: put it in quotes.',
  ],
  [
    'a kind that the tool has not',
    rules('where: { sf.object: [Account] }'),
    'p.yaml:3:14: The records of jira_issue_transition live in no "sf.object".',
  ],
  [
    'a mistyped kind',
    rules('where: { jira.projct: [OPS] }'),
    'p.yaml:3:14: The records of jira_issue_transition live in no "jira.projct". Did you mean "jira.project"?',
  ],
  [
    'a kind that one of many has not',
    'rules:\n  - deny: "slack_*"\n    where: { slack.channel: [C1] }\n',
    'p.yaml:3:14: The records of slack_user_find live in no "slack.channel".',
  ],
  // The rest of a sentence
  ['an ask without approvers', 'rules:\n  - ask: jira_issue_get\n', 'p.yaml:2:5: An ask must say who approves.'],
  ['approvers elsewhere', rules('approvers: role:lead'), 'p.yaml:3:5: Only an ask has approvers'],
  [
    'an approver that is nobody',
    'rules:\n  - ask: jira_issue_get\n    approvers: []\n',
    'p.yaml:3:16: An empty list names no person or role.',
  ],
  ['a mask on a deny', 'rules:\n  - deny: jira_issue_get\n    mask: [email]\n', 'p.yaml:3:5: A deny shows nothing'],
  ['an empty because', rules('because: ""'), 'p.yaml:3:14: '],
  ['an id of another shape', rules('id: 7'), 'p.yaml:3:9: '],
  [
    'an id twice',
    'rules:\n  - { id: a, allow: jira_issue_get }\n  - { id: a, deny: jira_issue_get }\n',
    'p.yaml:3:11: Another rule of this file has the id "a".',
  ],
  ['an unknown condition', rules('use: busines-hours'), 'p.yaml:3:10: There is no condition "busines-hours".'],
  // Expressions
  ['an expression that is no text', rules('when: true'), 'p.yaml:3:11: An expression is text: put it in quotes.'],
  ['an empty expression', rules('when: ""'), 'p.yaml:3:11: The expression is empty.'],
  ['a broken expression', rules('when: args.to =='), 'In "when": The expression does not parse'],
  [
    'a name that is not there',
    rules('when: arg.to == "Done"'),
    'p.yaml:3:11: In "when": There is no "arg" here. Did you mean "args"?',
  ],
  ['a name of a library', rules('when: cel.bind(x, args.to, x == "a")'), 'p.yaml:3:11: In "when": There is no "cel" here.'],
  [
    'a field that is not there',
    rules('when: plan.audience.externl'),
    'p.yaml:3:25: In "when": There is no field "externl" here. Did you mean "external"?',
  ],
  [
    'a field in unless',
    rules('unless: principal.role == "x"'),
    'In "unless": There is no field "role" here. Did you mean "roles"?',
  ],
  [
    'a function that is not there',
    rules('when: args.to.startWith("D")'),
    'There is no function startWith() here. Did you mean "startsWith"?',
  ],
  [
    'types that do not fit',
    rules('when: principal.id > 5'),
    'p.yaml:3:11: In "when": The expression does not fit together: no such overload: string > int.',
  ],
  [
    'no truth value',
    rules('when: size(principal.roles)'),
    'p.yaml:3:11: In "when": The expression gives a value of the type int, not true or false.',
  ],
  [
    'a regular expression',
    rules('when: args.to.matches("(a+)+$")'),
    'p.yaml:3:11: In "when": matches() is not offered, because a pattern can take seconds. Use glob(text, "pattern*").',
  ],
  [
    'a pattern from the caller',
    rules('when: glob(args.to, args.key)'),
    'p.yaml:3:25: In "when": The pattern of glob() must be written in the rule, in quotes.',
  ],
  [
    'a loop in a loop',
    rules('when: plan.effects.exists(e, plan.effects.exists(f, f.target == e.target))'),
    'exists() inside another loop over a list is not allowed.',
  ],
  [
    'a loop variable that hides a name',
    rules('when: plan.effects.exists(args, args.verb == "x")'),
    'p.yaml:3:31: In "when": "args" is already a name.',
  ],
  ['a huge expression', rules(`when: ${'args.to == "a" || '.repeat(109)}false`), 'The expression is too large'],
  ['a deep expression', rules(`when: ${'('.repeat(300)}true${')'.repeat(300)}`), 'The expression is too large'],
  [
    'a division by what the caller sent',
    rules('when: 1.0 / args.amount > 0.5'),
    'p.yaml:3:17: In "when": Only a number written in the rule, and not 0, can be divided by.',
  ],
  ['a word that is never there', rules('when: tool.class == "W9"'), 'p.yaml:3:25: In "when": tool.class is never "W9".'],
  [
    'an argument that no tool takes',
    rules('when: args.tto == "Done"'),
    'p.yaml:3:11: In "when": No tool of this rule takes the argument "tto". Did you mean "to"?',
  ],
  ['an argument asked for by name', rules(`when: '"tto" in args'`), 'No tool of this rule takes the argument "tto".'],
  [
    'an argument that some tools do not take',
    'rules:\n  - deny: "jira_*"\n    when: args.to == "Done"\n',
    'p.yaml:3:11: In "when": jira_issue_get, which this rule matches, has no argument "to". Name fewer tools, or write has(args.to) && … before it.',
  ],
  [
    'an effect field that no tool changes',
    rules('when: plan.effects.exists(e, has(e.after.stats) && e.after.stats == "Done")'),
    'p.yaml:3:38: In "when": No tool of this rule changes the field "stats". Did you mean "status"?',
  ],
  [
    'an effect field without has()',
    rules('when: plan.effects.exists(e, e.after.status == "Done")'),
    'p.yaml:3:34: In "when": e.after.status may be absent, and would break the rule. Write has(e.after.status) && … before it.',
  ],
  [
    'an effect field by index, without has()',
    rules(`when: plan.effects.exists(e, e.before["status"] == "Done")`),
    'e.before.status may be absent',
  ],
  [
    'an effect field guarded in another place',
    rules('when: plan.effects.exists(e, has(e.before.status) && e.after.status == "Done")'),
    'e.after.status may be absent',
  ],
  [
    'a computed effect field',
    rules('when: plan.effects.exists(e, e.after[args.to] == "Done")'),
    'A field of an effect must be named in the rule.',
  ],
  [
    'all effect fields at once',
    rules('when: plan.effects.map(e, e.after).exists(a, a.x == 1)'),
    '"after" of an effect cannot be used as a whole.',
  ],
  [
    'a resource that no tool has',
    rules('when: \'"X" in resources["sf.object"]\''),
    'p.yaml:3:19: In "when": No tool of this rule lives in the kind "sf.object".',
  ],
  // Limits
  [
    'a limit without a unit',
    'limits:\n  - { tools: jira_issue_get, per: tool, at_most: 20 }\n',
    'p.yaml:2:50: Write a rate: "20 per hour".',
  ],
  [
    'a limit of nothing',
    'limits:\n  - { tools: jira_issue_get, per: tool, at_most: 0 per hour }\n',
    'p.yaml:2:50: Write a rate such as "20 per hour"',
  ],
  [
    'a negative limit',
    'limits:\n  - { tools: jira_issue_get, per: tool, at_most: -5 per hour }\n',
    'Write a rate such as "20 per hour"',
  ],
  [
    'a huge limit',
    'limits:\n  - { tools: jira_issue_get, per: tool, at_most: 10001 per day }\n',
    'p.yaml:2:50: The most that a limit can allow is 10000.',
  ],
  [
    'a limit per week',
    'limits:\n  - { tools: jira_issue_get, per: tool, at_most: 5 per week }\n',
    'Write a rate such as "20 per hour"',
  ],
  [
    'a limit per team',
    'limits:\n  - { tools: jira_issue_get, per: team, at_most: 5 per day }\n',
    'A limit is per: principal or per: tool.',
  ],
  [
    'a budget',
    'limits:\n  - { tools: jira_issue_get, per: tool, at_most: 5 per day, budget: 100 USD }\n',
    'p.yaml:2:61: Limits of the kind "budget" are not supported yet.',
  ],
  [
    'concurrency',
    'limits:\n  - { tools: jira_issue_get, per: tool, concurrent: 5 }\n',
    'Limits of the kind "concurrent" are not supported yet.',
  ],
  ['scenarios among the policies', 'scenarios:\n  - name: x\n', 'This file holds scenarios, not rules.'],
]

describe('a policy file is refused, with the place and the reason, for', () => {
  test.each(refused)('%s', async (_name, text, says) => {
    expect(await messageOf(text)).toContain(says)
  })

  test('more than 1 MiB', async () => {
    expect(await messageOf(`# ${'x'.repeat(1024 * 1024)}\n`)).toContain('p.yaml:1:1: The file is larger than 1 MiB.')
  })

  test('bytes that are not UTF-8', async () => {
    expect(await messageOf(new Uint8Array([0x72, 0xff, 0xfe]))).toContain('p.yaml:1:1: The file is not valid UTF-8.')
  })

  test('a path that is missing, a folder or a pipe', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'policy-'))
    await mkdir(join(folder, 'folder.yaml'))
    execFileSync('mkfifo', [join(folder, 'pipe.yaml')])
    const files = ['missing.yaml', 'folder.yaml', 'pipe.yaml'].map((name) => join(folder, name))
    const shown = (path: string) => path.slice(folder.length + 1)
    const error: unknown = await loadPolicies({ files, shown, tools }).catch((thrown: unknown) => thrown)
    await rm(folder, { recursive: true })
    expect((error as Error).message.split('\n')).toEqual([
      'folder.yaml:1:1: This is not a regular file.',
      'missing.yaml:1:1: The file does not exist. Correct the path in "policies".',
      'pipe.yaml:1:1: This is not a regular file.',
    ])
  })

  test('the same file named twice', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'policy-'))
    const path = join(folder, 'p.yaml')
    await writeFile(path, 'rules:\n  - allow: jira_issue_get\n')
    const error: unknown = await loadPolicies({ files: [path, path], shown: () => 'p.yaml', tools }).catch(
      (thrown: unknown) => thrown,
    )
    await rm(folder, { recursive: true })
    expect((error as Error).message).toContain('This file is named twice')
  })
})

test('every error of every file is told at once, in the order of their places', async () => {
  const message = await messageOf(
    'rules:\n  - allwo: x\n  - deny: jira_issue_get\n    who: []\n    when: foo\n  - deny: jira_issue_get\n    when: plan.x\n',
    {
      'q.yaml': 'rules:\n  - ask: jira_issue_get\n',
    },
  )
  const places = message.split('\n').map((line) => line.split(': ', 1)[0])
  expect(places).toEqual(['p.yaml:2:5', 'p.yaml:4:10', 'p.yaml:7:16', 'q.yaml:2:5'])
})

test('the place inside an expression of several lines is the line of the mistake', async () => {
  const literal = 'rules:\n  - allow: jira_issue_transition\n    when: |\n      args.to == "Done" &&\n      foo == 1\n'
  expect(await messageOf(literal)).toContain('p.yaml:5:7: In "when": There is no "foo" here.')
  const folded =
    'rules:\n  - allow: jira_issue_transition\n    when: >-\n      args.to == "Done"\n      && principal.rols == []\n'
  expect(await messageOf(folded)).toContain('p.yaml:5:20: In "when": There is no field "rols" here.')
  const quoted = "rules:\n  - allow: jira_issue_transition\n    when: 'args.to == \"it''s\" && foo'\n"
  expect(await messageOf(quoted)).toContain('p.yaml:3:34: In "when": There is no "foo" here.')
})

test('YAML that other readers bend stays what is written', async () => {
  const { policy } = await loadTexts({
    'p.yaml':
      'rules:\n  - allow: jira_issue_get\n    who: [role:no, person:on]\n    where: { jira.project: [no, 1_000, 2026-01-01] }\n',
  })
  const facts = { tenant: 'main', id: 'x', roles: ['no'] }
  expect(policy.within(facts, tools[0]!.facts, 'jira.project')).toEqual(['no', '1_000', '2026-01-01'])
})

describe('a warning, not an error, for', () => {
  const warned = async (text: string, options = {}) =>
    (await loadTexts({ 'p.yaml': text }, options)).warnings.map(
      ({ line, sentence, hint }) => `${line}: ${sentence}${hint ? ` ${hint}` : ''}`,
    )

  test('a pattern that fits no tool, which may be switched off', async () => {
    expect(await warned('rules:\n  - allow: [jira_issue_get, jira_isue_get]\n')).toEqual([
      '2: No configured tool is called "jira_isue_get". Did you mean "jira_issue_get"?',
    ])
  })

  test('a role that nobody in the configuration has', async () => {
    const people = { ids: ['maya'], roles: ['support'] }
    expect(await warned('rules:\n  - allow: jira_issue_get\n    who: [role:suport, person:maya]\n', { people })).toEqual([
      '3: Nobody in the configuration has the role "suport". Did you mean "support"?',
    ])
  })

  test('a slip in a role, and not one that an authorization server may bring', async () => {
    const people = { ids: ['maya'], roles: ['support'], others: { ids: true, roles: true } }
    expect(
      await warned('rules:\n  - allow: jira_issue_get\n    who: [role:suport, role:finance, person:u-4711]\n', { people }),
    ).toEqual(['3: Nobody in the configuration has the role "suport". Did you mean "support"?'])
  })

  test('a sentence that is denied to everyone anyway', async () => {
    expect(await warned('rules:\n  - allow: jira_issue_get\n  - deny: "jira_*"\n')).toEqual([
      '2: This allow never decides: p.yaml:3 denies the same to everyone.',
    ])
  })

  test('a strict sentence that does not speak for some of its tools', async () => {
    const text =
      'rules:\n  - deny: [jira_issue_transition, jira_issue_assign]\n    when: plan.effects.exists(e, has(e.after.status) && e.after.status == "Done")\n'
    expect((await warned(text))[0]).toContain('does not speak for jira_issue_assign')
  })
})

test('a file that every user may change is refused', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'policy-'))
  const path = join(folder, 'p.yaml')
  await writeFile(path, 'rules:\n  - allow: jira_issue_get\n')
  await chmod(path, 0o666)
  await expect(loadPolicies({ files: [path], shown: () => 'p.yaml', tools })).rejects.toThrow('chmod o-w')
  await rm(folder, { recursive: true })
})

test('no files at all deny everything', async () => {
  const { policy } = await loadPolicies({ files: [], shown: String, tools })
  expect(
    policy.refuses({ principal: { tenant: 'main', id: 'x', roles: [] }, tool: tools[0]!.facts, now: new Date() })?.rule,
  ).toBe('silence')
})

test('the version changes with any source and with nothing else', async () => {
  const version = async (text: string) => (await loadTexts({ 'p.yaml': text })).policy.version
  const text = 'rules:\n  - allow: jira_issue_get\n'
  expect(await version(text)).toBe(await version(text))
  expect(await version(text)).not.toBe(await version(`${text}# x\n`))
})
