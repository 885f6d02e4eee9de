// The few pages of connecting, for a person at a browser: what will happen, the way to the vendor, and how it went.
import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { HubError } from '../kit/error.ts'
import type { Accounts, ConnectionView } from './accounts.ts'
import type { Connectable, Owner } from './connection.ts'
import type { Flows } from './flow.ts'

export interface PagesOptions {
  readonly flows: Flows
  readonly accounts: Accounts
  readonly connectable: (instance: string) => Connectable
  /** Who sits at this browser; undefined for somebody who has to sign in first. */
  readonly visitor: (incoming: IncomingMessage) => Promise<{ readonly tenant: string; readonly person: string } | undefined>
  /** Whether browsers come over https. */
  readonly secure: boolean
  readonly warn: (fields: object, message: string) => void
}

export interface Pages {
  /** Answers a request whose path begins with `/connect/`; its host and origin have been checked. */
  handle(incoming: IncomingMessage, response: ServerResponse): Promise<void>
}

const styles =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:4rem auto;padding:0 1rem;color:#1c1d1f;background:#fff}' +
  'h1{font-size:1.4rem}button{font:inherit;padding:.5rem 1rem;border:1px solid #1c1d1f;border-radius:.3rem;background:#1c1d1f;color:#fff;cursor:pointer}' +
  'button.plain{background:#fff;color:#1c1d1f}form{margin:1rem 0}.quiet{color:#55585d}'
const styleHash = createHash('sha256').update(styles).digest('base64')

const flowSeconds = 600
const bodyMax = 4096

class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export function connectPages({ flows, accounts, connectable, visitor, secure, warn }: PagesOptions): Pages {
  const cookie = secure ? '__Host-toolgate-connect' : 'toolgate-connect'

  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? '/', 'http://hub')
    if (url.pathname === '/connect/callback') return await finish(incoming, url.searchParams, response)
    const instance = /^\/connect\/to\/([a-z][a-z0-9]{1,11})$/.exec(url.pathname)?.[1]
    if (instance === undefined) throw new Refusal(404, 'There is no such page.')
    if (incoming.method === 'GET')
      return await show(instance, url.searchParams.get('ticket') ?? undefined, incoming, response)
    if (incoming.method === 'POST') return await begin(instance, incoming, response)
    throw new Refusal(405, 'Ask with GET or POST.')
  }

  async function show(
    instance: string,
    ticket: string | undefined,
    incoming: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const target = connectable(instance)
    const { title } = target
    const owner = await ownerOf(instance, ticket, incoming)
    const view = await accounts.view(owner)
    const given = ticket === undefined ? '' : `<input type="hidden" name="ticket" value="${escaped(ticket)}">`
    const form = (does: string, label: string, look = '') =>
      `<form method="post" action="/connect/to/${instance}">${given}<input type="hidden" name="does" value="${does}"><button${look}>${escaped(label)}</button></form>`
    // Taking back needs no ticket of a terminal: whoever is signed in can, and the terminal has a command for it.
    const connected = view.state === 'none' ? '' : `<p>${stateOf(view)}</p>`
    const end = view.state !== 'none' && ticket === undefined ? form('disconnect', 'Disconnect', ' class="plain"') : ''
    page(
      response,
      200,
      `Connect ${title}`,
      [
        `<p>This connects a ${escaped(title)} account to Toolgate for <b>${escaped(owner.person)}</b>. Agents that work for ${escaped(owner.person)} can then read and write there as that account, within the policies of the hub.</p>`,
        connected,
        `<p class="quiet">Go on only if you are ${escaped(owner.person)}, and asked for this yourself a moment ago.</p>`,
        form('connect', view.state === 'none' ? `Go to ${title}` : 'Connect again'),
        end,
      ],
      new URL((await target.authorize()).url).origin,
    )
  }

  async function begin(instance: string, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    requireOwnOrigin(incoming)
    const form = new URLSearchParams(await bodyOf(incoming))
    const ticket = form.get('ticket') ?? undefined
    const owner = await ownerOf(instance, ticket, incoming)
    if (form.get('does') === 'disconnect') {
      if (ticket !== undefined) throw new Refusal(400, 'A ticket only connects.')
      const how = await accounts.remove(owner, owner.person)
      return page(response, 200, 'Disconnected', [`<p>${escaped(afterRemoving(how, connectable(instance)))}</p>`])
    }
    const { url, browser } = await flows.start(owner, ticket)
    response.setHeader('set-cookie', cookieOf(browser, flowSeconds))
    response.writeHead(303, { ...headersFor(), location: url }).end()
  }

  async function finish(incoming: IncomingMessage, query: URLSearchParams, response: ServerResponse): Promise<void> {
    if (incoming.method !== 'GET') throw new Refusal(405, 'Ask with GET.')
    const one = (name: string) => (query.getAll(name).length === 1 ? query.get(name) : null)
    const answered = { state: one('state'), code: one('code'), error: one('error') }
    const { owner, account } = await flows.finish(answered, cookieIn(incoming))
    response.setHeader('set-cookie', cookieOf('', 0))
    const { title } = connectable(owner.instance)
    page(response, 200, 'Connected', [
      `<p>The ${escaped(title)} account <b>${escaped(account)}</b> is connected for ${escaped(owner.person)}. You can close this page; your agent can call again now.</p>`,
    ])
  }

  /** A ticket says for whom; otherwise the browser does. */
  async function ownerOf(instance: string, ticket: string | undefined, incoming: IncomingMessage): Promise<Owner> {
    if (ticket !== undefined) {
      const owner = ticket.length > 100 ? undefined : await flows.holder(ticket)
      if (owner?.instance === instance) return owner
      throw new Refusal(403, 'This link was used before, or has lapsed. Run `toolgate connect` for another one.')
    }
    const known = await visitor(incoming)
    if (known) return { ...known, instance }
    throw new Refusal(
      401,
      'You are not signed in here. Sign in to the admin app in this browser, then open this link again.',
    )
  }

  function cookieOf(value: string, seconds: number): string {
    // Lax, since the vendor sends the browser back here from another site.
    const path = secure ? '/' : '/connect'
    return `${cookie}=${value}; Path=${path}; HttpOnly; SameSite=Lax; Max-Age=${seconds}${secure ? '; Secure' : ''}`
  }

  function cookieIn(incoming: IncomingMessage): string | undefined {
    const found = (incoming.headers.cookie ?? '')
      .split(';')
      .map((pair) => pair.trim())
      .filter((pair) => pair.startsWith(`${cookie}=`))
    return found.length === 1 ? found[0]?.slice(cookie.length + 1) : undefined
  }

  return {
    async handle(incoming, response) {
      try {
        await answer(incoming, response)
      } catch (error) {
        const status = error instanceof Refusal ? error.status : statusOf(error)
        if (status >= 500) warn({ err: error }, 'a page of connecting failed')
        const told =
          error instanceof Refusal || error instanceof HubError ? error.message : 'The hub failed. Its log says why.'
        page(response, status, 'This did not work', [`<p>${escaped(told)}</p>`])
      }
    },
  }
}

