// Approvals in Slack: each request is posted to the approvers' channel, decided there by those who may, and kept up to date.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ApprovalView } from '../../call/approval-view.ts'
import type { Approver } from '../../call/approver.ts'
import type { Services } from '../../call/call.ts'
import { guardedFetch } from '../../egress/fetch.ts'
import { HubError } from '../../kit/error.ts'
import type { JsonObject } from '../../kit/json.ts'
import type { Document } from '../../kit/record.ts'
import type { Deciding } from '../deciding.ts'
import { reasonModal, requestMessage } from './blocks.ts'
import type { Message } from './blocks.ts'
import { slackClicks } from './clicks.ts'
import type { Click } from './clicks.ts'

export interface SlackApprovalsSettings {
  /** The id of the approvers' channel. */
  readonly channel: string
  /** Persons of the configuration by their Slack ids. */
  readonly people: ReadonlyMap<string, string>
}

export interface SlackApprovalsOptions {
  /** Undefined while the configuration names none. */
  readonly settings: () => SlackApprovalsSettings | undefined
  readonly tenant: () => string
  readonly services: () => Services
  readonly approvals: Deciding['approvals']
  /** Where Slack is: itself, or the sandbox that plays it. */
  readonly slack: () => Promise<{ readonly base: string; readonly loopback: boolean; readonly token: string }>
  readonly signingSecret: () => Promise<string>
  /** Where the admin app shows a request. */
  readonly link: (id: string) => string | undefined
  /** The page at the vendor of what an effect changes. */
  readonly linkOf: (instance: string, target: string) => string | undefined
  /** At least 0, less than 1. */
  readonly random: () => number
}

export interface SlackApprovals {
  /** Posts what is new, and brings up to date what was decided anywhere. Of several processes, one does each. */
  sync(): Promise<void>
  handle(incoming: IncomingMessage, response: ServerResponse): Promise<void>
}

const posted = 'slack-approval'
const clicked = 'slack-click'
/** Somebody who began to post and did not finish has died. */
const leaseMs = 60_000
const clickKeptMs = 15 * 60_000
const timeoutMs = 10_000
const atOnce = 50

/** One posted request: where it stands in Slack, and what was last shown there. */
interface Posted {
  readonly channel: string
  /** Empty until it is posted. */
  readonly ts: string
  readonly shown: string
}

