// The queue, one request, and the answers that a person can give. Who may decide, and on what, is the hub's own business.
import { HubError } from '../kit/error.ts'
import type { JsonObject } from '../kit/json.ts'
import { cutText } from '../kit/text.ts'
import { alikeOf } from './grants.ts'
import { risksOf } from './risk.ts'
import type { Asked, Route } from './routes.ts'
import type { ApprovalLine, Queue, RequestView, Stop, StopScope } from './wire.ts'

export const approvals: readonly Route[] = [
  { method: 'GET', path: /^\/admin\/api\/approvals$/, role: 'viewer', run: queue },
  { method: 'GET', path: /^\/admin\/api\/approvals\/([\w-]+)$/, role: 'viewer', run: request },
  { method: 'POST', path: /^\/admin\/api\/approvals\/([\w-]+)\/approve$/, role: 'approver', run: approve },
  { method: 'POST', path: /^\/admin\/api\/approvals\/([\w-]+)\/deny$/, role: 'approver', run: deny },
  { method: 'POST', path: /^\/admin\/api\/approvals\/([\w-]+)\/change$/, role: 'approver', run: change },
  { method: 'GET', path: /^\/admin\/api\/stops$/, role: 'viewer', run: stops },
  { method: 'POST', path: /^\/admin\/api\/stops$/, role: 'operator', run: stop },
  { method: 'POST', path: /^\/admin\/api\/stops\/resume$/, role: 'operator', run: resume },
]

const pageSize = 100
const summaryMax = 300

interface Decision {
  readonly status: string
  readonly message: string
}

async function queue({ hub, query }: Asked): Promise<Queue> {
  const before = query.get('before')
  const { items, next } = await hub.approvals.page({ limit: pageSize, ...(before !== null && { before }) })
  return { items: items.map(shortened), next }
}

/** The list is for finding; the request itself is shown whole. */
function shortened(line: ApprovalLine): ApprovalLine {
  const { text, cut } = cutText(line.summary, summaryMax)
  return { ...line, summary: cut ? `${text} …` : text, targets: line.targets.slice(0, 5) }
}

async function request({ hub, visitor, id }: Asked): Promise<RequestView> {
  const view = await hub.approvals.view(id, visitor.approver)
  return {
    ...view,
    outcome: view.outcome && { status: view.outcome.status, message: view.outcome.message },
    effects: view.effects.map((effect) => ({ ...effect, link: hub.linkOf(view.instance, effect.target) })),
    risks: risksOf(view),
    sandbox: hub.isSandbox(view.instance),
    changeable: view.effects.length > 0,
    alike: await alikeOf(hub, id),
  }
}

async function approve({ hub, visitor, id, body }: Asked): Promise<Decision> {
  const { status, message } = await hub.approvals.approve(id, visitor.approver, { digest: shownDigest(body) })
  return { status, message }
}

async function deny({ hub, visitor, id, body }: Asked): Promise<Decision> {
  const { status, message } = await hub.approvals.deny(id, visitor.approver, reasonOf(body, 'whoever asked reads it'))
  return { status, message }
}

async function change({ hub, visitor, id, body }: Asked): Promise<{ readonly id: string }> {
  const given = body['arguments']
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new HubError('invalid_input', 'The arguments are a JSON object.')
  const fresh = await hub.approvals.change(id, visitor.approver, given as JsonObject)
  return { id: fresh.id }
}

async function stops({ hub }: Asked): Promise<readonly Stop[]> {
  return await hub.stops.list()
}

async function stop({ hub, visitor, body }: Asked): Promise<readonly Stop[]> {
  await hub.stops.stop(scopeOf(body['scope']), visitor.approver, reasonOf(body, 'whoever wants to resume reads it'))
  return await hub.stops.list()
}

async function resume({
  hub,
  visitor,
  body,
}: Asked): Promise<{ readonly resumed: boolean; readonly stops: readonly Stop[] }> {
  const { resumed } = await hub.stops.resume(
    scopeOf(body['scope']),
    visitor.approver,
    reasonOf(body, 'it stays in the audit'),
  )
  return { resumed, stops: await hub.stops.list() }
}

/** A yes is to what was on the screen, and to nothing that took its place. */
function shownDigest(body: Asked['body']): string {
  const { digest } = body
  if (typeof digest === 'string' && digest !== '') return digest
  throw new HubError('invalid_input', 'Say what was on the screen: its digest.')
}

function reasonOf({ reason }: Asked['body'], reader: string): string {
  if (typeof reason === 'string' && reason.trim() !== '' && reason.length <= 1000) return reason.trim()
  throw new HubError('invalid_input', `Say why, in at most 1000 characters: ${reader}.`)
}

function scopeOf(value: unknown): StopScope {
  const { kind, id } = (typeof value === 'object' && value !== null ? value : {}) as { kind?: unknown; id?: unknown }
  if (kind === 'all') return { kind }
  if ((kind === 'principal' || kind === 'connector' || kind === 'tool') && typeof id === 'string' && id.length <= 100)
    return { kind, id }
  throw new HubError('invalid_input', 'Stop all, or one principal, connector or tool.')
}
