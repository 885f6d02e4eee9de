// A yes that was given in advance, found and used up by the call that it is for.
import { glob } from '../kit/glob.ts'
import type { Put } from '../kit/record.ts'
import type { Plan } from '../kit/tool.ts'
import type { Decision } from '../policy/decide.ts'
import { mayForThemselves, samePerson } from './approver.ts'
import type { Services } from './call.ts'
import { yesesOf } from './granted.ts'
import type { Granted } from './granted.ts'
import { listMax, standingKind as kind, standingOf } from './standing.ts'
import type { Standing } from './standing.ts'

export interface Taken {
  /** The standing grant. */
  readonly standing: string
  readonly granted: readonly Granted[]
  /** One less of it: goes into the transaction that begins the operation. */
  readonly puts: readonly Put[]
}

/**
 * A standing yes to exactly this plan, where there is one that is enough. Never for what people outside would see, or
 * what calls everybody: that is looked at each time.
 */
export async function takeStanding(
  call: { readonly tenant: string; readonly principal: string; readonly tool: string; readonly digest: string },
  plan: Plan,
  decision: Decision,
  hub: Services,
): Promise<Taken | undefined> {
  if (plan.audience.external || plan.audience.massMention) return undefined
  const { tenant } = call
  const at = hub.now().toISOString()
  for (const document of await hub.store.documents({ tenant, kind, limit: listMax })) {
    const standing = standingOf(document, hub)
    if (standing.state !== 'active' || !fits(standing, call, plan, hub)) continue
    const given: Granted = {
      by: standing.grantedBy,
      channel: standing.channel,
      at,
      digest: call.digest,
      standing: standing.id,
    }
    const yeses = await yesesOf([given], { ...call, escalatedTo: [] }, hub)
    if (!yeses.covers(decision.approvers)) continue
    const value = { ...document.value, left: standing.left - 1 }
    return {
      standing: standing.id,
      granted: [given],
      puts: [{ tenant, kind, id: document.id, version: document.version, value, at }],
    }
  }
  return undefined
}

function fits(
  standing: Standing,
  call: { readonly principal: string; readonly tool: string },
  plan: Plan,
  hub: Services,
): boolean {
  const { tool, principal, where, grantedBy, channel } = standing
  if (!glob(call.tool, tool)) return false
  if (principal !== undefined && !samePerson(principal, call.principal, hub)) return false
  const own = samePerson(grantedBy, call.principal, hub)
  if (own && !mayForThemselves({ id: grantedBy, channel }, call.principal, hub)) return false
  return Object.entries(where).every(([name, ids]) =>
    plan.effects.every(({ resources }) => {
      const found = [resources[name] ?? []].flat()
      return found.length > 0 && found.every((id) => ids.includes(id))
    }),
  )
}
