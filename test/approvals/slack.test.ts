// Approvals in Slack: what is posted, who may click, and what a forged, repeated or late click does. Slack is the sandbox.
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sign } from '../../src/hub/slack/clicks.ts'
import type { Json, JsonObject } from '../../src/kit/json.ts'
import { sandboxRequests } from '../../src/sandbox/admin.ts'
import { serveHttp } from '../../src/serve/http.ts'
import type { HttpDoor } from '../../src/serve/http.ts'
import { approver, deskFolder, silentLog } from '../hub.ts'
import type { TestHub } from '../hub.ts'
import { asking, askingDesk, held } from './desk.ts'

const signingSecret = randomBytes(16).toString('hex')
const support = 'C0SUPPORT01'
const [jonas, maya, priya] = ['U0JONASLIND', 'U0MAYAOKAFOR', 'U0PRIYARAMAN']

let desk: TestHub
let door: HttpDoor
let now: Date

beforeEach(async () => {
  now = new Date()
  process.env['TOOLGATE_TEST_SIGNING'] = signingSecret
  desk = await askingDesk({
    now: () => now,
    policy: `${asking}  - deny: "slack_*"\n    because: Agents do not speak here.\n`,
    connectors: { desk: { uses: deskFolder, sandbox: true }, slack: { sandbox: true } },
    config: {
      people: {
        local: { id: 'maya', roles: ['member'] },
        directory: {
          jonas: { roles: ['member', 'lead'] },
          ines: { roles: ['member', 'lead'] },
          priya: { roles: ['member'] },
        },
      },
      approvals: {
        url: 'https://hub.acme.example',
        slack: {
          sandbox: 'slack',
          channel: support,
          signingSecret: 'env:TOOLGATE_TEST_SIGNING',
          people: { [jonas]: 'jonas', [maya]: 'maya', [priya]: 'priya' },
        },
      },
    },
  })
  door = await serveHttp({
    dispatcher: desk.hub.dispatcher,
    slack: desk.hub.slack,
    principalOf: () => Promise.resolve(desk.hub.person()),
    host: '127.0.0.1',
    port: 0,
    sessionIdleMs: 60_000,
    maxSessions: 10,
    log: silentLog,
    now: () => now,
    drainMs: 100,
  })
})
afterEach(async () => {
  await door.close()
  await desk.close()
})

