// Scenarios: what a policy is expected to do, as a file beside it, and whether it does.
import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { readSource } from './document.ts'
import type { Source } from './document.ts'
import { PolicyError } from './problem.ts'
import type { Problem } from './problem.ts'
import { parsePart } from './schema.ts'
import { didYouMean } from './suggest.ts'

export type Expected = 'done' | 'previewed' | 'held' | 'denied' | 'failed'

export interface Scenario {
  readonly name: string
  /** `file:line`. */
  readonly at: string
  readonly who: { readonly id: string; readonly roles: readonly string[] }
  readonly tool: string
  readonly arguments: Readonly<Record<string, unknown>>
  readonly dryRun: boolean
  /** When the call is made; undefined: now. */
  readonly time: Date | undefined
  readonly expect: Expected
  /** The rule that decides: its full name, or what follows the `#`; `silence` for none. */
  readonly by: string | undefined
  /** A part of the reason. */
  readonly because: string | undefined
  readonly approvers: readonly string[] | undefined
  readonly masked: readonly string[] | undefined
}

/** What became of the call. */
export interface ScenarioAnswer {
  readonly status: string
  readonly rule?: string | undefined
  readonly because?: string | undefined
  readonly approvers?: readonly string[] | undefined
  readonly masked?: readonly string[] | undefined
}

export interface ScenarioResult {
  readonly scenario: Scenario
  readonly passed: boolean
  /** What was expected and what came, a sentence each; empty when it passed. */
  readonly reasons: readonly string[]
}

/** Every `*.test.yaml` in the folders of these policy files, in order. */
export async function findScenarioFiles(policies: readonly string[]): Promise<readonly string[]> {
  const folders = [...new Set(policies.map((path) => dirname(path)))]
  const found = await Promise.all(
    folders.map(async (folder) => (await readdir(folder)).filter(isScenarioFile).map((name) => join(folder, name))),
  )
  return found.flat().toSorted()
}

export interface ScenarioFiles {
  readonly files: readonly string[]
  readonly shown: (path: string) => string
  /** The wire names of the configured tools, on or off. */
  readonly tools: readonly string[]
}

/** @throws PolicyError with every problem of every file. */
export async function loadScenarios({ files, shown, tools }: ScenarioFiles): Promise<readonly Scenario[]> {
  const problems: Problem[] = []
  const scenarios: Scenario[] = []
  for (const path of files) {
    const reading = await readSource(path, shown(path))
    if ('problems' in reading) problems.push(...reading.problems)
    else scenarios.push(...scenariosOf(reading.source, tools, problems))
  }
  if (problems.length > 0) throw new PolicyError(problems)
  return scenarios
}

/** Runs them one after another. A call that throws is a failure of its scenario, not of the run. */
export async function runScenarios(
  scenarios: readonly Scenario[],
  call: (scenario: Scenario) => Promise<ScenarioAnswer>,
): Promise<readonly ScenarioResult[]> {
  const results: ScenarioResult[] = []
  for (const scenario of scenarios) {
    const reasons = await call(scenario).then(
      (answer) => differences(scenario, answer),
      (error: unknown) => [`The call broke: ${error instanceof Error ? error.message : String(error)}`],
    )
    results.push({ scenario, passed: reasons.length === 0, reasons })
  }
  return results
}

const names = z.array(z.string().min(1), { error: 'Write a list.' })
const roles = z.array(z.string().regex(/^[^\s:*]+$/, { error: 'A role is a name, without "role:".' }), {
  error: 'Write a list of roles.',
})

const scenarioSchema = z.strictObject({
  name: z.string({ error: 'A scenario has a name, in words.' }).trim().min(1),
  who: z
    .strictObject(
      { id: z.string().min(1).default('someone'), roles: roles.default([]) },
      { error: 'Write { id: maya, roles: [support] }.' },
    )
    .optional(),
  roles: roles.optional(),
  tool: z.string({ error: 'A scenario names a tool.' }),
  arguments: z.record(z.string(), z.unknown(), { error: 'The arguments are a map.' }).default({}),
  dry_run: z.boolean({ error: 'dry_run is true or false.' }).default(false),
  at: z.iso.datetime({ offset: true, error: 'Write a time with its zone, in quotes: "2026-03-02T09:00:00Z".' }).optional(),
  expect: z.enum(['done', 'previewed', 'held', 'denied', 'failed'], {
    error: 'Expect done, previewed, held, denied or failed.',
  }),
  by: z.string({ error: 'Name the rule that decides.' }).min(1).optional(),
  because: z.string({ error: 'Write a part of the reason.' }).min(1).optional(),
  approvers: names.optional(),
  masked: names.optional(),
})

