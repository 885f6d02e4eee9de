// A Slack workspace to ask the connector about in tests, and how to run its tools there.
import { HubError } from 'toolgate/kit'
import type { Evidence, Json, JsonObject, Plan, Tool, Undo } from 'toolgate/kit'
import { expect } from 'vitest'
import { slack } from '../connector.ts'
import { botToken, channelIds, otherTokens, userIds } from '../sandbox/seed.ts'
import type { Slack } from '../slack.ts'

/** A workspace with the channels and people that the cases speak of. */
export interface World {
  readonly name: 'sandbox' | 'emulator'
  /** As a plan sees Slack, or as the apply of this tool does. */
  open(kind: 'read' | Tool, credential?: string): Promise<{ readonly vendor: Slack; readonly touched: () => string }>
  /** One request past the connector, with the token of this person or of the app. */
  ask(method: string, args: Readonly<Record<string, string>>, as?: Account): Promise<JsonObject>
  /** The bytes of a file, past the connector, to the address that Slack gave for them. */
  send(url: string, content: string): Promise<void>
  /** How many requests the app made to this method. */
  asked(method: string): number
  readonly tokens: Readonly<Record<Account | 'readOnly' | 'nobody', string>>
  /** The app is in support, archive and shared; it is not in random, nor in the private channel secret. */
  readonly channels: Readonly<
    Record<'support' | 'archive' | 'shared' | 'guests' | 'restricted' | 'random' | 'secret', string>
  >
  readonly names: Readonly<Record<'support' | 'secret', string>>
  readonly people: Readonly<Record<'app' | 'maya', string>>
  readonly now: () => Date
}
export type Account = 'app' | 'maya'

export interface Case {
  readonly name: string
  readonly run: (world: World) => Promise<unknown>
  /** Why it cannot run on our own. */
  readonly sandbox?: string
  /** What the emulator answers wrongly, so that the case cannot run there; and the question that shows it. */
  readonly emulator?: { readonly wrong: string; readonly shows: (world: World) => Promise<void> }
}

/** The seeded sandbox as such a world. `harness` is test/sandbox/harness.ts's. */
export function sandboxWorld(
  harness: {
    readonly base: string
    open(kind: 'read' | Tool, options: { credential?: string }): Promise<{ vendor: Slack; guard: { touched: () => string } }>
    requests(): readonly { readonly path: string }[]
  },
  { fetch, now }: { readonly fetch: Fetch; readonly now: () => Date },
): World {
  const tokens = { app: botToken, maya: otherTokens.of('maya'), readOnly: otherTokens.readOnly, nobody: 'xoxb-nobody' }
  return {
    name: 'sandbox',
    async open(kind, credential) {
      const { vendor, guard } = await harness.open(kind, credential === undefined ? {} : { credential })
      return { vendor, touched: guard.touched }
    },
    ask: (method, args, as = 'app') => askSlack(fetch, harness.base, method, args, tokens[as]),
    async send(url, content) {
      await fetch(`${harness.base}/~files${new URL(url).pathname}`, { method: 'POST', body: content })
    },
    asked: (method) => harness.requests().filter(({ path }) => path === `/api/${method}`).length,
    tokens,
    channels: {
      support: channelId('support'),
      archive: channelId('launch-2025'),
      shared: channelId('partner-brightwater'),
      guests: channelId('calder-rollout'),
      restricted: channelId('announcements'),
      random: channelId('random'),
      secret: channelId('finance-private'),
    },
    names: { support: 'support', secret: 'finance-private' },
    people: { app: userIds['toolgate'] ?? '', maya: userIds['maya'] ?? '' },
    now,
  }
}