describe('a request', () => {
  test('is posted once, with every field before and after, and buttons that carry its digest', async () => {
    const id = await held(desk, 'new text')
    await Promise.all([desk.hub.tend(), desk.hub.tend()])
    await desk.hub.tend()
    const posts = said('chat.postMessage')
    expect(posts).toHaveLength(1)
    const text = JSON.stringify(posts[0])
    for (const words of ['Approval needed', 'desk:note/n1', 'new text', 'maya asks through desk_note_set', 'role:lead'])
      expect(text).toContain(words)
    const { digest } = await desk.hub.approvals.view(id, approver('jonas', 'slack'))
    expect(buttonsOf(posts[0]!)).toEqual([
      ['Approve', { id, digest }],
      ['Deny…', { id, digest }],
      ['Open in Toolgate', { id, digest }],
    ])
    expect(text).toContain(`https://hub.acme.example/admin/approvals/${id}`)
    expect(posts[0]).toMatchObject({ channel: support, unfurl_links: false, unfurl_media: false })
  })

  test('is approved by a click, carried out once, and its message says so', async () => {
    const id = await held(desk, 'new text')
    await desk.hub.tend()
    expect((await click(jonas, 'toolgate_approve')).status).toBe(200)
    await until(() => said('chat.update').length > 0)
    expect(deskWrites()).toHaveLength(1)
    expect(await desk.hub.approvals.view(id)).toMatchObject({ state: 'done', granted: [{ by: 'jonas', channel: 'slack' }] })
    const [update] = said('chat.update')
    expect(JSON.stringify(update)).toContain('Approved and done')
    expect(buttonsOf(update!)).toEqual([['Open in Toolgate', expect.anything()]])
    expect(await desk.call('desk_note_set', { id: 'n1', text: 'new text' })).toMatchObject({
      status: 'done',
      replayed: true,
    })
  })

  test('is denied with the reason that is typed into the modal', async () => {
    const id = await held(desk)
    await desk.hub.tend()
    await click(jonas, 'toolgate_deny')
    await until(() => said('views.open').length === 1)
    expect(deskWrites()).toEqual([])
    const [opened] = said('views.open')
    const view = (opened?.['view'] ?? {}) as { readonly private_metadata?: string }
    await send({
      type: 'view_submission',
      user: { id: jonas },
      view: {
        callback_id: 'toolgate_deny',
        private_metadata: view.private_metadata ?? '',
        state: { values: { reason: { reason: { value: 'Not on a Sunday.' } } } },
      },
    })
    await until(() => said('chat.update').length > 0)
    expect(await desk.hub.approvals.view(id)).toMatchObject({ state: 'denied' })
    expect(await desk.call('desk_note_set', { id: 'n1', text: 'new' })).toMatchObject({
      status: 'denied',
      message: expect.stringContaining('Not on a Sunday.'),
    })
  })

  test('that is decided in the browser, or lapses, is brought up to date in Slack', async () => {
    const first = await held(desk, 'one')
    const second = await held(desk, 'two', 'n2')
    await desk.hub.tend()
    await desk.hub.approvals.deny(first, approver('jonas', 'browser'))
    await desk.hub.tend()
    now = new Date(now.getTime() + 61 * 60_000)
    await desk.hub.tend()
    const shown = said('chat.update').map((update) => JSON.stringify(update))
    expect(shown.some((text) => text.includes('Denied'))).toBe(true)
    expect(shown.some((text) => text.includes('Expired'))).toBe(true)
    expect(await desk.hub.approvals.view(second)).toMatchObject({ state: 'expired' })
  })

  test('that Slack cannot show whole has no button to approve it', async () => {
    await held(desk, '\u202e'.repeat(990))
    await desk.hub.tend()
    const [posted] = said('chat.postMessage')
    expect(buttonsOf(posted!).map(([words]) => words)).toEqual(['Deny…', 'Open in Toolgate'])
    expect(JSON.stringify(posted)).toContain('too long for Slack')
  })

  test('shows what hides, and nothing in it means anything to Slack', async () => {
    await held(desk, '<!channel> <@U0JONASLIND> *bold* \u202eevil\u200b :smile:')
    await desk.hub.tend()
    const [posted] = said('chat.postMessage')
    const blocks = (posted?.['blocks'] ?? []) as readonly JsonObject[]
    const types = new Set(JSON.stringify(blocks).match(/"type":"[a-z_]+"/g))
    expect([...types].some((type) => type.includes('mrkdwn') || type.includes('user') || type.includes('broadcast'))).toBe(
      false,
    )
    const text = JSON.stringify(blocks)
    expect(text).not.toMatch(/[\u202e\u200b]/)
    expect(text).toMatch(/202E/i)
    expect(text).toContain('<!channel>')
  })
})

