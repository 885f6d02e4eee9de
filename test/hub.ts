// A hub as people run it, in a folder of its own that goes away: real store, real policies, real sandboxes.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import type { Logger } from 'pino'
import type { Approver, Channel } from '../src/call/approver.ts'
import type { Answer } from '../src/call/call.ts'
import { openHub } from '../src/hub.ts'
import type { Hub, HubOptions } from '../src/hub.ts'
import type { Principal } from '../src/kit/policy.ts'
import { breakSandbox, mendSandbox, sandboxRequests } from '../src/sandbox/admin.ts'

export const deskFolder = fileURLToPath(new URL('./desk', import.meta.url))
const root = fileURLToPath(new URL('..', import.meta.url))

export interface TestHubOptions extends Partial<HubOptions> {
  /** Entries of `connectors`; one sandboxed desk where left out. */
  readonly connectors?: Readonly<Record<string, unknown>>
  /** The text of one policy file, or the paths of several; a policy that lets `role:member` do everything where left out. */
  readonly policy?: string
  readonly policies?: readonly string[]
  readonly roles?: readonly string[]
  /** Other top keys of the configuration. */
  readonly config?: Readonly<Record<string, unknown>>
  /** A folder that is there already: another process of the same hub. */
  readonly folder?: string
}

export interface TestHub {
  /** A yes to what is shown now, by somebody who signed in on the terminal. */
  approve(id: unknown, by?: string, channel?: Channel): Promise<Answer>
  deny(id: unknown, by?: string, reason?: string): Promise<Answer>
  readonly hub: Hub
  readonly folder: string
  readonly configPath: string
  call(tool: string, args?: unknown, as?: Principal): Promise<Answer>
  /** Every request that reached a sandbox, oldest first, as `METHOD /path status`. */
  requests(): readonly string[]
  /** Only those that changed something. */
  writes(): readonly string[]
  /** @param route only requests like this one: `POST /rest/api/3/issue/*` */
  break(instance: string, mode: 'drop' | '429' | '500' | '500-after' | 'slow', times?: number, route?: string): void
  /** Takes back every fault that nothing has met yet. */
  mend(): void
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

export const openPolicy = 'rules:\n  - allow: "*"\n    who: role:member\n'
export const stranger: Principal = { tenant: 'local', id: 'stranger', roles: [] }
export const silentLog: Logger = pino({ level: 'silent' })
const tap = process.env['TOOLGATE_TAP']
/** Where the suite's credentials are looked for afterwards, every line of every log is kept (test/canaries). */
const log =
  tap === undefined
    ? silentLog
    : pino({ level: 'trace' }, pino.destination({ dest: `${tap}/kept/log-${process.pid}`, sync: true }))

export async function testHub(options: TestHubOptions = {}): Promise<TestHub> {
  const folder = options.folder ?? configFolder(options)
  const configPath = path.join(folder, 'mcp.config.json')
  const hub = await openHub({ log, ...options, configPath })
  const seen = () => sandboxRequests(hub.sandboxFile, { limit: 10_000 })
  const said = (request: ReturnType<typeof seen>[number]) => `${request.method} ${request.path} ${request.status}`
  const close = async () => {
    await hub.close()
    if (options.folder === undefined) rmSync(folder, { recursive: true, force: true })
  }
  return {
    hub,
    folder,
    configPath,
    call: (tool, args = {}, as = hub.person()) => hub.call({ door: 'test', principal: as, tool, arguments: args }),
    approve: async (id, by = 'jonas', channel = 'terminal') =>
      await hub.approvals.approve(String(id), approver(by, channel), { digest: await digestOf(hub, String(id)) }),
    deny: async (id, by = 'jonas', reason) => await hub.approvals.deny(String(id), approver(by, 'terminal'), reason),
    requests: () => seen().map(said),
    writes: () =>
      seen()
        .filter(({ changed }) => changed)
        .map(said),
    break: (instance, mode, times = 1, route) =>
      breakSandbox(hub.sandboxFile, instance, { mode, times, ...(route !== undefined && { route }) }),
    mend: () => void mendSandbox(hub.sandboxFile),
    close,
    [Symbol.asyncDispose]: close,
  }
}

export function approver(id: string, channel: Channel): Approver {
  return { tenant: 'local', id, channel }
}

async function digestOf(hub: Hub, id: string): Promise<string> {
  return (await hub.store.operation(id))?.planDigest ?? 'none'
}

/** The shipped policies and the three shipped connectors, as on a fresh machine. */
export const shipped: TestHubOptions = {
  connectors: { jira: { sandbox: true }, salesforce: { sandbox: true }, slack: { sandbox: true } },
  policies: ['baseline', 'support', 'sales'].map((name) => path.join(root, 'policies', `${name}.yaml`)),
  roles: ['member', 'support', 'sales'],
}

/** A new folder with a configuration, for a hub of this process or another. */
export function configFolder(options: TestHubOptions): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'toolgate-test-'))
  writeFileSync(path.join(folder, 'policy.yaml'), options.policy ?? openPolicy)
  const config = {
    connectors: options.connectors ?? { desk: { uses: deskFolder, sandbox: true } },
    policies: options.policies ?? ['policy.yaml'],
    people: {
      local: { id: 'maya', roles: options.roles ?? ['member'] },
      directory: { jonas: { roles: ['member', 'lead', 'support-lead'] }, ines: { roles: ['member', 'sales-lead'] } },
    },
    store: 'sqlite:data/toolgate.db',
    ...options.config,
  }
  writeFileSync(path.join(folder, 'mcp.config.json'), JSON.stringify(config, undefined, 2))
  return folder
}
