// For the tests of one connector: its sandbox on loopback, and its vendor opened through the real guarded fetch.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { guardedFetch } from '../../src/egress/fetch.ts'
import type { Guard, GuardOptions } from '../../src/egress/fetch.ts'
import type { Connector } from '../../src/kit/connector.ts'
import type { Tool } from '../../src/kit/tool.ts'
import { breakSandbox, mendSandbox, resetSandbox, sandboxRequests } from '../../src/sandbox/admin.ts'
import type { Fault } from '../../src/sandbox/faults.ts'
import type { RecordedRequest } from '../../src/sandbox/ledger.ts'
import { startSandbox } from '../../src/sandbox/server.ts'
import { keptInMemory } from '../keep.ts'

export interface Opened {
  // oxlint-disable-next-line typescript/no-explicit-any -- each connector's own client, which its test knows
  readonly vendor: any
  readonly guard: Guard
}

export interface Harness {
  /** Where the sandbox is. */
  readonly base: string
  readonly file: string
  /** As a plan sees the vendor (`read`), or as the apply of this tool does. */
  open(kind: 'read' | Tool, options?: Partial<GuardOptions> & { readonly credential?: string }): Promise<Opened>
  /** Everything that the vendor was asked, oldest first. */
  requests(): readonly RecordedRequest[]
  break(fault: Fault): void
  mend(): void
  /** Back to the company as seeded. */
  reset(): void
  close(): Promise<void>
}

/** The instance is called by the connector's prefix. Its clock is the real one unless `now` is given. */
export async function sandboxHarness(connector: Connector, { now = () => new Date() } = {}): Promise<Harness> {
  const directory = await mkdtemp(join(tmpdir(), 'toolgate-sandbox-'))
  const file = join(directory, 'sandbox.db')
  const instance = connector.prefix
  const server = await startSandbox({ file, instances: { [instance]: { connector } }, now })
  const base = server.base(instance)
  const cache = new Map<string, unknown>()
  const keep = keptInMemory()
  const settings = connector.settings.parse(connector.sandbox.settings)
  const names = Object.keys(connector.hosts?.(settings) ?? {})
  const hosts = Object.fromEntries(names.map((name) => [name, `${base}/~${name}`]))

  return {
    base,
    file,
    async open(kind, { credential = connector.sandbox.credential, ...options } = {}) {
      const guard = guardedFetch({
        base,
        hosts,
        reads: connector.reads,
        signIn: connector.signIn,
        writes: kind === 'read' || kind.kind === 'read' ? [] : kind.routes,
        verdict: connector.verdict === undefined ? undefined : (answer) => connector.verdict?.(answer) ?? 'unclear',
        loopback: true,
        signal: new AbortController().signal,
        now,
        random: Math.random,
        timeoutMs: 10_000,
        ...options,
      })
      const vendor: unknown = await connector.open({
        base,
        hosts,
        fetch: guard.fetch,
        settings,
        credential,
        cache,
        keep,
      })
      return { vendor, guard }
    },
    requests: () => sandboxRequests(file, { limit: 10_000 }),
    break: (fault) => breakSandbox(file, instance, fault),
    mend: () => void mendSandbox(file),
    reset: () => resetSandbox(file),
    async close() {
      await server.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
