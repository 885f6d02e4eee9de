// The shared cases on our sandbox and on `emulate`, which others wrote: same connector, same SDK, same guarded fetch.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createEmulator } from 'emulate'
import type { JsonObject, Tool } from 'toolgate/kit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { guardedFetch } from '../../src/egress/fetch.ts'
import { keptInMemory } from '../../test/keep.ts'
import { sandboxHarness } from '../../test/sandbox/harness.ts'
import { slack } from './connector.ts'
import { scopes } from './permissions.ts'
import { changingAndTakingBack } from './test/shared-changes.ts'
import { readingAndPosting } from './test/shared-cases.ts'
import type { Slack } from './slack.ts'
import { askSlack, sandboxWorld, wordOf } from './test/world.ts'
import type { World } from './test/world.ts'

interface Opened {
  readonly world: World
  close(): Promise<void>
}

const sharedCases = [...readingAndPosting, ...changingAndTakingBack]
const onEmulator = sharedCases.filter((shared) => shared.emulator === undefined)
const notOnEmulator = sharedCases.filter((shared) => shared.emulator !== undefined)

describe('on our sandbox', () => {
  const opened = openFor(openSandbox)
  test.each(sharedCases.filter(({ sandbox }) => sandbox === undefined))('$name', async ({ run }) => {
    expect.hasAssertions()
    await run(opened())
  })

  test('there are at least seventy of them, and at least fifty run on both', () => {
    expect(sharedCases.length).toBeGreaterThanOrEqual(70)
    expect(onEmulator.length).toBeGreaterThanOrEqual(50)
  })
})

describe('on the emulator', () => {
  const opened = openFor(openEmulator)
  test.each(onEmulator)('$name', async ({ run }) => {
    expect.hasAssertions()
    await run(opened())
  })

  // When one of these fails, the emulator has become right: run its case there too.
  test.each(notOnEmulator)('cannot be asked: $name ($emulator.wrong)', async ({ emulator }) => {
    expect.hasAssertions()
    await emulator?.shows(opened())
  })
})

function openFor(make: () => Promise<Opened>): () => World {
  let opened: Opened | undefined
  beforeAll(async () => {
    opened = await make()
  })
  afterAll(() => opened?.close())
  return () => {
    if (opened === undefined) throw new Error('The world is not open yet.')
    return opened.world
  }
}

async function openSandbox(): Promise<Opened> {
  const harness = await sandboxHarness(slack)
  return { world: sandboxWorld(harness, { fetch, now: () => new Date() }), close: () => harness.close() }
}

const emulated = {
  app: 'xoxb-emulated-app',
  maya: 'xoxp-emulated-maya',
  readOnly: 'xoxb-emulated-reader',
  nobody: 'xoxb-nobody',
}

async function openEmulator(): Promise<Opened> {
  const emulator = await createEmulator({ service: 'slack', port: 0, seed: { slack: emulatorSeed } })
  const door = await openDoor(`http://127.0.0.1:${new URL(emulator.url).port}`)
  const { base } = door
  const hosts = { files: `${base}/~files` }
  const settings = slack.settings.parse({ external_channels: [], mass_mentions: true })
  const counts = new Map<string, number>()
  const ask: World['ask'] = (method, args, as = 'app') => askSlack(fetch, base, method, args, emulated[as])
  const channels = await emulatorChannels(ask)
  const { user_id: maya } = await ask('auth.test', {}, 'maya')

  const world: World = {
    name: 'emulator',
    async open(kind, credential = emulated.app) {
      const guard = guardedFetch({ ...guarding(kind), base, hosts })
      const counted: typeof guard.fetch = (input, init) => {
        const method = new URL(input instanceof Request ? input.url : input).pathname.replace('/api/', '')
        counts.set(method, (counts.get(method) ?? 0) + 1)
        return guard.fetch(input, init)
      }
      const vendor: unknown = await slack.open({
        base,
        hosts,
        fetch: counted,
        settings,
        credential,
        cache: new Map(),
        keep: keptInMemory(),
      })
      return { vendor: vendor as Slack, touched: guard.touched }
    },
    ask,
    async send(url, content) {
      await fetch(url, { method: 'POST', body: content })
    },
    asked: (method) => counts.get(method) ?? 0,
    tokens: emulated,
    channels,
    names: { support: 'support', secret: 'finance-private' },
    people: { app: 'U0TOOLGATE', maya: wordOf(maya) },
    now: () => new Date(),
  }
  return {
    world,
    async close() {
      await door.close()
      await emulator.close()
    },
  }
}