describe('a click', () => {
  // WH-11
  test.each([
    ['the requester', maya, 'asked for it'],
    ['somebody who is no approver', priya, 'may decide'],
    ['an account that nobody is mapped to', 'U0TOMASHERR', 'maps nobody'],
  ])('of %s decides nothing, and only they are told', async (_who, user, words) => {
    const id = await held(desk)
    await desk.hub.tend()
    await click(user, 'toolgate_approve')
    await until(() => said('chat.postEphemeral').length === 1)
    expect(said('chat.postEphemeral')[0]).toMatchObject({ user, text: expect.stringContaining(words) })
    expect(await desk.hub.approvals.view(id)).toMatchObject({ state: 'waiting' })
    expect(deskWrites()).toEqual([])
  })

  // WH-01, WH-02, WH-03
  test('that is forged, old, from the future or altered is refused before anything is looked at', async () => {
    const id = await held(desk)
    await desk.hub.tend()
    const payload = pressed(jonas, 'toolgate_approve')
    const body = new URLSearchParams({ payload: JSON.stringify(payload) }).toString()
    const at = (seconds: number) => String(Math.floor(now.getTime() / 1000) + seconds)
    const good = sign(signingSecret, at(0), body)
    const forged: readonly (readonly [string, string, string])[] = [
      [body, at(0), ''],
      [body, at(0), sign('another secret', at(0), body)],
      [body, at(0), good.toUpperCase()],
      [body, at(0), good.slice(0, -1)],
      [body, at(0), good.replace('v0=', 'v1=')],
      [body, at(1), good],
      [`${body} `, at(0), good],
      [body, at(-301), sign(signingSecret, at(-301), body)],
      [body, at(302), sign(signingSecret, at(302), body)],
      [body, '', sign(signingSecret, '', body)],
      ...['now', '1e99', '-5', `${at(0)}.5`, ` ${at(0)}`].map(
        (when) => [body, when, sign(signingSecret, when, body)] as const,
      ),
    ]
    for (const [text, sentAt, signature] of forged) expect((await post(text, sentAt, signature)).status).toBe(401)
    expect(await desk.hub.approvals.view(id)).toMatchObject({ state: 'waiting' })
    expect(said('chat.postEphemeral')).toEqual([])
  })

  // WH-09
  test('that is sent twice counts once', async () => {
    await held(desk)
    await desk.hub.tend()
    const body = new URLSearchParams({ payload: JSON.stringify(pressed(jonas, 'toolgate_approve')) }).toString()
    const sentAt = String(Math.floor(now.getTime() / 1000))
    const signature = sign(signingSecret, sentAt, body)
    const answers = await Promise.all(Array.from({ length: 20 }, () => post(body, sentAt, signature)))
    expect(answers.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([
      200,
      ...Array.from({ length: 19 }, () => 409),
    ])
    await until(() => said('chat.update').length > 0)
    expect(deskWrites()).toHaveLength(1)
  })

  test('on another digest than what waits, or on what is over, decides nothing', async () => {
    const id = await held(desk)
    await desk.hub.tend()
    const other = pressed(jonas, 'toolgate_approve', { id, digest: 'a'.repeat(64) })
    await send(other)
    await until(() => said('chat.postEphemeral').length === 1)
    await desk.hub.approvals.deny(id, approver('ines', 'browser'))
    await click(jonas, 'toolgate_approve')
    await until(() => said('chat.postEphemeral').length === 2)
    expect(deskWrites()).toEqual([])
  })

  // WH-11, WH-15
  test.each([
    ['no payload', ''],
    ['no JSON', 'payload=%7B'],
    ['another kind', `payload=${encodeURIComponent('{"type":"shortcut","user":{"id":"U0JONASLIND"}}')}`],
    [
      'two actions',
      `payload=${encodeURIComponent('{"type":"block_actions","user":{"id":"U0JONASLIND"},"actions":[{},{}]}')}`,
    ],
  ])('with %s is told so', async (_what, body) => {
    const sentAt = String(Math.floor(now.getTime() / 1000))
    expect((await post(body, sentAt, sign(signingSecret, sentAt, body))).status).toBe(400)
    expect((await fetch(new URL('/slack/interactions', door.url))).status).toBe(405)
  })
})

/** Everything that this method was asked, oldest first. */
function said(method: string): readonly JsonObject[] {
  return sandboxRequests(desk.hub.sandboxFile, { instance: 'slack', limit: 1000 })
    .filter(({ path }) => path === `/api/${method}`)
    .map(({ body }) => JSON.parse(body ?? '{}') as JsonObject)
}

function deskWrites(): readonly unknown[] {
  return sandboxRequests(desk.hub.sandboxFile, { instance: 'desk', limit: 1000 }).filter(({ changed }) => changed)
}

function buttonsOf(message: JsonObject): readonly (readonly [string, unknown])[] {
  const blocks = message['blocks'] as readonly { readonly type: string; readonly elements?: readonly JsonObject[] }[]
  const elements = blocks.find(({ type }) => type === 'actions')?.elements ?? []
  return elements.map(({ text, value }) => [(text as { readonly text: string }).text, JSON.parse(value as string) as Json])
}

/** As Slack sends it when this person presses the button of the newest message. */
function pressed(user: string, action: string, shown?: Json): JsonObject {
  const posted = said('chat.postMessage').at(-1)
  const value = shown ?? buttonsOf(posted ?? { blocks: [] }).at(-1)?.[1]
  return {
    type: 'block_actions',
    user: { id: user },
    trigger_id: `123456789.987654321.${randomBytes(16).toString('hex')}`,
    actions: [{ action_id: action, value: JSON.stringify(value) }],
  }
}

async function click(user: string, action: string): Promise<Response> {
  return await send(pressed(user, action))
}

async function send(payload: JsonObject): Promise<Response> {
  const body = new URLSearchParams({ payload: JSON.stringify(payload) }).toString()
  const sentAt = String(Math.floor(now.getTime() / 1000))
  return await post(body, sentAt, sign(signingSecret, sentAt, body))
}

async function post(body: string, sentAt: string, signature: string): Promise<Response> {
  return await fetch(new URL('/slack/interactions', door.url), {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-slack-request-timestamp': sentAt,
      'x-slack-signature': signature,
    },
    body,
  })
}

async function until(holds: () => boolean): Promise<void> {
  const end = Date.now() + 5000
  while (!holds()) {
    if (Date.now() > end) throw new Error('It did not happen in five seconds.')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
