// The audit of a call: one entry when it arrives, one when it ends, in one chain with the operations.
import { HubError } from '../kit/error.ts'
import type { ChainHead } from '../kit/chain.ts'
import { digest } from '../kit/json.ts'
import type { JsonObject } from '../kit/json.ts'
import type { AuditDraft } from '../kit/record.ts'
import type { Decision } from '../policy/decide.ts'
import { failure } from './answers.ts'
import type { Asked } from './arguments.ts'
import type { Answer, Call, Offer, PlanView, Services, Session, Version } from './call.ts'

/** What became known of a call on its way; whatever is missing was never reached. */
export interface Story {
  offer?: Offer
  asked?: Asked
  decision?: Decision
  plan?: PlanView
  sessions: Session[]
  /** Where the entry is that closed the call, for an operation. */
  closed?: ChainHead
  /** Where the entry is that opened the call, as soon as that is durable. */
  opened?: ChainHead
}

/** One call on its way through the hub: the one version it sees, and what is known of it so far. */
export interface Trail {
  readonly call: Call
  readonly version: Version
  readonly startedAt: Date
  readonly story: Story
  /** Settles when the opening entry is durable, or rejects when it could not be written. */
  readonly opened: Promise<void>
  /** Why the opening entry could not be written, once that is known. */
  lost: unknown
}

/** The opening entry gets its place in line at once; nobody waits for the disk yet. */
export function openTrail(call: Call, version: Version, hub: Services): Trail {
  // A write waits for it before it sends anything.
  const when = version.offers.get(call.tool)?.facts.write ? 'now' : 'soon'
  const story: Story = { sessions: [] }
  const opened = hub.store
    .append(openedEntry(call, version, hub), when)
    .then(({ seq, hash }) => void (story.opened = { seq, hash }))
  const trail: Trail = { call, version, startedAt: hub.now(), story, opened, lost: undefined }
  opened.catch((error: unknown) => {
    trail.lost = error
    hub.log.error({ call: call.id, err: error }, 'the arrival of a call could not be recorded')
  })
  return trail
}

/**
 * The closing entry. The answer of an operation waits until it is durable; that of a read does not, so that a crash may
 * lose the last few reads.
 */
export async function closeTrail(trail: Trail, answer: Answer, hub: Services): Promise<Answer> {
  const { call, story, startedAt } = trail
  const shown = hub.scrub(answer as unknown as JsonObject) as unknown as Answer
  const when = shown.operation_id === undefined ? 'soon' : 'now'
  const recorded = hub.store.append(closedEntry(call, story, shown, startedAt, hub), when)
  const closed = recorded.then(keepPlace, (error: unknown) => {
    // The outcome of an operation is in the ledger already, so the caller still hears the truth.
    hub.log.error({ call: call.id, err: error }, 'the end of a call could not be recorded')
    hub.unrecorded?.count()
  })
  if (shown.operation_id !== undefined) await closed
  else if (trail.lost !== undefined && !mayGoUnrecorded(trail.version, call, hub))
    return failure(new HubError('unavailable', 'The call could not be recorded, so its answer is withheld. Try again.'))
  return shown

  function keepPlace({ seq, hash }: ChainHead): void {
    if (when === 'now') story.closed = { seq, hash }
  }
}

/** A read, where whoever runs the hub prefers a gap in the record to no answers. */
export function mayGoUnrecorded(version: Version, call: Call, hub: Services): boolean {
  return hub.unrecorded?.allowed() === true && version.offers.get(call.tool)?.tool.kind === 'read'
}

/** Arguments longer than this are kept as their digest only. */
const argsBytesMax = 16 * 1024

/** An entry that only lacks its place in the chain. Every secret that the hub knows is taken out. */
export function entry(
  hub: Services,
  tenant: string,
  kind: string,
  call: string | undefined,
  payload: JsonObject,
): AuditDraft {
  return { tenant, id: hub.id('ae'), at: hub.now().toISOString(), kind, call, payload: hub.scrub(payload) }
}

function openedEntry(call: Call, version: Version, hub: Services): AuditDraft {
  return entry(hub, call.principal.tenant, 'call.opened', call.id, {
    door: call.door,
    principal: call.principal.id,
    roles: [...call.principal.roles],
    tool: call.tool.slice(0, 128).toWellFormed(),
    args_digest: digestOf(call.arguments),
    version: version.id,
  })
}

function closedEntry(call: Call, story: Story, answer: Answer, startedAt: Date, hub: Services): AuditDraft {
  return entry(hub, call.principal.tenant, 'call.closed', call.id, {
    status: answer.status,
    ms: Math.max(0, hub.now().getTime() - startedAt.getTime()),
    tool: call.tool.slice(0, 128).toWellFormed(),
    principal: call.principal.id,
    ...(answer.operation_id !== undefined && { operation: answer.operation_id }),
    ...(answer.error && { error: answer.error.code }),
    ...(answer.status !== 'done' && { message: answer.message }),
    ...(answer.replayed && { replayed: true }),
    ...(answer.masked && { masked: [...answer.masked] }),
    ...(answer.result && { result_digest: digestOf(answer.result) }),
    ...(story.asked && askedFacts(story.asked)),
    ...(story.decision && decisionFacts(story.decision)),
    ...(story.plan && { plan: story.plan as unknown as JsonObject }),
    ...accountOf(story),
    vendor: requestsOf(story),
  })
}

/** Whose own account it was, where it was not the hub's. */
function accountOf({ sessions }: Story): JsonObject {
  const account = sessions.find((session) => session.account !== undefined)?.account
  return account === undefined ? {} : { account }
}

function askedFacts(asked: Asked): JsonObject {
  const small = asked.argsBytes <= argsBytesMax
  return { args: small ? asked.args : { digest: asked.argsDigest }, dry_run: asked.dryRun }
}

function decisionFacts(decision: Decision): JsonObject {
  const rules = decision.rules
    .filter((rule) => rule.outcome !== 'silent')
    .map((rule) => ({
      rule: rule.rule,
      effect: rule.effect,
      outcome: rule.outcome,
      ...(rule.why !== undefined && { why: rule.why }),
    }))
  return { effect: decision.effect, rule: decision.rule, rules }
}

/** Every request that reached, or tried to reach, the vendor. */
export function requestsOf(story: Story): JsonObject[] {
  const requests = story.sessions.flatMap((session) => session.requests)
  return requests.map(({ method, route, path, status, ms }) => ({ method, route, path, status: status ?? null, ms }))
}

/** A digest of anything a caller may send, also of what is not canonical. */
function digestOf(value: unknown): string {
  try {
    return digest(value ?? {})
  } catch {
    return 'not canonical'
  }
}
