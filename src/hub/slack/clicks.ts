// What Slack sends when somebody clicks: believed only with its signature, once, and only from people that are mapped.
// https://docs.slack.dev/authentication/verifying-requests-from-slack
import { isUtf8 } from 'node:buffer'
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { z } from 'zod'
import { actions } from './blocks.ts'
import type { Shown } from './blocks.ts'

export type Click =
  | { readonly do: 'approve'; readonly user: string; readonly shown: Shown }
  | { readonly do: 'ask-why'; readonly user: string; readonly shown: Shown; readonly trigger: string }
  | { readonly do: 'deny'; readonly user: string; readonly shown: Shown; readonly reason: string | undefined }
  /** A link that Slack opens by itself, or something that means nothing here. */
  | { readonly do: 'nothing' }

export interface ClicksOptions {
  readonly signingSecret: () => Promise<string>
  readonly now: () => Date
  /** Whether this signature is seen for the first time; durable when it resolves. */
  readonly first: (signature: string) => Promise<boolean>
  /** Slack gets its answer before this is done: it waits for three seconds only. */
  readonly act: (click: Click) => Promise<void>
}

const bodyMax = 256 * 1024
const toleranceMs = 5 * 60_000

export function slackClicks({ signingSecret, now, first, act }: ClicksOptions) {
  return {
    async handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
      if (incoming.method !== 'POST') return end(response, 405, 'Slack sends clicks with POST.')
      if (!isForm(incoming))
        return end(response, 415, 'Slack sends clicks as application/x-www-form-urlencoded, not compressed.')
      const body = await readAll(incoming)
      if (body === undefined) return end(response, 413, 'The click is larger than Slack makes them.')
      const { headers } = incoming
      const signature = String(headers['x-slack-signature'] ?? '')
      const sentAt = String(headers['x-slack-request-timestamp'] ?? '')
      if (!isFresh(sentAt, now()) || !isSigned(await signingSecret(), sentAt, body, signature))
        return end(response, 401, 'The signature of Slack is missing, old or wrong.')
      const click = parseClick(body)
      if (click === undefined) return end(response, 400, 'This is not a click that Slack sends.')
      if (!(await first(signature))) return end(response, 409, 'This click has been here before.')
      end(response, 200, '')
      await act(click)
    },
  }
}

/** Of the bytes as they came: decoded, different ones may read the same. */
export function sign(secret: string, sentAt: string, body: string | Buffer): string {
  return `v0=${createHmac('sha256', secret).update(`v0:${sentAt}:`).update(body).digest('hex')}`
}

function isSigned(secret: string, sentAt: string, body: Buffer, signature: string): boolean {
  const expected = Buffer.from(sign(secret, sentAt, body))
  const given = Buffer.from(signature)
  return given.byteLength === expected.byteLength && timingSafeEqual(given, expected)
}

function isFresh(sentAt: string, now: Date): boolean {
  if (!/^\d{9,11}$/.test(sentAt)) return false
  return Math.abs(now.getTime() - Number(sentAt) * 1000) <= toleranceMs
}

const user = z.object({ id: z.string().regex(/^[UW][A-Z0-9]{2,30}$/) })
const shown = z.strictObject({ id: z.string().max(80), digest: z.string().regex(/^[0-9a-f]{64}$/) })
const pressed = z.object({
  type: z.literal('block_actions'),
  user,
  trigger_id: z.string().max(400).default(''),
  actions: z.array(z.object({ action_id: z.string(), value: z.string().max(2000).default('') })).length(1),
})
const submitted = z.object({
  type: z.literal('view_submission'),
  user,
  view: z.object({
    callback_id: z.literal(actions.deny),
    private_metadata: z.string().max(3000),
    state: z.object({
      values: z.object({ reason: z.object({ reason: z.object({ value: z.string().max(500).nullish() }) }) }),
    }),
  }),
})

/** Undefined for what Slack does not send. */
function parseClick(body: Buffer): Click | undefined {
  const [text, ...more] = isUtf8(body) ? new URLSearchParams(body.toString('utf8')).getAll('payload') : []
  // Of two, readers would differ on which is meant.
  if (text === undefined || more.length > 0) return undefined
  const payload = json(text)
  const view = submitted.safeParse(payload)
  if (view.success) {
    const found = shown.safeParse(json(view.data.view.private_metadata))
    const reason = view.data.view.state.values.reason.reason.value?.trim()
    const given = reason === undefined || reason === '' ? undefined : reason
    return found.success ? { do: 'deny', user: view.data.user.id, shown: found.data, reason: given } : undefined
  }
  const click = pressed.safeParse(payload)
  if (!click.success) return undefined
  const { action_id: action = '', value = '' } = click.data.actions[0] ?? {}
  const found = shown.safeParse(json(value))
  if (action === actions.open) return { do: 'nothing' }
  if (!found.success) return undefined
  const who = click.data.user.id
  if (action === actions.approve) return { do: 'approve', user: who, shown: found.data }
  if (action === actions.deny) return { do: 'ask-why', user: who, shown: found.data, trigger: click.data.trigger_id }
  return undefined
}

/** Nothing is unpacked here: a signed kilobyte could become a gigabyte. */
function isForm({ headers }: IncomingMessage): boolean {
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
  return type === 'application/x-www-form-urlencoded' && headers['content-encoding'] === undefined
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function readAll(incoming: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.byteLength
    if (size > bodyMax) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function end(response: ServerResponse, status: number, sentence: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' }).end(sentence)
}
