// From a written sentence to a rule, with everything checked that can be known before a call.
import { digest } from '../kit/json.ts'
import type { Condition } from '../kit/policy.ts'
import type { CompiledLimit } from './decide.ts'
import type { Path, Source } from './document.ts'
import { compileExpression } from './expression.ts'
import type { Expression } from './expression.ts'
import { glob } from '../kit/glob.ts'
import type { Problem } from './problem.ts'
import { flawOf } from './mention.ts'
import type { ToolShape } from './mention.ts'
import type { Clause, Rule, RuleEffect, Who } from './rule.ts'
import { limitSchema, parsePart, rateOf, sentenceSchema } from './schema.ts'
import type { Sentence } from './schema.ts'
import { didYouMean } from './suggest.ts'
import { conditionsOf } from './use.ts'

export interface KnownPeople {
  readonly ids: readonly string[]
  readonly roles: readonly string[]
  /** An authorization server brings others: only what looks like a slip is worth a warning. */
  readonly others?: { readonly ids: boolean; readonly roles: boolean }
}

/** Everything around the sentence that is compiled. */
export interface Surroundings {
  readonly source: Source
  readonly tools: readonly ToolShape[]
  readonly conditions: ReadonlyMap<string, Condition>
  readonly people: KnownPeople | undefined
  readonly problems: Problem[]
  readonly warnings: Problem[]
}

const effects = ['allow', 'ask', 'preview', 'deny'] as const satisfies readonly RuleEffect[]

/** The rule, or undefined after its problems were noted. */
export function compileSentence(value: unknown, path: Path, around: Surroundings): Rule | undefined {
  const { source, problems } = around
  const parsed = parsePart(sentenceSchema, source, path, value)
  if ('problems' in parsed) {
    problems.push(...parsed.problems)
    return undefined
  }
  const before = problems.length
  const sentence = parsed.value
  const effect = effectOf(sentence, path, around)
  if (effect === undefined) return undefined
  const matched = matchedTools(sentence[effect]!, [...path, effect], around)
  const expressions = (['when', 'unless'] as const).flatMap((kind) => {
    const expression = expressionOf(kind, sentence[kind], [...path, kind], matched, around)
    return expression ? [{ kind, expression }] : []
  })
  checkWhere(sentence.where, matched, path, around)
  const used = (sentence.use ?? []).flatMap((named, index) => conditionsOf(named, [...path, 'use', index], around))
  const who = whoOf(sentence.who, [...path, 'who'], around)
  whoOf(sentence.approvers, [...path, 'approvers'], around)
  if (problems.length > before) return undefined
  const place = source.place(path)
  const at = `${place.file}:${place.line}`
  const speaking = speakingFor(
    matched,
    expressions.map(({ expression }) => expression),
  )
  warnOfSilence(effect, matched, speaking, place, around)
  return {
    name: `${source.file}#${sentence.id ?? Number(path.at(-1)) + 1}`,
    at,
    effect,
    because: sentence.because,
    who,
    where: new Map(Object.entries(sentence.where ?? {}).map(([kind, ids]) => [kind, new Set(ids)])),
    clauses: [...expressions.map(({ kind, expression }) => clauseOf(kind, expression)), ...used],
    masks: sentence.mask ?? [],
    approvers: sentence.approvers ?? [],
    quorum: sentence.quorum ?? 1,
    digest: digest(sentence),
    tools: new Set(speaking.map(({ facts }) => facts.name)),
  }
}

export function compileLimit(value: unknown, path: Path, around: Surroundings): CompiledLimit | undefined {
  const { source, problems } = around
  const parsed = parsePart(limitSchema, source, path, value)
  if ('problems' in parsed) {
    problems.push(...parsed.problems.map(unsupportedLimit))
    return undefined
  }
  const { tools, who, per, at_most: words } = parsed.value
  const matched = matchedTools(tools, [...path, 'tools'], around)
  const rule = `${source.file}#limit-${Number(path.at(-1)) + 1}`
  return {
    limit: { rule, per, words, ...rateOf(words) },
    who: whoOf(who, [...path, 'who'], around),
    tools: new Set(matched.map(({ facts }) => facts.name)),
  }
}

function unsupportedLimit(problem: Problem): Problem {
  const kind = /^There is no "(.*)" here\.$/.exec(problem.sentence)?.[1]
  if (kind === undefined || problem.hint?.startsWith('Did you mean') === true) return problem
  return {
    ...problem,
    sentence: `Limits of the kind "${kind}" are not supported yet.`,
    hint: 'A limit has tools, who, per and at_most: "20 per hour".',
  }
}