export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** One request past the SDK and the guarded fetch. */
export async function askSlack(
  fetch: Fetch,
  base: string,
  method: string,
  args: Readonly<Record<string, string>>,
  token: string,
): Promise<JsonObject> {
  const response = await fetch(`${base}/api/${method}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: new URLSearchParams(args),
  })
  if (!response.ok) return { status: response.status }
  return (await response.json()) as JsonObject
}

function channelId(name: string): string {
  const id = channelIds[name]
  if (id === undefined) throw new Error(`The sandbox has no #${name}.`)
  return id
}

/** The shape of a timestamp, of no message. */
export const nowhere = '1000000000.000001'

/** Runs a read as the hub does: parsed in, parsed out. */
export async function look(world: World, name: string, input: unknown): Promise<JsonObject> {
  const tool = toolNamed(name)
  if (tool.kind !== 'read') throw new Error(`${name} writes.`)
  const { vendor } = await world.open('read')
  const answer: unknown = await tool.run(tool.input.parse(input), context(world, vendor))
  return tool.output.parse(answer) as JsonObject
}

export async function planned(world: World, name: string, input: unknown): Promise<Plan> {
  const tool = toolNamed(name)
  if (tool.kind !== 'write') throw new Error(`${name} only looks.`)
  const { vendor, touched } = await world.open('read')
  const plan = await tool.plan(tool.input.parse(input), context(world, vendor))
  expect(touched()).toBe('untouched')
  return plan
}

export async function applied(
  world: World,
  name: string,
  plan: Plan,
  operationId = 'op_test',
): Promise<{ readonly out: JsonObject; readonly touched: string }> {
  const tool = toolNamed(name)
  if (tool.kind !== 'write') throw new Error(`${name} only looks.`)
  const { vendor, touched } = await world.open(tool)
  // What was kept is what is sent: a request must survive storage.
  const request: unknown = JSON.parse(JSON.stringify(plan.request))
  const out: unknown = await tool.apply(request, { ...context(world, vendor), operationId })
  return { out: tool.output.parse(out) as JsonObject, touched: touched() }
}

export function toolNamed(name: string): Tool {
  const tool = slack.tools.find((candidate) => candidate.name === name)
  if (tool === undefined) throw new Error(`There is no tool ${name}.`)
  return tool
}

export async function refused(promise: Promise<unknown>, code: HubError['code']): Promise<HubError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(HubError)
  expect((error as HubError).code).toBe(code)
  return error as HubError
}

function context(world: World, vendor: Slack) {
  return { vendor, now: world.now(), signal: new AbortController().signal, within: () => undefined, admit: () => undefined }
}

/** Posts past the connector; gives the timestamp. */
export async function said(world: World, as: Account, text: string, threadTs?: string): Promise<string> {
  const thread = threadTs === undefined ? {} : { thread_ts: threadTs }
  const answer = await world.ask('chat.postMessage', { channel: world.channels.support, text, ...thread }, as)
  expect(answer).toMatchObject({ ok: true })
  return wordOf(answer['ts'])
}

/** As Slack keeps it. */
export async function rawText(world: World, ts: string): Promise<string> {
  const { messages } = await world.ask('conversations.replies', { channel: world.channels.support, ts })
  return wordOf((messages as JsonObject[])[0]?.['text'])
}

/** That it does not know the method at all. */
export async function missing(world: World, method: string): Promise<void> {
  expect(await world.ask(method, {})).toMatchObject({ status: 404 })
}

export function outgoing(channel: string) {
  return { channel, text: 'hello', unfurl_links: false, unfurl_media: false } as const
}

/** What the vendor shows of an operation whose answer was lost. */
export async function asked(world: World, name: string, plan: Plan, operationId: string): Promise<Evidence<JsonObject>> {
  const tool = toolNamed(name)
  if (tool.kind !== 'write' || tool.reconcile === undefined) throw new Error(`${name} cannot be asked.`)
  const { vendor } = await world.open('read')
  const sentAt = new Date(world.now().getTime() - 1000)
  return await tool.reconcile(plan.request, { ...context(world, vendor), operationId, sentAt })
}

/** The call that takes it back. */
export async function takenBack(world: World, name: string, plan: Plan, output: JsonObject): Promise<Undo> {
  const tool = toolNamed(name)
  if (tool.kind !== 'write' || tool.undo === undefined) throw new Error(`${name} cannot be taken back.`)
  const { vendor } = await world.open('read')
  const done = { request: plan.request, output, effects: plan.effects, at: world.now() }
  const undo = await tool.undo(done, context(world, vendor))
  // What the hub adds to every such tool is no part of its own input.
  const { expect_rev: _, ...input } = undo.input
  expect(toolNamed(undo.tool).input.safeParse(input).error).toBeUndefined()
  return { ...undo, input }
}

/** A text of an answer, which must be there. */
export function wordOf(value: Json | undefined): string {
  if (typeof value !== 'string') throw new TypeError('The answer has no such text.')
  return value
}
