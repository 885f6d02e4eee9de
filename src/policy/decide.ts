// From the sentences to a decision: the strictest one that speaks; silence denies; what breaks denies.
import type { Facts, Principal, ToolFacts } from '../kit/policy.ts'
import { viewOf } from './facts.ts'
import type { PartialFacts, View } from './facts.ts'
import { insteadOf } from './instead.ts'
import { couldSpeak, fits, isJudgeable, judge, silent } from './rule.ts'
import type { Rule, RuleEffect, Spoken, Verdict, Who } from './rule.ts'

export interface Decision {
  readonly effect: RuleEffect
  /** The rule that decided; `silence` where none spoke. */
  readonly rule: string
  readonly because: string | undefined
  /** What would be allowed instead, in a sentence. */
  readonly instead: string | undefined
  /** One person of each is needed, each another one; a group that needs two stands there twice. Empty unless `ask`. */
  readonly approvers: readonly (readonly string[])[]
  /** Field names to leave out. */
  readonly masks: readonly string[]
  /** Every rule whose tools and people fit, with what it said. */
  readonly rules: readonly Spoken[]
}

export interface Limit {
  readonly rule: string
  readonly per: 'principal' | 'tool'
  readonly atMost: number
  readonly windowMs: number
  /** `20 per hour`. */
  readonly words: string
}

export interface Policy {
  /** SHA-256 of all its sources. */
  readonly version: string
  /**
   * Before there is a plan: undefined when some sentence could still let it happen, else the denial. Without `args`
   * (for `tools/list`) only people, tools and time are judged; with `resources`, also where the record lives.
   */
  refuses(facts: Omit<Facts, 'args' | 'plan'> & { readonly args?: Facts['args'] }): Decision | undefined
  /** What the sentences say that need nothing more; those that wait for a record are silent. For a read before it looks. */
  soFar(facts: Facts): Decision
  /** Judges one set of facts; strictest wins, silence denies, a broken rule denies. */
  decide(facts: Facts): Decision
  /** The ids of this kind that `where` clauses narrow the person to; undefined when some sentence does not narrow. */
  within(principal: Principal, tool: ToolFacts, kind: string): readonly string[] | undefined
  limits(principal: Principal, tool: ToolFacts): readonly Limit[]
}

export interface CompiledLimit {
  readonly limit: Limit
  readonly who: Who | undefined
  readonly tools: ReadonlySet<string>
}

/** What the files said, compiled. */
export interface Sentences {
  readonly version: string
  readonly rules: readonly Rule[]
  readonly limits: readonly CompiledLimit[]
}

export function policyOf({ version, rules, limits }: Sentences): Policy {
  const rulesOf = byTool(rules)
  const limitsOf = byTool(limits)
  return {
    version,
    refuses: (facts) => refuses(rulesOf(facts.tool.name), facts),
    soFar: (facts) => decided(rulesOf(facts.tool.name), facts, judgedSoFar),
    decide: (facts) => decided(rulesOf(facts.tool.name), facts, judge),
    within: (principal, tool, kind) => within(fitting(rulesOf(tool.name), principal), kind),
    limits(principal, tool) {
      return limitsOf(tool.name).flatMap(({ who, limit }) => (fits(who, principal) ? [limit] : []))
    },
  }
}

/**
 * One decision for a call that touches several records: the strictest of theirs, with every mask and every approver.
 * Of nothing at all it is a denial.
 */
export function strictest(decisions: readonly Decision[]): Decision {
  const first = decisions[0]
  if (first === undefined) return { ...nothing, because: 'Nothing was there to be decided on.' }
  if (decisions.length === 1) return first
  const most = decisions.reduce((winner, next) => (rank[next.effect] > rank[winner.effect] ? next : winner))
  return {
    ...most,
    approvers: most.effect === 'ask' ? needed(decisions.map(({ approvers }) => approvers)) : [],
    masks: [...new Set(decisions.flatMap(({ masks }) => masks))],
    rules: merged(decisions.flatMap(({ rules }) => rules)),
  }
}

const rank = { allow: 0, ask: 1, preview: 2, deny: 3 } as const satisfies Record<RuleEffect, number>
const loudness = { silent: 0, spoke: 1, broke: 2 } as const satisfies Record<Spoken['outcome'], number>

const nothing: Decision = {
  effect: 'deny',
  rule: 'silence',
  because: undefined,
  instead: undefined,
  approvers: [],
  masks: [],
  rules: [],
}

