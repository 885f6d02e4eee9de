// One tool call, start to finish: the only way in which anything reaches a vendor.
import { HubError } from '../kit/error.ts'
import type { JsonObject } from '../kit/json.ts'
import type { Facts } from '../kit/policy.ts'
import type { AnyReadTool, AnyWriteTool } from '../kit/tool.ts'
import { denied, failure, previewed, wouldHold } from './answers.ts'
import { redeem } from './approvals.ts'
import { parseArguments, refuseSecrets } from './arguments.ts'
import { closeTrail, mayGoUnrecorded, openTrail } from './audit.ts'
import type { Story, Trail } from './audit.ts'
import type { Answer, Call, Offer, Services, Version } from './call.ts'
import { carryOut, sendingMs } from './carry-out.ts'
import { hold } from './hold.ts'
import { begin, keyOf, recall } from './ledger.ts'
import { takeLimits } from './limits.ts'
import { mayLook, read } from './look.ts'
import { maskPlan } from './mask.ts'
import { takeStanding } from './in-advance.ts'
import { bindingOf, boundDigest, decidePlan, viewOf } from './plan.ts'
import { refuseStopped } from './switch.ts'
import { operationUndo, undo } from './undo.ts'
import { askedOf, planned } from './work.ts'
import type { Work } from './work.ts'

/** Never throws: a refusal, a fault of the vendor and a fault of ours are answers too. */
export async function handle(call: Call, hub: Services): Promise<Handled> {
  const trail = openTrail(call, hub.current(), hub)
  const answer = await settle(call, trail, hub).catch((error: unknown) => fail(error, call, hub))
  return { answer: await closeTrail(trail, withNotes(answer, trail), hub), story: trail.story }
}

export interface Handled {
  readonly answer: Answer
  /** For those who may see why: never for the caller. */
  readonly story: Story
}

async function settle(call: Call, trail: Trail, hub: Services): Promise<Answer> {
  const { version, story } = trail
  const broken = hub.store.broken()
  if (broken !== undefined && !mayGoUnrecorded(version, call, hub))
    throw new HubError('unavailable', `Nothing can be recorded now, so nothing is done. ${broken}`)

  const offer = (story.offer = find(version, call.tool))
  const asked = (story.asked = parseArguments(offer, call.arguments))
  const facts: Facts = { principal: call.principal, tool: offer.facts, args: asked.args, now: hub.now() }

  await refuseStopped(call.principal, offer, hub)
  const refusal = version.policy.refuses(facts)
  if (refusal) return denied((story.decision = refusal), offer)
  await takeLimits(call, offer, version, hub)
  refuseSecrets(asked, hub)

  const work: Work = { call, trail, offer, asked, facts, hub }
  if (offer.tool === operationUndo) return await undo(work, async (inverse) => (await handle(inverse, hub)).answer)
  if (offer.tool.kind === 'read') return await look(work, offer.tool)
  return await change(work, offer.tool)
}

async function look(work: Work, tool: AnyReadTool): Promise<Answer> {
  const { call, trail, offer, asked, hub } = work
  const { decision, look: may } = mayLook(work, tool)
  trail.story.decision = decision
  if (decision.effect === 'ask' && call.explains) return wouldHold(decision)
  if (decision.effect === 'ask') {
    const key = await keyOf(call, offer, asked, hub)
    const repeat = await recall(call, offer, asked, hub)
    return repeat ? await redeem(repeat, call, hub) : await hold({ ...work, asked: { ...asked, key } }, decision, undefined)
  }
  return may ? await redeem(await read(work, tool, decision), call, hub) : denied(decision, offer)
}

async function change(work: Work, tool: AnyWriteTool): Promise<Answer> {
  const { call, trail, offer, asked, facts, hub } = work
  const { version, story } = trail
  // Before it looks for an earlier call: an equal one that comes in between takes the same key, and the insert decides.
  const key = await keyOf(call, offer, asked, hub)
  const repeat = asked.dryRun ? undefined : await recall(call, offer, asked, hub)
  if (repeat) return await redeem(repeat, call, hub)

  const plan = await planned(work, tool)
  story.plan = viewOf(plan)
  const decision = (story.decision = decidePlan(version, facts, offer, plan))
  if (decision.effect === 'deny') return denied(decision, offer)
  const { plan: view, met } = maskPlan(story.plan, decision.masks)
  if (asked.dryRun || decision.effect === 'preview') return previewed(decision, view, met, asked.dryRun)
  const binding = bindingOf(offer, decision, version)
  const digest = boundDigest(askedOf(work, plan), binding)
  const standing = { tenant: call.principal.tenant, principal: call.principal.id, tool: offer.name, digest }
  const given = decision.effect === 'ask' ? await takeStanding(standing, plan, decision, hub) : undefined
  if (decision.effect === 'ask' && !given) return await hold({ ...work, asked: { ...asked, key } }, decision, plan)

  await trail.opened
  const operation = await begin(
    {
      state: 'intent',
      planDigest: digest,
      plan: plan as unknown as JsonObject,
      details: { call: call.id, ...(given && { standing: given.standing }) },
      deadlineAt: new Date(hub.now().getTime() + sendingMs(version)).toISOString(),
    },
    call,
    offer,
    { ...asked, key },
    hub,
    { puts: given?.puts ?? [] },
  )
  return await carryOut({ ...work, operation, plan, granted: given && { yeses: given.granted, escalatedTo: [] } }, tool)
}

/** What a session has to say of itself, such as that it was not the caller's own account. */
function withNotes(answer: Answer, { story }: Trail): Answer {
  const said = [...new Set(story.sessions.flatMap(({ note }) => note ?? []))]
  return said.length === 0 ? answer : { ...answer, notes: [...(answer.notes ?? []), ...said] }
}

function find(version: Version, name: string): Offer {
  const offer = version.offers.get(name)
  if (offer?.state === 'on') return offer
  throw new HubError(
    'not_found',
    `There is no tool called ${JSON.stringify(name.slice(0, 64))} here, or it is switched off.`,
  )
}

function fail(error: unknown, call: Call, hub: Services): Answer {
  if (!(error instanceof HubError) || error.code === 'internal')
    hub.log.error({ call: call.id, err: error }, 'a call failed inside the hub')
  else if (error.cause !== undefined) hub.log.warn({ call: call.id, code: error.code, err: error.cause }, 'a call failed')
  return failure(error)
}
