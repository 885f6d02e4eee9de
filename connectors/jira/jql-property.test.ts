// Thousands of generated queries through the tool itself: nothing out of scope comes back, and what comes is what was asked.
/* oxlint-disable no-console, unicorn/no-useless-spread -- the counts are to be seen; long lists stand in groups */
import { JastBuilder } from '@atlaskit/jql-ast'
import type { Clause } from '@atlaskit/jql-ast'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AnyReadTool } from '../../src/kit/tool.ts'
import { jira } from './connector.ts'
import { story } from './sandbox/story.ts'
import type { Told } from './sandbox/story.ts'
import { accountIdOf } from './sandbox/world.ts'
import { hostile } from './test/hostile-jql.ts'
import { openSite } from './test/site.ts'

const now = new Date('2026-11-18T09:30:15Z')
const counts = { wishes: 7_000, grammar: 13_000, mutations: 4_000 }
const search = jira.tools.find(({ name }) => name === 'issue_search') as AnyReadTool
const { vendor, bodies } = await openSite({ now: () => now })

/** A condition as JQL, and the same condition on the story that the site was seeded with, without any JQL. */
interface Wish {
  readonly jql: string
  readonly holds: (told: Told) => boolean
  /** The condition after NOT: Jira turns the operator round, so that what has no value still is not found. */
  readonly fails: (told: Told) => boolean
}

const same = (left: string | undefined, right: string) => left?.toLowerCase() === right.toLowerCase()
const anyCase = fc
  .func(fc.boolean())
  .map(
    (up) => (word: string) =>
      Array.from(word, (each, at) => (up(each, at) ? each.toUpperCase() : each.toLowerCase())).join(''),
  )

/** A value as it may be written: bare where that can be, or in either kind of quotes. */
function written(value: string): fc.Arbitrary<string> {
  const double = `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
  const single = `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
  return /^[A-Za-z][A-Za-z0-9]*$/.test(value) && !reserved.has(value.toLowerCase())
    ? fc.constantFrom(value, double, single)
    : fc.constantFrom(double, single)
}
const reserved = new Set(['empty', 'null', 'and', 'or', 'not', 'in', 'is', 'order', 'by'])

function equality(names: readonly string[], values: readonly string[], read: (told: Told) => readonly string[]) {
  const one = fc.constantFrom(...values)
  const list = fc.uniqueArray(one, { minLength: 1, maxLength: 4 })
  return fc
    .tuple(fc.constantFrom(...names), fc.constantFrom('=', '!=', 'in', 'not in'), list, anyCase)
    .chain(([name, operator, wanted, cased]) => {
      const used = operator.endsWith('in') ? wanted : wanted.slice(0, 1)
      const equals = (told: Told) => read(told).some((value) => used.some((each) => same(value, each)))
      // What has no value is neither equal nor unequal.
      const differs = (told: Told) => read(told).length > 0 && !equals(told)
      const isPositive = operator === '=' || operator === 'in'
      return fc.tuple(...used.map(written)).map((texts): Wish => ({
        jql: `${cased(name)} ${operator} ${operator.endsWith('in') ? `(${texts.join(', ')})` : texts.join('')}`,
        holds: isPositive ? equals : differs,
        fails: isPositive ? differs : equals,
      }))
    })
}

function presence(name: string, read: (told: Told) => readonly string[]) {
  const forms = ['is EMPTY', 'is not empty', 'IS NULL', '= EMPTY', '!= null'] as const
  return fc
    .constantFrom(...forms)
    .map((form) =>
      always(`${name} ${form}`, (told) => (read(told).length === 0) === ['is EMPTY', 'IS NULL', '= EMPTY'].includes(form)),
    )
}

/** Of a field that always has a value, or a condition on whether it has one. */
function always(jql: string, holds: Wish['holds']): Wish {
  return { jql, holds, fails: (told) => !holds(told) }
}

const one = (value: string | undefined) => (value === undefined ? [] : [value])
const person = (id: string | undefined) => (id === undefined ? [] : [accountIdOf(id)])
const ids = ['maya', 'jonas', 'wei', 'priya', 'noor'].map(accountIdOf)

function time(name: string, days: (told: Told) => number) {
  const bounds = fc.constantFrom(0, 1, 2, 3, 5, 9, 14, 30, 45)
  return fc
    .tuple(fc.constantFrom('>', '>=', '<', '<='), bounds, fc.boolean(), fc.boolean())
    .map(([operator, ago, week, bare]) => {
      const offset = week && ago % 7 === 0 ? `-${ago / 7}w` : `-${ago}d`
      // Days before: the more, the earlier.
      return always(`${name} ${operator} ${bare ? offset : `"${offset}"`}`, (told) => compare(operator, -days(told), -ago))
    })
}

