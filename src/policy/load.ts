// Policy files in, one policy out: all of them or none, with every problem told.
import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Condition } from '../kit/policy.ts'
import { compileLimit, compileSentence } from './compile.ts'
import type { KnownPeople, Surroundings } from './compile.ts'
import { findConditions } from './conditions.ts'
import { policyOf } from './decide.ts'
import type { CompiledLimit, Policy } from './decide.ts'
import { readSource } from './document.ts'
import type { ToolShape } from './mention.ts'
import { PolicyError } from './problem.ts'
import type { Problem } from './problem.ts'
import type { Rule } from './rule.ts'
import { parsePart } from './schema.ts'

export type { KnownPeople } from './compile.ts'
export type { ToolShape } from './mention.ts'

export interface PolicyFiles {
  /** Absolute paths. Conditions (`*.ts`) are found in their folders. */
  readonly files: readonly string[]
  /** A path as the person wrote it: it begins the name of every rule. */
  readonly shown: (path: string) => string
  /** Every tool of every configured instance, off ones too. */
  readonly tools: readonly ToolShape[]
  /** Where it is given, a role or person outside it is warned of. */
  readonly people?: KnownPeople
  /** More conditions than those in files. */
  readonly conditions?: readonly Condition[]
}

export interface LoadedPolicy {
  readonly policy: Policy
  readonly warnings: readonly Problem[]
}

/**
 * @throws PolicyError with every problem of every file, each with its file, line and column. A file without a policy is
 * one: what is empty by accident must not be in force.
 */
export async function loadPolicies(options: PolicyFiles): Promise<LoadedPolicy> {
  const { files, shown, tools, people } = options
  const found = await findConditions(files, shown, options.conditions ?? [])
  const problems: Problem[] = [...found.problems]
  const warnings: Problem[] = []
  const sources: string[] = [...found.sources]
  const rules: Rule[] = []
  const limits: CompiledLimit[] = []
  for (const [index, path] of files.entries()) {
    const file = shown(path)
    if (files.indexOf(path) !== index) {
      problems.push({
        file,
        line: 1,
        column: 1,
        sentence: 'This file is named twice in the configuration.',
        hint: 'Name it once.',
      })
      continue
    }
    const reading = await readSource(path, file)
    if ('problems' in reading) {
      problems.push(...reading.problems)
      continue
    }
    warnings.push(...reading.warnings)
    sources.push(`${file}\n${reading.source.text}`)
    const around = { source: reading.source, tools, conditions: found.conditions, people, problems, warnings }
    const compiled = compileFile(around)
    rules.push(...compiled.rules)
    limits.push(...compiled.limits)
  }
  if (problems.length > 0) throw new PolicyError(problems)
  warnings.push(...unreachable(rules))
  return { policy: policyOf({ version: versionOf(sources), rules, limits }), warnings }
}

const fileSchema = z.strictObject({
  rules: z
    .array(z.unknown(), { error: '"rules" is a list: begin each rule with a dash.' })
    .min(1, { error: '"rules" is empty.' })
    .optional(),
  limits: z
    .array(z.unknown(), { error: '"limits" is a list: begin each limit with a dash.' })
    .min(1, { error: '"limits" is empty.' })
    .optional(),
})

function compileFile(around: Surroundings): { readonly rules: readonly Rule[]; readonly limits: readonly CompiledLimit[] } {
  const { source, problems } = around
  const problem = (sentence: string, hint: string) => problems.push({ ...source.place([]), sentence, hint })
  const nothing = { rules: [], limits: [] }
  if (source.value === null || source.value === undefined) {
    problem('There is no policy in this file.', 'Write rules, or take the file out of "policies".')
    return nothing
  }
  if (typeof source.value === 'object' && 'scenarios' in source.value) {
    problem('This file holds scenarios, not rules.', 'Take it out of "policies": it is found by its name.')
    return nothing
  }
  if (typeof source.value !== 'object' || Array.isArray(source.value)) {
    problem('A policy file is a map.', 'Begin it with "rules:".')
    return nothing
  }
  const parsed = parsePart(fileSchema, source, [], source.value)
  if ('problems' in parsed) problems.push(...parsed.problems)
  // The sentences are checked even so, for every problem to be told at once.
  const { rules, limits } = source.value as { readonly rules?: unknown; readonly limits?: unknown }
  if (rules === undefined && limits === undefined && 'value' in parsed)
    problem('There is no policy in this file.', 'Write rules, or take the file out of "policies".')
  const compiled = listOf(rules).flatMap((value, index) => compileSentence(value, ['rules', index], around) ?? [])
  noteTwins(listOf(rules), around)
  return {
    rules: compiled,
    limits: listOf(limits).flatMap((value, index) => compileLimit(value, ['limits', index], around) ?? []),
  }
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function noteTwins(written: readonly unknown[], { source, problems }: Surroundings): void {
  const seen = new Set<string>()
  for (const [index, value] of written.entries()) {
    const id = typeof value === 'object' && value !== null && 'id' in value ? String(value.id) : undefined
    if (id === undefined) continue
    if (seen.has(id) || /^limit-\d+$/.test(id)) {
      const sentence = seen.has(id) ? `Another rule of this file has the id "${id}".` : `The id "${id}" is kept for limits.`
      problems.push({ ...source.place(['rules', index, 'id']), sentence, hint: 'Give it another id.' })
    }
    seen.add(id)
  }
}

/** A rule that opens only tools that are denied to everyone at all times. */
function unreachable(rules: readonly Rule[]): readonly Problem[] {
  const denied = new Map<string, Rule>()
  for (const rule of rules) {
    if (rule.effect !== 'deny' || rule.who !== undefined || rule.where.size > 0 || rule.clauses.length > 0) continue
    for (const tool of rule.tools) denied.set(tool, rule)
  }
  return rules.flatMap((rule) => {
    const denials = new Set([...rule.tools].map((tool) => denied.get(tool)))
    const [denial] = denials
    if (rule.effect === 'deny' || rule.tools.size === 0 || denials.has(undefined) || !denial) return []
    const [file, line] = splitPlace(rule.at)
    return [
      {
        file,
        line,
        column: 1,
        sentence: `This ${rule.effect} never decides: ${denial.at} denies the same to everyone.`,
        hint: undefined,
      },
    ]
  })
}

function splitPlace(at: string): readonly [string, number] {
  const colon = at.lastIndexOf(':')
  return [at.slice(0, colon), Number(at.slice(colon + 1))]
}

function versionOf(sources: readonly string[]): string {
  const hash = createHash('sha256')
  for (const source of sources) hash.update(createHash('sha256').update(source).digest())
  return hash.digest('hex')
}
