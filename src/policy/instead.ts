// What a refused caller could do instead, in a sentence.
import type { PartialFacts } from './facts.ts'
import type { Rule, RuleEffect, Verdict } from './rule.ts'

/** `known` are all rules of the tool, whomever they are for; `verdicts` those that fit the person. */
export function insteadOf(
  effect: RuleEffect,
  known: readonly Rule[],
  verdicts: readonly Verdict[],
  { tool }: PartialFacts,
): string | undefined {
  if (effect !== 'deny') return undefined
  const silent = verdicts.filter(({ rule }) => rule.effect !== 'deny')
  if (silent.length === 0) return rolesInstead(known, tool.name)
  const missed = silent.filter(({ elsewhere }) => elsewhere)
  if (missed.length === silent.length) return `You can use it in ${scopes(missed.map(({ rule }) => rule))}.`
  const places = silent.map(({ rule, why }) => `${rule.at}${why === undefined ? '' : ` (${why.replace(/\.$/, '')})`}`)
  return `A rule for you is silent on this call: ${places.join('; ')}.`
}

function rolesInstead(known: readonly Rule[], tool: string): string {
  const open = known.filter(({ effect }) => effect !== 'deny')
  if (open.length === 0) return `No policy has a sentence that opens ${tool} to anyone.`
  const roles = [...new Set(open.flatMap(({ who }) => [...(who?.roles ?? [])]))].toSorted()
  if (roles.length === 0) return `The policy opens ${tool} to some people by name only.`
  return `The policy opens ${tool} to ${roles.length === 1 ? 'the role' : 'the roles'} ${roles.join(', ')}.`
}

function scopes(rules: readonly Rule[]): string {
  const ids = new Map<string, Set<string>>()
  for (const { where } of rules)
    for (const [kind, some] of where) ids.set(kind, new Set([...(ids.get(kind) ?? []), ...some]))
  return [...ids].map(([kind, some]) => `${kind} ${[...some].join(', ')}`).join(' and ')
}
