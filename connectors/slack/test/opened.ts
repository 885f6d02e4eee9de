// A sandbox with a connection of one's own choice to it: other settings, another credential, a store that fails.
import type { JsonObject } from 'toolgate/kit'
import { guardedFetch } from '../../../src/egress/fetch.ts'
import type { Guard } from '../../../src/egress/fetch.ts'
import { keptInMemory } from '../../../test/keep.ts'
import type { Harness } from '../../../test/sandbox/harness.ts'
import { slack } from '../connector.ts'
import type { Slack } from '../slack.ts'
import { toolNamed } from './world.ts'

export interface Connection {
  readonly vendor: Slack
  readonly guard: Guard
}

export interface Wanted {
  readonly settings?: JsonObject
  readonly credential: string
  readonly cache?: Map<string, unknown>
  readonly keep?: ReturnType<typeof keptInMemory>
  readonly now?: () => Date
  /** What it may write: the routes of this tool. */
  readonly tool?: string
}

/** As the hub opens it for one phase of one call. */
export async function connect(
  { base }: Pick<Harness, 'base'>,
  { settings = {}, credential, cache = new Map(), keep = keptInMemory(), now = () => new Date(), tool }: Wanted,
): Promise<Connection> {
  const hosts = { files: `${base}/~files` }
  const writing = tool === undefined ? undefined : toolNamed(tool)
  const guard = guardedFetch({
    base,
    hosts,
    reads: slack.reads,
    signIn: slack.signIn,
    writes: writing?.kind === 'write' ? writing.routes : [],
    verdict: slack.verdict?.bind(slack),
    loopback: true,
    signal: new AbortController().signal,
    now,
    random: Math.random,
    timeoutMs: 10_000,
  })
  const opening = { base, hosts, fetch: guard.fetch, settings: slack.settings.parse(settings), credential, cache, keep }
  return { vendor: (await slack.open(opening)) as Slack, guard }
}

export function contextOf(vendor: Slack, now = new Date(), within?: readonly string[]) {
  return { vendor, now, signal: new AbortController().signal, within: () => within, admit: () => undefined }
}