export function afterRemoving(
  how: 'revoked' | 'not revoked' | undefined,
  target: Pick<Connectable, 'title' | 'revokeByHand'>,
): string {
  if (how === undefined) return `No ${target.title} account was connected.`
  if (how === 'revoked')
    return `Your ${target.title} account is disconnected, and ${target.title} has taken the access back.`
  return `Your ${target.title} account is disconnected, and its tokens are gone from the hub. Take the access back yourself ${target.revokeByHand}.`
}

function stateOf({ state, account = '', connectedAt = '', why = '' }: ConnectionView): string {
  if (state === 'connected') return `Connected as <b>${escaped(account)}</b> since ${escaped(connectedAt)}.`
  return `The connection as <b>${escaped(account)}</b> has ended: ${escaped(why)}.`
}

function statusOf(error: unknown): number {
  if (!(error instanceof HubError)) return 500
  return error.code === 'not_found' ? 404 : error.code === 'internal' ? 500 : error.code === 'unavailable' ? 503 : 403
}

/** Only a page of the hub itself may begin: every browser says where a form comes from. */
function requireOwnOrigin({ headers }: IncomingMessage): void {
  const { origin, host } = headers
  const site = headers['sec-fetch-site']
  const own = origin === `http://${host}` || origin === `https://${host}`
  if (!own || (site !== undefined && site !== 'same-origin'))
    throw new Refusal(403, 'This request does not come from a page of the hub.')
}

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  if (incoming.headers['content-type']?.split(';', 1)[0]?.trim() !== 'application/x-www-form-urlencoded')
    throw new Refusal(415, 'Send the form of the page.')
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > bodyMax) throw new Refusal(413, 'The form is too long.')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** @param vendor where the form leads in the end: a browser holds redirects to the policy of the form's page */
function headersFor(vendor?: string): Readonly<Record<string, string>> {
  return {
    'content-security-policy': `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'self'${vendor === undefined ? '' : ` ${vendor}`}; frame-ancestors 'none'`,
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    // The address of these pages may hold a ticket or a code. Without any referrer, forms would not say their origin.
    'referrer-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin',
    'cache-control': 'no-store',
  }
}

function page(response: ServerResponse, status: number, title: string, body: readonly string[], vendor?: string): void {
  if (response.headersSent || response.destroyed) return
  const text = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)} · Toolgate</title><style>${styles}</style></head><body><main><h1>${escaped(title)}</h1>${body.join('')}</main></body></html>`
  response
    .writeHead(status, {
      ...headersFor(vendor),
      'content-type': 'text/html; charset=utf-8',
      'content-length': Buffer.byteLength(text),
    })
    .end(text)
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