const fileSchema = z.strictObject({
  scenarios: z
    .array(z.unknown(), { error: '"scenarios" is a list: begin each with a dash.' })
    .min(1, { error: '"scenarios" is empty.' }),
})

function scenariosOf(source: Source, tools: readonly string[], problems: Problem[]): readonly Scenario[] {
  if (typeof source.value !== 'object' || source.value === null || Array.isArray(source.value)) {
    problems.push({
      ...source.place([]),
      sentence: 'There are no scenarios in this file.',
      hint: 'Begin it with "scenarios:".',
    })
    return []
  }
  const file = parsePart(fileSchema, source, [], source.value)
  if ('problems' in file) {
    problems.push(...file.problems)
    return []
  }
  return file.value.scenarios.flatMap((value, index) => {
    const path = ['scenarios', index]
    const parsed = parsePart(scenarioSchema, source, path, value)
    if ('problems' in parsed) {
      problems.push(...parsed.problems)
      return []
    }
    const it = parsed.value
    const before = problems.length
    if ((it.who === undefined) === (it.roles === undefined))
      problems.push({
        ...source.place(path),
        sentence: 'A scenario says who calls.',
        hint: 'Write who: { id, roles } or roles: [ … ], one of them.',
      })
    if (!tools.includes(it.tool))
      problems.push({
        ...source.place([...path, 'tool']),
        sentence: `There is no tool "${it.tool}".`,
        hint: didYouMean(it.tool, tools),
      })
    if (problems.length > before) return []
    const place = source.place(path)
    return [
      {
        name: it.name,
        at: `${place.file}:${place.line}`,
        who: it.who ?? { id: 'someone', roles: it.roles ?? [] },
        tool: it.tool,
        arguments: it.arguments,
        dryRun: it.dry_run,
        time: it.at === undefined ? undefined : new Date(it.at),
        expect: it.expect,
        by: it.by,
        because: it.because,
        approvers: it.approvers,
        masked: it.masked,
      },
    ]
  })
}

function differences(scenario: Scenario, answer: ScenarioAnswer): readonly string[] {
  const { expect, by, because, approvers, masked } = scenario
  const cause = answer.because === undefined ? '' : `: ${answer.because}`
  const reasons: string[] = []
  if (answer.status !== expect)
    reasons.push(`It was to be ${expect}, and was ${answer.status} by ${answer.rule ?? 'no rule'}${cause}`)
  if (by !== undefined && answer.rule !== by && answer.rule?.endsWith(`#${by}`) !== true)
    reasons.push(`The rule ${by} was to decide, and ${answer.rule ?? 'none'} did.`)
  if (because !== undefined && answer.because?.includes(because) !== true)
    reasons.push(
      `The reason was to have "${because}", and was ${answer.because === undefined ? 'missing' : `"${answer.because}"`}.`,
    )
  if (approvers !== undefined && !sameNames(approvers, answer.approvers))
    reasons.push(`The approvers were to be ${listed(approvers)}, and were ${listed(answer.approvers)}.`)
  if (masked !== undefined && !sameNames(masked, answer.masked))
    reasons.push(`The masked fields were to be ${listed(masked)}, and were ${listed(answer.masked)}.`)
  return reasons
}

function sameNames(left: readonly string[], right: readonly string[] | undefined): boolean {
  return listed([...new Set(left)].toSorted()) === listed([...new Set(right)].toSorted())
}

function listed(some: readonly string[] | undefined): string {
  return some === undefined || some.length === 0 ? 'none' : some.join(', ')
}

function isScenarioFile(name: string): boolean {
  return name.endsWith('.test.yaml')
}
