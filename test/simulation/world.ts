// The pipeline as it runs, on a real store and a real sandbox, with every step able to break.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Services, Vendors, Version } from '../../src/call/call.ts'
import { makeId } from '../../src/hub/id.ts'
import { sandboxes } from '../../src/hub/sandboxes.ts'
import { makeVendors } from '../../src/hub/vendors.ts'
import { loadVersion } from '../../src/hub/version.ts'
import type { Store } from '../../src/kit/record.ts'
import { breakSandbox, mendSandbox, sandboxRequests } from '../../src/sandbox/admin.ts'
import { openStore } from '../../src/store/open.ts'
import { deskFolder, silentLog } from '../hub.ts'
import { keptInMemory } from '../keep.ts'
import type { Luck } from './story.ts'

const open = `
rules:
  - allow: "*"
    who: role:member
  - ask: desk_note_send
    when: plan.effects.exists(e, has(e.after.desk) && e.after.desk == "back")
    approvers: role:lead
  - deny: "*"
    when: plan.audience.external
`
const closed = 'rules:\n  - deny: "*"\n  - allow: operation_get\n'

export interface World {
  readonly store: Store
  readonly versions: { readonly open: Version; readonly closed: Version }
  services(run: Run): Services
  /** How often the vendor carried out a write that bears this text, by desk or id; of the last thousand requests. */
  executions(): ReadonlyMap<string, number>
  breakVendor(mode: 'drop' | '429' | '500' | '500-after'): void
  /** Takes back every fault that nothing has met yet. */
  mendVendor(): void
  close(): Promise<void>
}

/** One story as it goes: what breaks, what time it is, and which policy is in force. */
export interface Run {
  readonly luck: Luck
  /** The process is gone: nothing that it still tries has any effect. */
  dead: boolean
  now: Date
  version: Version
  /** Promises broken, in words. */
  readonly violations: string[]
  /** Entries that a fault kept from being written. */
  readonly lostEntries: Set<string>
  /** Operations whose policy was closed after they had begun. */
  readonly shutOut: Set<string>
}

export async function openWorld(): Promise<World> {
  const folder = mkdtempSync(path.join(tmpdir(), 'toolgate-simulation-'))
  const sandboxFile = path.join(folder, 'sandbox.db')
  const played = sandboxes(sandboxFile, () => new Date())
  let acting: Services | undefined
  const load = async (policy: string) => {
    const configPath = path.join(folder, 'mcp.config.json')
    writeFileSync(path.join(folder, 'policy.yaml'), policy)
    writeFileSync(configPath, JSON.stringify(configuration))
    const loaded = await loadVersion({
      configPath,
      // Each story is of a tenant of its own.
      adjust: (config) => ({ ...config, instances: config.instances.map((each) => ({ ...each, tenants: storyNames })) }),
      vendors: (instances) =>
        makeVendors({
          instances,
          sandboxBase: (instance) => played.base(instance, instances),
          credential: () => Promise.reject(new Error('no credentials here')),
          hide: () => undefined,
          keep: keptInMemory,
          timeoutMs: 5000,
          now: () => new Date(),
          random: () => 0,
          services: () => acting as Services,
        }),
    })
    return loaded.version
  }
  const versions = { closed: await load(closed), open: await load(open) }
  const store = await openStore({
    url: `sqlite:${path.join(folder, 'toolgate.db')}`,
    now: () => new Date(),
    id: (prefix) => makeId(prefix, new Date()),
  })
  return {
    store,
    versions,
    services(run) {
      acting = servicesOf(store, versions, run)
      return acting
    },
    executions: () => countExecutions(sandboxFile),
    breakVendor: (mode) => void breakSandbox(sandboxFile, 'desk', { mode, times: 1, route: 'POST /notes' }),
    mendVendor: () => void mendSandbox(sandboxFile),
    async close() {
      await played.close()
      await store.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const storyNames = Array.from({ length: 20_000 }, (_, index) => `story-${index}`)

const configuration = {
  connectors: {
    desk: { uses: deskFolder, sandbox: true },
    rogue: { uses: fileURLToPath(new URL('../rogue', import.meta.url)), sandbox: true },
  },
  policies: ['policy.yaml'],
  people: { local: { id: 'maya', roles: ['member'] } },
  store: 'sqlite:toolgate.db',
}

function countExecutions(file: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const request of sandboxRequests(file, { limit: 1000 })) {
    if (!request.changed) continue
    const { text = '', desk = '' } = JSON.parse(request.body ?? '{}') as { text?: string; desk?: string }
    const key = `${text} ${desk}`.trim()
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return counts
}

function servicesOf(store: Store, versions: World['versions'], run: Run): Services {
  return {
    store: breakable(store, versions, run),
    current: () => ({ ...run.version, vendors: watched(run.version.vendors, store, run) }),
    now: () => run.now,
    latest: () => run.now,
    rolesOf: (who) => (who === 'maya' ? ['member'] : ['lead']),
    identityOf: (who) => who,
    tell: () => undefined,
    id: (prefix) => makeId(prefix, run.now),
    scrub: (value) => value,
    log: silentLog,
  }
}

/** Each change may fail before it has an effect, or after; and the process may die with it. */
function breakable(store: Store, versions: World['versions'], run: Run): Store {
  async function step<T>(does: () => Promise<T>, lost: () => void = () => undefined): Promise<T> {
    if (run.dead) {
      lost()
      throw new Error('the process is gone')
    }
    const before = run.luck()
    if (before) {
      run.dead = before.dies
      lost()
      throw new Error('the store failed')
    }
    const result = await does()
    const after = run.luck()
    if (after) {
      run.dead = after.dies
      throw new Error('the store failed after it had done it')
    }
    return result
  }
  return {
    ...store,
    append: (entry) =>
      step(
        () => store.append(entry),
        () => run.lostEntries.add(`${entry.kind} ${entry.call}`),
      ),
    async begin(operation, entry, also) {
      const begun = await step(() => store.begin(operation, entry, also))
      if (begun.fresh && operation.state === 'intent' && run.luck()) {
        run.version = versions.closed
        run.shutOut.add(begun.operation.id)
      }
      return begun
    },
    move: (change, entry, also) => step(() => store.move(change, entry, also)),
    put: (puts, entry) => step(() => store.put(puts, entry)),
    operation: (id) => step(() => store.operation(id)),
    byKey: (identity) => step(() => store.byKey(identity)),
    latest: (identity, args) => step(() => store.latest(identity, args)),
    take: (...taken) => step(() => store.take(...taken)),
    broken: () => undefined,
  }
}

/** Looks over the shoulder of every session that can write. */
function watched(vendors: Vendors, store: Store, run: Run): Vendors {
  const alive = () => {
    if (run.dead) throw new Error('the process is gone')
    if (run.luck()) throw new Error('the vendor could not be opened')
  }
  return {
    describe: vendors.describe,
    async forReading(...opening) {
      alive()
      return await vendors.forReading(...opening)
    },
    async forWriting(offer, principal, signal, receipt) {
      const { id } = receipt.operation
      const recorded = await store.operation(id)
      if (recorded?.state !== 'sending')
        run.violations.push(`${id} is sent while the ledger says ${recorded?.state ?? 'nothing'}`)
      if (run.shutOut.has(id)) run.violations.push(`${id} is sent although the policy was closed before the send`)
      alive()
      return await vendors.forWriting(offer, principal, signal, receipt)
    },
  }
}
