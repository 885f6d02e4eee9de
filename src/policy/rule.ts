// One compiled sentence, and what it says of one set of facts.
import type { Principal } from '../kit/policy.ts'
import { Broken } from './expression.ts'
import type { Root, View } from './facts.ts'

export type RuleEffect = 'allow' | 'ask' | 'preview' | 'deny'

/** What one rule said of one set of facts. */
export interface Spoken {
  /** Stable and readable: `policies/support.yaml#3`, or `policies/support.yaml#close-issues` where it has an `id`. */
  readonly rule: string
  readonly effect: RuleEffect
  readonly because: string | undefined
  /** `broke`: its expression failed, which denies. */
  readonly outcome: 'spoke' | 'broke' | 'silent'
  /** Why it is silent, or how it broke, in a sentence. */
  readonly why: string | undefined
  /** `file:line`. */
  readonly at: string
  /** SHA-256 of the sentence; none for what no file says. */
  readonly digest?: string
}

export interface Who {
  readonly roles: ReadonlySet<string>
  readonly people: ReadonlySet<string>
}

/** One thing that must hold for the rule to speak. */
export interface Clause {
  /** What is said when it does not hold. */
  readonly otherwise: string
  /** The facts that it looks at. */
  readonly roots: ReadonlySet<Root>
  /** Throws a Broken when there is no answer. */
  holds(view: View): boolean
}

export interface Rule {
  readonly name: string
  readonly at: string
  readonly effect: RuleEffect
  readonly because: string | undefined
  /** Undefined: everyone. */
  readonly who: Who | undefined
  /** Ids by kind; empty: everywhere. */
  readonly where: ReadonlyMap<string, ReadonlySet<string>>
  readonly clauses: readonly Clause[]
  readonly masks: readonly string[]
  readonly approvers: readonly string[]
  /** How many of the approvers must say yes, each another person. */
  readonly quorum: number
  /** SHA-256 of the sentence: where it stands in its file does not matter. */
  readonly digest: string
  /** The wire names that it speaks for. */
  readonly tools: ReadonlySet<string>
}

/** What a rule said, and whether that opens the tool: a rule that is strict about a part of a record opens nothing. */
export interface Verdict {
  readonly rule: Rule
  readonly outcome: Spoken['outcome']
  readonly why: string | undefined
  readonly opens: boolean
  /** It is silent because the record is elsewhere. */
  readonly elsewhere: boolean
}

export function fits(who: Who | undefined, principal: Principal): boolean {
  if (who === undefined || who.people.has(principal.id)) return true
  for (const role of principal.roles) if (who.roles.has(role)) return true
  return false
}

/** Judges the rule on facts of which nothing is missing any more. */
export function judge(rule: Rule, view: View): Verdict {
  const standing = rule.where.size === 0 ? inside : standingOf(rule, view)
  if (standing.in === 'outside' || (standing.in !== 'inside' && rule.effect === 'allow'))
    return { ...silent(rule, standing.why), elsewhere: true }
  if (standing.in === 'unknown') return broke(rule, standing.why)
  try {
    for (const clause of rule.clauses) if (!holds(clause, view)) return silent(rule, clause.otherwise)
  } catch (error) {
    return broke(rule, error instanceof Broken ? error.message : 'It could not be evaluated.')
  }
  return {
    rule,
    outcome: 'spoke',
    why: standing.why,
    opens: rule.effect !== 'deny' && standing.in === 'inside',
    elsewhere: false,
  }
}

/** Whether all that the rule looks at exists already. */
export function isJudgeable(rule: Rule, view: View): boolean {
  if (rule.where.size > 0 && view.resources === undefined) return false
  for (const clause of rule.clauses) if (!isKnown(clause, view)) return false
  return true
}

/** Whether the rule could speak once the missing facts are there: false only when something already rules it out. */
export function couldSpeak(rule: Rule, view: View): boolean {
  if (rule.where.size > 0 && view.resources !== undefined) {
    const standing = standingOf(rule, view)
    if (standing.in === 'outside' || (standing.in !== 'inside' && rule.effect === 'allow')) return false
  }
  for (const clause of rule.clauses) if (isKnown(clause, view) && !holdsOrBreaks(clause, view)) return false
  return true
}

export function silent(rule: Rule, why: string | undefined): Verdict {
  return { rule, outcome: 'silent', why, opens: false, elsewhere: false }
}

function broke(rule: Rule, why: string | undefined): Verdict {
  return { rule, outcome: 'broke', why, opens: false, elsewhere: false }
}

function isKnown({ roots }: Clause, view: View): boolean {
  for (const root of late) if (roots.has(root) && !view.has(root)) return false
  return true
}

/** All else is there from the start. */
const late = ['args', 'plan', 'resources'] as const satisfies readonly Root[]

function holdsOrBreaks(clause: Clause, view: View): boolean {
  try {
    return holds(clause, view)
  } catch {
    return true // What breaks is judged, and denied, when everything is known.
  }
}

function holds(clause: Clause, view: View): boolean {
  if (clause.roots.has('plan') || clause.roots.has('resources')) return clause.holds(view)
  const known = view.remembered.get(clause)
  if (known !== undefined) return known
  const answer = clause.holds(view)
  view.remembered.set(clause, answer)
  return answer
}

interface Standing {
  readonly in: 'inside' | 'part' | 'outside' | 'unknown'
  readonly why: string | undefined
}

const inside: Standing = { in: 'inside', why: undefined }

/**
 * Where the record stands to the rule's `where`. A record in several places is inside only with all of them; a rule
 * that forbids or holds also speaks when it is inside with some, because otherwise a second place would undo it.
 */
function standingOf(rule: Rule, view: View): Standing {
  let result = inside
  for (const [kind, ids] of rule.where) {
    const found = view.resources?.[kind]
    if (found === undefined || found.length === 0) {
      result = { in: 'unknown', why: `It is not known in which ${kind} the record is.` }
      continue
    }
    const within = found.filter((id) => ids.has(id)).length
    if (within === 0)
      return { in: 'outside', why: `The record is in ${kind} ${found.join(', ')}, not in ${[...ids].join(', ')}.` }
    if (within < found.length && result.in !== 'unknown')
      result = { in: 'part', why: `Only a part of the record is in ${kind} ${[...ids].join(', ')}.` }
  }
  return result
}