function refuses(known: readonly Rule[], facts: PartialFacts): Decision | undefined {
  const view = viewOf(facts)
  let open = false
  let refused = false
  for (const rule of known) {
    if (!fits(rule.who, facts.principal)) continue
    if (!isJudgeable(rule, view)) open ||= rule.effect !== 'deny' && couldSpeak(rule, view)
    else {
      const verdict = judge(rule, view)
      refused ||= isDenial(verdict)
      open ||= verdict.opens
    }
  }
  if (open && !refused) return undefined
  // The words are made only for a refusal: listing the tools asks this of every one of them.
  const verdicts = fitting(known, facts.principal).map((rule) => judgedSoFar(rule, view))
  return decisionOf(verdicts, known, facts)
}

function decided(known: readonly Rule[], facts: Facts, says: (rule: Rule, view: View) => Verdict): Decision {
  const view = viewOf(facts)
  const verdicts = fitting(known, facts.principal).map((rule) => says(rule, view))
  return decisionOf(verdicts, known, facts)
}

function judgedSoFar(rule: Rule, view: View): Verdict {
  if (isJudgeable(rule, view)) return judge(rule, view)
  return silent(rule, couldSpeak(rule, view) ? 'It is judged once more is known.' : 'What is known already rules it out.')
}

function decisionOf(verdicts: readonly Verdict[], known: readonly Rule[], facts: PartialFacts): Decision {
  const rules = verdicts.map(spokenOf)
  const spoke = verdicts.filter(({ outcome }) => outcome === 'spoke')
  const masks = [...new Set(spoke.flatMap(({ rule }) => rule.masks))]
  const denial = verdicts.find(isDenial)
  if (denial) {
    const because =
      denial.outcome === 'spoke' ? denial.rule.because : `This rule could not be judged, which denies: ${denial.why}`
    return { ...nothing, rule: denial.rule.name, because, masks, rules }
  }
  const instead = (effect: RuleEffect) => insteadOf(effect, known, verdicts, facts)
  if (!spoke.some(({ opens }) => opens)) {
    const because = `No rule lets ${facts.principal.id} use ${facts.tool.name} here.`
    return { ...nothing, because, instead: instead('deny'), masks, rules }
  }
  const { rule } = spoke.reduce((most, next) => (rank[next.rule.effect] > rank[most.rule.effect] ? next : most))
  const asking = rule.effect === 'ask' ? spoke.filter((verdict) => verdict.rule.effect === 'ask') : []
  return {
    effect: rule.effect,
    rule: rule.name,
    because: rule.because,
    instead: instead(rule.effect),
    approvers: needed(asking.map(({ rule: { approvers, quorum } }) => Array.from({ length: quorum }, () => approvers))),
    masks,
    rules,
  }
}

function isDenial({ outcome, rule }: Verdict): boolean {
  return outcome === 'broke' || (outcome === 'spoke' && rule.effect === 'deny')
}

function spokenOf({ rule, outcome, why }: Verdict): Spoken {
  return { rule: rule.name, effect: rule.effect, because: rule.because, outcome, why, at: rule.at, digest: rule.digest }
}

function within(rules: readonly Rule[], kind: string): readonly string[] | undefined {
  const ids = new Set<string>()
  for (const rule of rules) {
    if (rule.effect === 'deny') continue
    const narrowed = rule.where.get(kind)
    if (narrowed === undefined) return undefined
    for (const id of narrowed) ids.add(id)
  }
  return [...ids]
}

function fitting(rules: readonly Rule[], principal: Principal): readonly Rule[] {
  return rules.filter((rule) => fits(rule.who, principal))
}

function byTool<Item extends { readonly tools: ReadonlySet<string> }>(
  items: readonly Item[],
): (tool: string) => readonly Item[] {
  const index = new Map<string, Item[]>()
  for (const item of items)
    for (const tool of item.tools) {
      const known = index.get(tool)
      if (known) known.push(item)
      else index.set(tool, [item])
    }
  return (tool) => index.get(tool) ?? []
}

/** All that any of them needs: a group as often as whoever needs it most. */
function needed(lists: readonly (readonly (readonly string[])[])[]): readonly (readonly string[])[] {
  const keyOf = (group: readonly string[]) => group.toSorted().join('\n')
  const result: (readonly string[])[] = []
  for (const list of lists) {
    for (const group of list) {
      const same = (other: readonly string[]) => keyOf(other) === keyOf(group)
      if (result.filter(same).length < list.filter(same).length) result.push(group)
    }
  }
  return result
}

/** Each rule once, with the loudest that it said. */
function merged(rules: readonly Spoken[]): readonly Spoken[] {
  const loudest = new Map<string, Spoken>()
  for (const rule of rules) {
    const known = loudest.get(rule.rule)
    if (!known || loudness[rule.outcome] > loudness[known.outcome]) loudest.set(rule.rule, rule)
  }
  return [...loudest.values()]
}