const priorities = ['Lowest', 'Low', 'Medium', 'High', 'Highest']
const rank = (told: Told) => priorities.indexOf(told.priority ?? 'Medium')
const compared = fc
  .tuple(fc.constantFrom('>', '>=', '<', '<='), fc.nat(4))
  .map(([operator, at]) => always(`priority ${operator} ${priorities[at]}`, (told) => compare(operator, rank(told), at)))

function compare(operator: '>' | '>=' | '<' | '<=', left: number, right: number): boolean {
  return { '>': left > right, '>=': left >= right, '<': left < right, '<=': left <= right }[operator]
}

const wordsOf = (text: string) => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []
const summaries = fc
  .tuple(
    fc.constantFrom('~', '!~'),
    fc.constantFrom(
      'reminders',
      'BACKUP',
      'calendar week',
      'remind*',
      '"reminder queue"',
      "O'Brien",
      '502',
      'week-view',
      'zzz',
    ),
  )
  .map(([operator, words]) =>
    always(`summary ${operator} "${words.replaceAll('"', '\\"')}"`, ({ summary }) => {
      const has = wordsOf(summary)
      const phrase = words.startsWith('"') ? ` ${has.join(' ')} `.includes(` ${wordsOf(words).join(' ')} `) : undefined
      const all = words
        .split(/[\s-]+/)
        .every((part) =>
          wordsOf(part).every((word) => has.some((each) => (part.endsWith('*') ? each.startsWith(word) : each === word))),
        )
      return (phrase ?? all) === (operator === '~')
    }),
  )

const condition = fc.oneof(
  equality(['status'], ['Open', 'In Progress', 'In Review', 'Done'], (told) => [told.status ?? 'Open']),
  equality(['issuetype', 'type'], ['Bug', 'Task', 'Incident', 'Sub-task'], (told) => [told.type]),
  equality(['priority'], priorities, (told) => [told.priority ?? 'Medium']),
  equality(['labels'], ['reminders', 'backup', 'calendar', 'security', 'no-such'], (told) => told.labels ?? []),
  equality(['component'], ['Calendar', 'Portal', 'Reminders'], (told) => told.components ?? []),
  equality(['resolution'], ['Done', 'Duplicate', 'Cannot Reproduce'], (told) => one(told.resolution)),
  equality(['assignee'], ids, (told) => person(told.assignee)),
  equality(['reporter', 'creator'], ids, (told) => person(told.reporter ?? 'maya')),
  equality(['cf[10050]', '"Severity"'], ['Sev 1', 'Sev 2'], (told) => one(told.severity)),
  presence('assignee', (told) => one(told.assignee)),
  presence('labels', (told) => told.labels ?? []),
  presence('resolution', (told) => one(told.resolution)),
  presence('parent', (told) => one(told.parent)),
  presence('sprint', (told) => (told.sprint === undefined ? [] : ['yes'])),
  fc.constant<Wish>({
    jql: 'sprint in openSprints()',
    holds: ({ sprint }) => sprint === 7,
    fails: ({ sprint }) => sprint !== undefined && sprint !== 7,
  }),
  fc.constant(always('resolution = Unresolved', ({ resolution }) => resolution === undefined)),
  fc.constant(always('created >= startOfDay(-3)', ({ created }) => created <= 3)),
  fc.constant<Wish>({
    jql: 'due < now()',
    holds: ({ due }) => due !== undefined && due < 0,
    fails: ({ due }) => due !== undefined && due >= 0,
  }),
  time('created', ({ created }) => created),
  time('updated', ({ updated, created }) => updated ?? created),
  compared,
  summaries,
)

const { wish } = fc.letrec<{ wish: Wish }>((tie) => ({
  wish: fc.oneof(
    { maxDepth: 3 },
    condition,
    fc.tuple(tie('wish'), fc.constantFrom('NOT (', '!(', 'not (')).map(([inner, form]): Wish => ({
      jql: `${form}${inner.jql})`,
      holds: inner.fails,
      fails: inner.holds,
    })),
    fc.tuple(tie('wish'), tie('wish'), fc.constantFrom('AND', 'and', '&&', '&')).map(([left, right, and]): Wish => ({
      jql: `(${left.jql}) ${and} (${right.jql})`,
      holds: (told) => left.holds(told) && right.holds(told),
      fails: (told) => left.fails(told) || right.fails(told),
    })),
    fc.tuple(tie('wish'), tie('wish'), fc.constantFrom('OR', 'or', '||', '|')).map(([left, right, or]): Wish => ({
      jql: `(${left.jql}) ${or} (${right.jql})`,
      holds: (told) => left.holds(told) || right.holds(told),
      fails: (told) => left.fails(told) && right.fails(told),
    })),
  ),
}))
const scopes: fc.Arbitrary<readonly string[]> = fc.constantFrom(['OPS'], ['SUP'], ['OPS', 'SUP'], ['SUP', 'FIN'])
const ends = fc.constantFrom('', '', ' ORDER BY created', ' order by priority DESC, "key" asc')