export function slackApprovals(options: SlackApprovalsOptions): SlackApprovals {
  const { settings, tenant, services, approvals } = options
  const at = () => services().now().toISOString()
  const later = (ms: number) => new Date(services().now().getTime() + ms).toISOString()

  async function sync(): Promise<void> {
    const chosen = settings()
    if (!chosen) return
    const { items } = await approvals.page({ limit: atOnce, states: 'waiting' })
    for (const { id } of items.toReversed()) await once(() => post(id, chosen.channel))
    const { store } = services()
    for (const document of await store.documents({ tenant: tenant(), kind: posted, dueBy: at(), limit: atOnce }))
      await once(() => update(document))
    for (const { id } of await store.documents({ tenant: tenant(), kind: clicked, dueBy: at(), limit: atOnce }))
      await store.put([{ tenant: tenant(), kind: clicked, id, value: undefined, at: at() }])
  }

  async function post(id: string, channel: string): Promise<void> {
    const { store } = services()
    if (await store.document(tenant(), posted, id)) return
    const view = await approvals.view(id)
    const begun: Posted = { channel, ts: '', shown: '' }
    if (!(await keep(id, begun, 0, later(leaseMs)))) return
    await show(id, begun, 1, view)
  }

  async function update({ id, version, value }: Document): Promise<void> {
    const before = value as unknown as Posted
    const view = await approvals.view(id).catch(() => undefined)
    const { store } = services()
    if (!view) return void (await store.put([{ tenant: tenant(), kind: posted, id, version, value: undefined, at: at() }]))
    if (before.shown !== standingOf(view)) await show(id, before, version, view)
  }

  /** Posts it, or changes the message that is there; then remembers what it shows. */
  async function show(id: string, before: Posted, version: number, view: ApprovalView): Promise<void> {
    const links = view.effects.map(({ target }) => options.linkOf(view.instance, target))
    const message = requestMessage(view, options.link(id), links)
    const ts =
      before.ts === ''
        ? await call('chat.postMessage', { channel: before.channel, ...sendable(message) })
        : await call('chat.update', { channel: before.channel, ts: before.ts, ...sendable(message) })
    const over = view.state !== 'waiting' && view.state !== 'approved' && view.state !== 'running'
    await keep(id, { ...before, ts: before.ts || ts, shown: standingOf(view) }, version, over ? undefined : at())
  }

  async function keep(id: string, value: Posted, version: number, dueAt: string | undefined): Promise<boolean> {
    const kept = { ...value } as unknown as JsonObject
    const put = { tenant: tenant(), kind: posted, id, version, value: kept, at: at(), ...(dueAt !== undefined && { dueAt }) }
    return await services().store.put([put])
  }

  /** @returns the message's `ts`, where there is one */
  async function call(method: string, body: JsonObject): Promise<string> {
    const { base, loopback, token } = await options.slack()
    const { fetch } = guardedFetch({
      base,
      reads: [],
      writes: ['chat.postMessage', 'chat.update', 'chat.postEphemeral', 'views.open'].map((name) => `POST /api/${name}`),
      loopback,
      signal: AbortSignal.timeout(timeoutMs),
      now: () => services().now(),
      random: options.random,
      timeoutMs,
    })
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json; charset=utf-8' }
    const response = await fetch(`${base}/api/${method}`, { method: 'POST', headers, body: JSON.stringify(body) })
    const answer = (await response.json().catch(() => ({}))) as {
      readonly ok?: boolean
      readonly error?: string
      readonly ts?: string
    }
    if (answer.ok === true) return answer.ts ?? ''
    throw new HubError('unavailable', `Slack did not take ${method} of an approval.`, {
      cause: answer.error ?? response.status,
    })
  }

  async function once(step: () => Promise<void>): Promise<void> {
    await step().catch((error: unknown) =>
      services().log.warn({ err: error }, 'an approval could not be shown in Slack; it is tried again'),
    )
  }

  async function act(click: Click): Promise<void> {
    if (click.do === 'nothing') return
    const chosen = settings()
    const person = chosen?.people.get(click.user)
    try {
      if (!chosen || person === undefined)
        throw new HubError('forbidden', 'The configuration maps nobody to this Slack account (approvals.slack.people).')
      await decide(click, { tenant: tenant(), id: person, channel: 'slack' })
    } catch (error) {
      await tell(click.user, error)
    }
    await sync()
  }

  async function decide(click: Exclude<Click, { do: 'nothing' }>, approver: Approver): Promise<void> {
    const { id, digest } = click.shown
    if (click.do === 'ask-why') {
      await call('views.open', { trigger_id: click.trigger, view: reasonModal(click.shown) })
      return
    }
    if (click.do === 'approve') await approvals.approve(id, approver, { digest })
    else await approvals.deny(id, approver, click.reason)
  }

  /** Only the one who clicked sees it. */
  async function tell(user: string, error: unknown): Promise<void> {
    const known = error instanceof HubError
    services().log.warn({ err: error, user }, 'a click in Slack was not followed')
    const text = known ? error.message : 'The hub failed; whoever runs it finds the cause in its log.'
    const channel = settings()?.channel
    if (channel !== undefined)
      await once(async () => void (await call('chat.postEphemeral', { channel, user, text: unparsed(text) })))
  }

  const clicks = slackClicks({
    signingSecret: options.signingSecret,
    now: () => services().now(),
    first: async (signature) =>
      await services().store.put([
        { tenant: tenant(), kind: clicked, id: signature, version: 0, value: {}, dueAt: later(clickKeptMs), at: at() },
      ]),
    act,
  })
  return { sync, handle: (incoming, response) => clicks.handle(incoming, response) }
}

/** What a message shows of a request; when it is another, the message is brought up to date. */
function standingOf(view: ApprovalView): string {
  return [view.state, ...view.granted.map(({ by }) => by)].join(' ')
}

function sendable({ text, blocks }: Message): JsonObject {
  return { text: unparsed(text), blocks: [...blocks], unfurl_links: false, unfurl_media: false }
}

/** Slack reads these three as the begin of something. https://docs.slack.dev/messaging/formatting-message-text#escaping */
function unparsed(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
