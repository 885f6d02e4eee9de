// The admin app's server: everything under /admin, for people at a browser and nobody else.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { errorKinds, HubError } from '../kit/error.ts'
import type { Principal } from '../kit/policy.ts'
import { openAssets } from './assets.ts'
import { recordConfiguration } from './configuration.ts'
import { doorPath } from './doors.ts'
import type { Approver } from '../call/approver.ts'
import type { AdminHub, Person, SessionView } from './hub.ts'
import { openLive } from './live.ts'
import { answerJson, checkOrigin, cookieOf, protect, readJson, Refusal } from './request.ts'
import { routes } from './routes.ts'
import { signInPath, signInStep } from './sign-in.ts'
import type { Route } from './routes.ts'
import { mayAs } from './wire.ts'
import type { Me, Role } from './wire.ts'

export interface AdminOptions {
  readonly hub: AdminHub
  /** What the build made. */
  readonly assets: string
  /** The name of this door, see `doors.ts`. */
  readonly door: string
  /** Whether browsers come over https. */
  readonly secure: boolean
}

export interface Admin {
  /** Answers a request whose path is `/admin` or begins with `/admin/`; its host has been checked. */
  handle(incoming: IncomingMessage, response: ServerResponse): Promise<void>
  close(): void
}

/** Whoever asks, known by their session, with the rights of the configuration in force. */
export interface Visitor {
  readonly person: Person
  readonly role: Role
  readonly principal: Principal
  readonly approver: Approver
  readonly session: SessionView
}

/** Pages of the app; each is the same file. */
const page =
  /^\/admin(?:\/(?:sign-in|approvals|tools|calls|policies|usage|connections|grants|notifications)(?:\/[\w.-]{1,80})?)?\/?$/
const asset = /^\/admin\/assets\/([\w.-]{1,100})$/
const signInsPerMinute = 20
/** How long somebody may take at the identity provider. */
const awaySeconds = 600