/** The emulator has Slack's two hosts in one: this door gives the second its own address. */
async function openDoor(target: string): Promise<{ readonly base: string; close(): Promise<void> }> {
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const chunks: Buffer[] = []
      for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk)
      const { authorization, 'content-type': type } = incoming.headers
      const headers = { ...(authorization && { authorization }), ...(type && { 'content-type': type }) }
      const body = incoming.method === 'GET' ? {} : { body: Buffer.concat(chunks) }
      const address = target + (incoming.url ?? '/').replace(/^\/~files\//, '/')
      const answer = await fetch(address, { method: incoming.method ?? 'GET', headers, ...body })
      outgoing.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' })
      outgoing.end(Buffer.from(await answer.arrayBuffer()))
    })()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

const emulatorSeed = {
  team: { name: 'Larkfield', domain: 'larkfield' },
  users: [{ name: 'maya', real_name: 'Maya Okafor', email: 'maya.okafor@larkfield.example' }],
  channels: ['support', 'partner-brightwater', 'launch-2025', 'finance-private'].map((name) => ({
    name,
    is_private: name === 'finance-private',
  })),
  oauth_apps: [
    {
      client_id: 'c',
      client_secret: 's',
      name: 'Toolgate',
      redirect_uris: [],
      bot_name: 'toolgate',
      bot_user_id: 'U0TOOLGATE',
      bot_id: 'B0TOOLGATE',
    },
  ],
  tokens: [
    {
      token: emulated.app,
      user: 'U0TOOLGATE',
      bot_id: 'B0TOOLGATE',
      scopes: [...scopes, 'channels:join'],
    },
    {
      token: emulated.readOnly,
      user: 'U0TOOLGATE',
      bot_id: 'B0TOOLGATE',
      scopes: scopes.filter((scope) => scope !== 'chat:write'),
    },
    { token: emulated.maya, user: 'maya', scopes: [...scopes] },
  ],
  strict_scopes: true,
}

/** The app joins what it is in on the sandbox too; the emulator seeds its channels before the app exists. */
async function emulatorChannels(ask: World['ask']): Promise<World['channels']> {
  const listed = await ask('conversations.list', { types: 'public_channel' })
  const hers = await ask('conversations.list', { types: 'private_channel' }, 'maya')
  const ids = new Map(
    [...(listed['channels'] as JsonObject[]), ...(hers['channels'] as JsonObject[])].map((channel) => [
      wordOf(channel['name']),
      wordOf(channel['id']),
    ]),
  )
  const named = (name: string) => ids.get(name) ?? ''
  for (const name of ['support', 'partner-brightwater', 'launch-2025']) {
    expect(await ask('conversations.join', { channel: named(name) })).toMatchObject({ ok: true })
  }
  expect(await ask('conversations.archive', { channel: named('launch-2025') })).toMatchObject({ ok: true })
  return {
    support: named('support'),
    archive: named('launch-2025'),
    shared: named('partner-brightwater'),
    guests: named('general'),
    restricted: named('general'),
    random: named('random'),
    secret: named('finance-private'),
  }
}

function guarding(kind: 'read' | Tool) {
  return {
    reads: slack.reads,
    writes: kind === 'read' || kind.kind === 'read' ? [] : kind.routes,
    verdict: slack.verdict?.bind(slack),
    loopback: true,
    signal: new AbortController().signal,
    now: () => new Date(),
    random: Math.random,
    timeoutMs: 10_000,
  }
}