function effectOf(sentence: Sentence, path: Path, { source, problems }: Surroundings): RuleEffect | undefined {
  const place = source.place(path)
  const said = effects.filter((effect) => sentence[effect] !== undefined)
  const effect = said[0]
  if (effect === undefined || said.length > 1) {
    const what = effect === undefined ? 'says nothing' : `says ${said.join(' and ')} at once`
    problems.push({
      ...place,
      sentence: `This rule ${what}.`,
      hint: 'A rule has exactly one of allow, ask, preview and deny.',
    })
    return undefined
  }
  if (effect === 'ask' && sentence.approvers === undefined)
    problems.push({ ...place, sentence: 'An ask must say who approves.', hint: 'Add approvers: role:NAME or person:ID.' })
  if (effect !== 'ask' && sentence.approvers !== undefined)
    problems.push({
      ...source.placeOfKey(path, 'approvers'),
      sentence: `Only an ask has approvers, and this rule says ${effect}.`,
      hint: 'Remove them, or write ask.',
    })
  if (effect !== 'ask' && sentence.quorum !== undefined)
    problems.push({
      ...source.placeOfKey(path, 'quorum'),
      sentence: `Only an ask has a quorum, and this rule says ${effect}.`,
      hint: 'Remove it, or write ask.',
    })
  if (effect === 'deny' && sentence.mask !== undefined)
    problems.push({
      ...source.placeOfKey(path, 'mask'),
      sentence: 'A deny shows nothing, so it has nothing to mask.',
      hint: 'Remove it.',
    })
  return effect
}

function matchedTools(
  patterns: readonly string[],
  path: Path,
  { source, tools, warnings }: Surroundings,
): readonly ToolShape[] {
  const matched = new Set<ToolShape>()
  for (const [index, pattern] of patterns.entries()) {
    const found = tools.filter(({ facts }) => glob(facts.name, pattern))
    for (const tool of found) matched.add(tool)
    if (found.length > 0) continue
    const hint = didYouMean(
      pattern,
      tools.map(({ facts }) => facts.name),
    )
    warnings.push({ ...source.place([...path, index]), sentence: `No configured tool is called "${pattern}".`, hint })
  }
  return [...matched]
}

function expressionOf(
  kind: 'when' | 'unless',
  text: string | undefined,
  path: Path,
  matched: readonly ToolShape[],
  { source, problems }: Surroundings,
): Expression | undefined {
  if (text === undefined) return undefined
  const problem = (offset: number, sentence: string, hint: string | undefined) =>
    problems.push({ ...source.placeIn(path, offset), sentence: `In "${kind}": ${sentence}`, hint })
  const compiled = compileExpression(text)
  if ('flaws' in compiled) {
    for (const { offset, sentence, hint } of compiled.flaws) problem(offset, sentence, hint)
    return undefined
  }
  for (const mention of compiled.expression.mentions) {
    const flaw = flawOf(mention, matched)
    if (flaw) problem(mention.offset, flaw.sentence, flaw.hint)
  }
  return compiled.expression
}

/** A rule that names a field does not speak for a tool that never changes it. */
function speakingFor(matched: readonly ToolShape[], expressions: readonly Expression[]): readonly ToolShape[] {
  const named = expressions.flatMap(({ mentions }) => mentions.filter(({ of }) => of === 'effect'))
  return matched.filter(({ changes }) => named.every(({ name }) => changes.includes(name)))
}

function warnOfSilence(
  effect: RuleEffect,
  matched: readonly ToolShape[],
  speaking: readonly ToolShape[],
  place: Pick<Problem, 'file' | 'line' | 'column'>,
  { warnings }: Surroundings,
): void {
  const silent = matched.filter((tool) => tool.facts.write && !speaking.includes(tool)).map(({ facts }) => facts.name)
  if (effect === 'allow' || silent.length === 0) return
  const sentence = `This ${effect} names a field that some of its tools never change, and does not speak for ${silent.join(', ')}.`
  warnings.push({ ...place, sentence, hint: 'Write another rule for them if it should.' })
}

function checkWhere(
  where: Sentence['where'],
  matched: readonly ToolShape[],
  path: Path,
  { source, problems }: Surroundings,
): void {
  for (const kind of Object.keys(where ?? {})) {
    const without = matched.filter(({ resolves }) => !resolves.includes(kind)).map(({ facts }) => facts.name)
    if (without.length === 0) continue
    const known = new Set(matched.flatMap(({ resolves }) => resolves))
    const more = without.length > 1 ? ` and ${without.length - 1} more` : ''
    problems.push({
      ...source.placeOfKey([...path, 'where'], kind),
      sentence: `The records of ${without[0]}${more} live in no "${kind}".`,
      hint: known.has(kind) ? 'Name only the tools that have it.' : didYouMean(kind, known),
    })
  }
}

function clauseOf(kind: 'when' | 'unless', expression: Expression): Clause {
  if (kind === 'when')
    return {
      otherwise: `Its "when" does not hold: ${expression.text.trim()}`,
      roots: expression.roots,
      holds: (view) => expression.test(view),
    }
  return {
    otherwise: `Its "unless" holds: ${expression.text.trim()}`,
    roots: expression.roots,
    holds: (view) => !expression.test(view),
  }
}

function whoOf(
  written: readonly string[] | undefined,
  path: Path,
  { source, people, warnings }: Surroundings,
): Who | undefined {
  if (written === undefined) return undefined
  const who = { roles: new Set<string>(), people: new Set<string>() }
  for (const [index, each] of written.entries()) {
    const role = each.startsWith('role:')
    const name = each.slice(each.indexOf(':') + 1)
    who[role ? 'roles' : 'people'].add(name)
    const known = people && (role ? people.roles : people.ids)
    if (!known || known.length === 0 || known.includes(name)) continue
    const hint = didYouMean(name, known)
    if (people.others?.[role ? 'roles' : 'ids'] && hint === undefined) continue
    warnings.push({
      ...source.place([...path, index]),
      sentence: `Nobody in the configuration ${role ? 'has the role' : 'is'} "${name}".`,
      hint,
    })
  }
  return who
}