export async function openAdmin({ hub, assets: folder, secure, door }: AdminOptions): Promise<Admin> {
  const assets = await openAssets(folder)
  const live = openLive(hub)
  await recordConfiguration(hub)
  const stopRecording = hub.onChanged(
    () =>
      void recordConfiguration(hub).catch((error: unknown) =>
        hub.log.warn({ err: error }, 'the changed configuration is not in the history'),
      ),
  )

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    protect(response)
    try {
      await answer(incoming, response)
    } catch (error) {
      refuse(error, response)
    }
  }

  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? '/', 'http://hub')
    // The address as it was sent: what needs decoding or resolving is none of ours.
    const path = (incoming.url ?? '').split('?', 1)[0] ?? ''
    const looks = incoming.method === 'GET' || incoming.method === 'HEAD'
    const head = incoming.method === 'HEAD'
    const name = asset.exec(path)?.[1]
    if (name !== undefined || page.test(path)) {
      if (!looks) throw new Refusal(405, 'Ask with GET.')
      return name === undefined ? assets.page(response, head) : assets.file(name, response, head)
    }
    if (!path.startsWith('/admin/api/')) throw new Refusal(404, 'There is no such page.')
    checkOrigin(incoming, !looks)
    if (path === doorPath && looks) return answerJson(response, 200, { door })
    if (path === '/admin/api/session') return await signing(incoming, response)
    if (path.startsWith(signInPath)) return await signingElsewhere(incoming, response, path)
    const visitor = await visitorOf(incoming)
    if (path === '/admin/api/live') {
      if (!looks) throw new Refusal(405, 'Ask with GET.')
      return live.open(response, async () => (await visitorOf(incoming, 'look').catch(() => undefined)) !== undefined)
    }
    const found = routes.flatMap((route) => matched(route, path))
    if (found.length === 0) throw new Refusal(404, 'There is no such page.')
    const match = found.find(({ route }) => route.method === incoming.method)
    if (!match) throw new Refusal(405, `Ask with ${found.map(({ route }) => route.method).join(' or ')}.`)
    if (!mayAs(visitor.role, match.route.role))
      throw new Refusal(403, `This is for the role ${match.route.role}; yours is ${visitor.role}.`)
    if (!looks) checkToken(incoming, visitor.session)
    const body = looks ? {} : await readJson(incoming)
    answerJson(response, 200, await match.route.run({ hub, visitor, id: match.id, query: url.searchParams, body }))
  }

  /** The one thing that works without a session: opening one, and ending it. */
  async function signing(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    if (incoming.method === 'GET') return answerJson(response, 200, meOf(hub, await visitorOf(incoming)))
    if (incoming.method === 'DELETE') {
      const visitor = await visitorOf(incoming)
      checkToken(incoming, visitor.session)
      await hub.sessions.end(tokenOf(incoming))
      setCookie(incoming, response, '', 0)
      return answerJson(response, 200, {})
    }
    if (incoming.method !== 'POST') throw new Refusal(405, 'Ask with GET, POST or DELETE.')
    const { link } = await readJson(incoming)
    const opened = typeof link === 'string' && link.length < 200 ? await hub.sessions.redeem(link) : undefined
    // Only tries that fail are counted: nobody can lock out those who have a link.
    if (!opened) await takeTurn()
    if (!opened) throw new Refusal(401, 'This link was used before, or has lapsed. Run `toolgate admin` for another one.')
    letIn(incoming, response, opened)
  }

  /** The same session at its end, for whoever shows at the identity provider who they are. */
  async function signingElsewhere(incoming: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    if (incoming.method === 'POST') await takeTurn()
    const step = await signInStep(hub, incoming, path, cookieOf(incoming, cookieName(incoming, '-sign-in')) ?? '')
    if (step.step === 'away') setCookie(incoming, response, step.browser, awaySeconds, '-sign-in')
    if (step.step !== 'in') return answerJson(response, 200, step.value)
    setCookie(incoming, response, '', 0, '-sign-in')
    letIn(incoming, response, step.opened)
  }

  function letIn(
    incoming: IncomingMessage,
    response: ServerResponse,
    { token, session }: { readonly token: string; readonly session: SessionView },
  ): void {
    const visitor = enter(session)
    setCookie(incoming, response, token, (Date.parse(session.endsAt) - hub.now().getTime()) / 1000)
    answerJson(response, 200, meOf(hub, visitor))
  }

  async function takeTurn(): Promise<void> {
    const { taken } = await hub.store.take(`${hub.tenant} admin.sign-in`, signInsPerMinute, 60_000, hub.now())
    if (!taken) throw new Refusal(429, 'Too many sign-ins at once. Try again in a minute.')
  }

  async function visitorOf(incoming: IncomingMessage, how: 'use' | 'look' = 'use'): Promise<Visitor> {
    const token = tokenOf(incoming)
    const session = token === '' ? undefined : await hub.sessions.of(token, how)
    // A session that a terminal opened is of that channel, and none of a browser's.
    if (session?.approver.channel !== 'browser')
      throw new Refusal(401, 'You are not signed in, or your session has ended. Run `toolgate admin` for a link.')
    return enter(session)
  }

  /** Looked up each time: whoever lost their rights has lost them in every open browser. */
  function enter(session: SessionView): Visitor {
    const person = hub.people().find(({ id }) => id === session.approver.id)
    if (person?.admin === undefined)
      throw new Refusal(403, `The configuration gives ${session.approver.id} no role in this app ("admin": "viewer").`)
    return {
      person,
      role: person.admin,
      principal: { tenant: hub.tenant, id: person.id, roles: person.roles },
      approver: session.approver,
      session,
    }
  }

  function tokenOf(incoming: IncomingMessage): string {
    return cookieOf(incoming, cookieName(incoming)) ?? ''
  }

  /** `__Host-` cookies exist over https only. Over http the app is on this machine, where ports share their cookies. */
  function cookieName({ headers }: IncomingMessage, what = ''): string {
    return secure ? `__Host-toolgate${what}` : `toolgate${what}-${/:(\d+)$/.exec(headers.host ?? '')?.[1] ?? '80'}`
  }

  function setCookie(incoming: IncomingMessage, response: ServerResponse, token: string, seconds: number, what = ''): void {
    const flags = `Path=${secure ? '/' : '/admin'}; HttpOnly; SameSite=Strict; Max-Age=${Math.max(0, Math.floor(seconds))}${secure ? '; Secure' : ''}`
    response.appendHeader('set-cookie', `${cookieName(incoming, what)}=${token}; ${flags}`)
  }

  function refuse(error: unknown, response: ServerResponse): void {
    if (error instanceof Refusal) return answerJson(response, error.status, { error: error.message })
    if (error instanceof HubError) {
      if (error.code === 'internal') hub.log.error({ err: error }, 'the admin app failed')
      return answerJson(response, errorKinds[error.code].status, { error: error.message, code: error.code })
    }
    if (response.destroyed) return
    hub.log.error({ err: error }, 'the admin app failed')
    answerJson(response, 500, { error: 'The hub failed while it answered. Its log says why.' })
  }

  return {
    handle,
    close() {
      stopRecording()
      live.close()
    },
  }
}

function matched(route: Route, path: string): { route: Route; id: string }[] {
  const match = route.path.exec(path)
  return match ? [{ route, id: match[1] ?? '' }] : []
}

function checkToken(incoming: IncomingMessage, session: SessionView): void {
  if (incoming.headers['x-csrf-token'] !== session.csrf) throw new Refusal(403, 'The page is out of date. Load it again.')
}

function meOf(hub: AdminHub, { person, role, session }: Visitor): Me {
  return {
    person: person.id,
    name: person.name ?? person.id,
    role,
    csrf: session.csrf,
    tenant: hub.tenant,
    endsAt: session.endsAt,
  }
}
