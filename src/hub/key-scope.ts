// What a credential reaches at most: the accounts of its tenant, and the tools that an API key names. Policy narrows the rest.
import { glob } from '../kit/glob.ts'
import type { Principal, ToolFacts } from '../kit/policy.ts'
import type { Decision, Policy } from '../policy/decide.ts'

/**
 * The same policy, denying what lies outside the caller's credential.
 *
 * @param tenants whose each configured instance is; the hub's own tools are everybody's
 */
export function withinCredential(policy: Policy, tenants: ReadonlyMap<string, readonly string[]>): Policy {
  const outside = ({ tenant, tools }: Principal, { name, instance, connector, write }: ToolFacts): Decision | undefined => {
    if (tenants.get(instance)?.includes(tenant) === false)
      return denied(`${name} works in an account of another organisation.`)
    // Whoever may make a call may ask how it ended.
    if (connector === 'hub' && !write) return undefined
    if (tools === undefined || tools.some((pattern) => glob(name, pattern))) return undefined
    return denied(`This API key does not cover ${name}.`)
  }
  return {
    ...policy,
    refuses: (facts) => outside(facts.principal, facts.tool) ?? policy.refuses(facts),
    soFar: (facts) => outside(facts.principal, facts.tool) ?? policy.soFar(facts),
    decide: (facts) => outside(facts.principal, facts.tool) ?? policy.decide(facts),
  }
}

function denied(because: string): Decision {
  return {
    effect: 'deny',
    rule: 'credential',
    because,
    instead: undefined,
    approvers: [],
    masks: [],
    rules: [],
  }
}