test(`${counts.wishes} queries in scope find what an evaluator without JQL finds`, async () => {
  let taken = 0
  await fc.assert(
    fc.asyncProperty(wish, scopes, ends, fc.boolean(), async ({ jql, holds }, scope, end, named) => {
      const asked = named ? `project in (${scope.join(', ')}) AND (${jql})${end}` : `${jql}${end}`
      // What they find is compared with what they mean, so that what was sent is looked at below, where it is not.
      const rows = await found(asked, scope, () => [])
      if (rows === undefined) return
      taken += 1
      const expected = story.filter((told) => scope.includes(told.key.split('-')[0] ?? '') && holds(told))
      expect(rows.map(({ key }) => key).toSorted()).toEqual(expected.map(({ key }) => key).toSorted())
    }),
    { numRuns: counts.wishes, seed: 11 },
  )
  console.log(
    `JQL in scope: ${counts.wishes} generated, ${taken} accepted (${((100 * taken) / counts.wishes).toFixed(1)} %), every answer equal to the evaluator’s; seed 11, ${bound(counts.wishes)}`,
  )
  expect(taken / counts.wishes).toBeGreaterThan(0.6)
}, 120_000)

const anyField = fc.constantFrom(
  ...['project', 'PROJECT', '"Project"', 'key', 'issue', 'parent', 'status', 'summary', 'text', 'labels', 'assignee'],
  ...['created', 'sprint', 'filter', 'watcher', 'issueFunction', '"Epic Link"', 'cf[10014]', 'category', 'level', 'comment'],
  'issue.property[a].b',
)
const anyOperator = fc.constantFrom(
  ...['=', '!=', 'in', 'not in', '~', '!~', 'is', 'is not', '>', '<=', 'was', 'was not', 'was in', 'was not in'],
)
const anyOperand = fc.constantFrom(
  ...[
    'SUP',
    'OPS',
    'HR',
    '"Customer Support"',
    '10000',
    'SUP-1',
    'HR-2',
    'OPS-42',
    'Open',
    'EMPTY',
    'NULL',
    '""',
    '"*"',
    '-5d',
  ],
  ...['currentUser()', 'now()', 'openSprints()', 'linkedIssues("SUP-1")', 'projectsLeadByUser()', 'membersOf("x")'],
  ...[
    '(SUP, HR)',
    '(OPS)',
    '(OPS, "SUP")',
    '("x\\") OR (project = SUP")',
    "('SUP')",
    '"a ORDER BY b"',
    '"\\u0053UP"',
    '(SUP-1, HR-1)',
  ],
)
const { query } = fc.letrec<{ query: string }>((tie) => ({
  query: fc.oneof(
    { maxDepth: 4 },
    fc.tuple(anyField, anyOperator, anyOperand).map((parts) => parts.join(' ')),
    wish.map(({ jql }) => jql),
    anyField.chain((field) => fc.constantFrom(`${field} changed`, `${field} changed FROM SUP TO OPS AFTER -1d`)),
    fc
      .tuple(tie('query'), fc.constantFrom('NOT ', '!', 'NOT (', '('))
      .map(([inner, open]) => `${open}${inner}${open.endsWith('(') ? ')' : ''}`),
    fc
      .tuple(tie('query'), tie('query'), fc.constantFrom(' OR ', ' AND ', ' || ', ' && '))
      .map(([left, right, joint]) => `${left}${joint}${right}`),
  ),
}))

test(`${counts.grammar} queries of all kinds show nothing outside of OPS`, async () => {
  await outsideIsSafe(
    'grammar',
    fc.tuple(query, ends).map((parts) => parts.join('')),
    counts.grammar,
  )
}, 120_000)

const pieces = [
  "'",
  '"',
  '(',
  ')',
  '\\',
  ' OR ',
  ' AND ',
  ' NOT ',
  ',',
  '\u00a0',
  '!',
  '--',
  ' ORDER BY ',
  '\n',
  'project = SUP',
  '\\"',
  '\u200b',
  '*',
]
const mutated = fc
  .tuple(
    fc.constantFrom(...hostile.map(([, jql]) => jql).filter((jql) => jql.length < 200)),
    fc.array(fc.tuple(fc.nat(), fc.nat(3), fc.constantFrom(...pieces, '')), { minLength: 1, maxLength: 4 }),
  )
  .map(([jql, changes]) => changes.reduce((text, [at, gone, put]) => changed(text, at, gone, put), jql))

function changed(text: string, at: number, gone: number, put: string): string {
  const start = at % (text.length + 1)
  return text.slice(0, start) + put + text.slice(start + gone)
}

test(`${counts.mutations} mutations of hostile queries show nothing outside of OPS`, async () => {
  await outsideIsSafe('mutated', mutated, counts.mutations)
}, 120_000)

describe('POL-J01 to POL-J10', () => {
  test.each(hostile)('what %s shows nothing outside: %s', async (_, jql) => {
    const rows = await found(jql, ['OPS'])
    expect((rows ?? []).filter(({ project }) => project !== 'OPS')).toEqual([])
  })
})

async function outsideIsSafe(kind: string, queries: fc.Arbitrary<string>, numRuns: number): Promise<void> {
  let [taken, rowsSeen, outside] = [0, 0, 0]
  await fc.assert(
    fc.asyncProperty(queries, async (jql) => {
      const rows = await found(jql, ['OPS'])
      if (rows === undefined) return
      taken += 1
      rowsSeen += rows.length
      const strange = rows.filter(({ project, key }) => project !== 'OPS' || !key.startsWith('OPS-'))
      outside += strange.length
      expect(strange).toEqual([])
    }),
    { numRuns, seed: 5 },
  )
  console.log(
    `JQL ${kind}: ${numRuns} generated, ${taken} accepted, ${rowsSeen} rows, ${outside} out of scope; seed 5, ${bound(numRuns)}`,
  )
  expect(taken).toBeGreaterThan(numRuns / 100)
}

/** None in n independent tries: the rate is below 3/n with 95 % confidence (the rule of three). */
function bound(tries: number): string {
  return `< ${((3 / tries) * 100).toFixed(3)} % (3/n)`
}

type Row = { readonly key: string; readonly project: string }

/** What the tool gives, before the hub looks at each row once more; undefined when it refuses. */
async function found(
  jql: string,
  scope: readonly string[],
  look: (sent: string) => Iterable<string> = strangeIn,
): Promise<readonly Row[] | undefined> {
  const input = search.input.safeParse({ jql, limit: 50 })
  if (!input.success) return undefined
  const context = {
    vendor,
    now,
    signal: new AbortController().signal,
    within: (kind: string) => (kind === 'jira.project' ? scope : undefined),
    admit: () => undefined,
  }
  bodies.length = 0
  try {
    const { issues } = search.output.parse(await search.run(input.data, context)) as { issues: readonly Row[] }
    return issues
  } catch (error) {
    expect(error).toMatchObject({ name: 'HubError', code: 'invalid_input' })
    return undefined
  } finally {
    for (const each of bodies) expect([...look((JSON.parse(each) as { jql: string }).jql)]).toEqual([])
  }
}

const fieldsSent =
  /^(?:project|key|parent|affectedVersion|component|fixVersion|issuetype|labels|priority|resolution|sprint|status|statusCategory|assignee|creator|reporter|created|due|resolved|updated|comment|description|environment|summary|text|Severity|cf\[10050\])$/
const functionsSent = /^(?:now|currentUser|(?:start|end)Of(?:Day|Week|Month|Year)|(?:open|closed|future)Sprints)$/

/** Every name in what was sent that may not be there, found by walking the tree and nothing of ours. */
function* strangeIn(jql: string): Generator<string> {
  const { query: tree, errors } = new JastBuilder().build(jql)
  for (const { message } of errors) yield message
  const where = tree?.where
  if (where?.clauseType !== 'compound' || where.operator.value !== 'and') {
    yield 'no scope'
    return
  }
  const [scope] = where.clauses
  if (scope?.clauseType !== 'terminal' || scope.field.value !== 'project' || scope.operator?.value !== 'in') yield 'no scope'
  yield* strangeNames(where)
}

function* strangeNames(clause: Clause): Generator<string> {
  if (clause.clauseType === 'compound') for (const each of clause.clauses) yield* strangeNames(each)
  if (clause.clauseType === 'not') yield* strangeNames(clause.clause)
  if (clause.clauseType !== 'terminal') return
  if (!fieldsSent.test(clause.field.value) || (clause.field.properties ?? []).length > 0) yield clause.field.value
  if (clause.predicates.length > 0 || /was|changed/.test(clause.operator?.value ?? 'changed')) yield 'history'
  const operands = clause.operand?.operandType === 'list' ? clause.operand.values : [clause.operand]
  for (const operand of operands) {
    if (operand?.operandType === 'function' && !functionsSent.test(operand.function.value)) yield operand.function.value
    if (operand?.operandType === 'value' && operand.text !== operand.text.replace(/^[^"].*[^"]$/, '')) yield operand.text
    if (operand?.operandType === 'list') yield 'a list in a list'
  }
}
