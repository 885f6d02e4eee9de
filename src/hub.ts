// The composition root: configuration in, running hub out; the only file that knows every part.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { approve, deny } from './call/approvals.ts'
import type { Answer, Call, Door, Services, Version } from './call/call.ts'
import { callOf as callIdOf } from './call/details.ts'
import { handle } from './call/handle.ts'
import { settleOverdue } from './call/ledger.ts'
import { reconcile } from './call/reconcile.ts'
import { findPerson } from './config/load.ts'
import type { LoadedConfig } from './config/load.ts'
import type { Watch } from './config/watch.ts'
import { createSecrets, resolveCredential } from './egress/credentials.ts'
import { makeDispatcher } from './hub/dispatcher.ts'
import { makeId } from './hub/id.ts'
import { standardErrorLog } from './hub/log.ts'
import type { Log } from './hub/log.ts'
import { permissionsOf } from './hub/permissions.ts'
import type { InstancePermissions } from './hub/permissions.ts'
import { sandboxes } from './hub/sandboxes.ts'
import { makeVendors } from './hub/vendors.ts'
import { ConfigError, loadVersion } from './hub/version.ts'
import type { LoadedVersion } from './hub/version.ts'
import { HubError } from './kit/error.ts'
import type { JsonObject } from './kit/json.ts'
import type { Principal } from './kit/policy.ts'
import type { Operation, Store } from './kit/record.ts'
import type { Decision } from './policy/decide.ts'
import type { ScenarioResult } from './policy/scenario.ts'
import type { Dispatcher } from './serve/dispatcher.ts'
import { openStore } from './store/open.ts'

export { ConfigError } from './hub/version.ts'
export { visible } from './hub/dispatcher.ts'

export interface HubOptions {
  readonly configPath: string
  readonly log?: Log
  /** Whether a change on disk is taken up while the hub runs. */
  readonly watch?: boolean
  /** Changes what was read, before anything is opened. */
  readonly adjust?: (config: LoadedConfig) => LoadedConfig
  /** Also the tools that are off. */
  readonly everyTool?: boolean
  readonly now?: () => Date
}

export interface CallRequest {
  readonly door: Door
  readonly principal: Principal
  readonly tool: string
  readonly arguments: unknown
  readonly signal?: AbortSignal
}

export type ChangeEvent =
  | { readonly ok: true; readonly version: string }
  | { readonly ok: false; readonly problems: readonly string[] }

export interface Hub {
  current(): Version
  /** The configuration in force. */
  config(): LoadedConfig
  /** What is allowed but unwise, in sentences. */
  warnings(): readonly string[]
  call(request: CallRequest): Promise<Answer>
  /** As `call`, with the decision, for whoever may know why. */
  decided(request: CallRequest): Promise<{ readonly answer: Answer; readonly decision: Decision | undefined }>
  /** A call that only shows, with every rule that spoke. */
  explain(request: Omit<CallRequest, 'door'>): Promise<{ readonly answer: Answer; readonly decision: Decision | undefined }>
  readonly dispatcher: Dispatcher
  /**
   * The local person, or the one that whoever owns the data directory names.
   *
   * @throws HubError `not_found` for somebody that the configuration does not know
   */
  person(id?: string): Principal
  readonly approvals: {
    list(): Promise<readonly Operation[]>
    approve(id: string, approver: Principal): Promise<Answer>
    deny(id: string, approver: Principal, reason?: string): Promise<Answer>
  }
  /**
   * Asks the vendor about an operation whose outcome is unknown.
   *
   * @throws HubError `not_found`
   */
  reconcile(id: string): Promise<{ readonly before: Operation; readonly after: Operation }>
  /** What each instance must be granted at its vendor. */
  permissions(): readonly InstancePermissions[]
  /** Runs scenarios through the whole pipeline, on sandboxes of their own; all beside the policies, or those in these files. */
  runScenarios(files?: readonly string[]): Promise<readonly ScenarioResult[]>
  readonly store: Store
  readonly sandboxFile: string
  /** Takes up what is on disk now, as a watcher would. */
  reload(): Promise<ChangeEvent>
  onChanged(listener: (event: ChangeEvent) => void): () => void
  /** Waits for calls in flight, then lets go of everything. */
  close(): Promise<void>
}

/** @throws ConfigError with every problem and its place */
export async function openHub(options: HubOptions): Promise<Hub> {
  const log = options.log ?? standardErrorLog('warn')
  const clock = options.now ?? (() => new Date())
  /** The newest time of the clock and of the record: a clock that is set back revives nothing. */
  let newest = 0
  const now = () => {
    const time = clock()
    newest = Math.max(newest, time.getTime())
    return time
  }
  const secrets = createSecrets()
  const credentials = new Map<string, Promise<string>>()

  let services: Services | undefined
  const ready = (): Services => {
    if (!services) throw new TypeError('The hub is not open yet.')
    return services
  }
  const load = (configured?: (config: LoadedConfig) => void): Promise<LoadedVersion> =>
    loadVersion({
      configPath: options.configPath,
      ...(configured && { configured }),
      ...(options.adjust && { adjust: options.adjust }),
      ...(options.everyTool && { everyTool: true }),
      vendors: (instances, config) =>
        makeVendors({
          instances,
          sandboxBase: (instance) => played.base(instance, instances),
          credential: (reference) => credentialOf(reference, config.folder),
          hide: secrets.add,
          timeoutMs: config.callTimeoutMs,
          now,
          random: Math.random,
          services: ready,
        }),
    })
  const latest = () => new Date(Math.max(newest, now().getTime()))
  const rolesOf = (id: string) => findPerson(loaded.config, id)?.roles
  function credentialOf(reference: string, directory: string): Promise<string> {
    const known = credentials.get(reference) ?? resolveCredential(reference, { directory, env: process.env })
    credentials.set(reference, known)
    known.catch(() => credentials.delete(reference))
    return known
  }

  const id = (prefix: string) => makeId(prefix, now())
  const storeOf = ({ store: { file } }: LoadedConfig) => openStore({ url: `sqlite:${file}`, now, id })
  const readAt = now()
  let opening: Promise<Store> | undefined
  // While connectors and policies are loaded. Where there is no database yet, a start that fails must not leave one behind.
  let loaded = await load((config) => {
    if (!existsSync(config.store.file)) return
    opening = storeOf(config)
    opening.catch(() => undefined)
  }).catch(async (error: unknown) => {
    await opening?.then((opened) => opened.close()).catch(() => undefined)
    throw error
  })
  const dataFolder = path.dirname(loaded.config.store.file)
  const sandboxFile = path.join(dataFolder, 'sandbox.db')
  const played = sandboxes(sandboxFile, now)
  const store = await (opening ?? storeOf(loaded.config))
  newest = Math.max(newest, Date.parse((await store.recent(loaded.config.tenant, 1))[0]?.at ?? '1970-01-01T00:00:00Z'))
  const running = (services = { store, current: () => loaded.version, now, latest, rolesOf, id, scrub: secrets.scrub, log })
  const listeners = new Set<(event: ChangeEvent) => void>()
  let inFlight = 0
  let onIdle: (() => void) | undefined

  async function reload(): Promise<ChangeEvent> {
    const event = await load().then(
      (next): ChangeEvent => {
        loaded = next
        // A secret that was changed behind its reference is read again.
        credentials.clear()
        return { ok: true, version: next.version.id }
      },
      (error: unknown): ChangeEvent => ({
        ok: false,
        problems: error instanceof ConfigError ? error.problems : [String(error)],
      }),
    )
    if (event.ok) log.info({ version: event.version }, 'the configuration was changed')
    else log.error({ problems: event.problems }, 'the changed configuration is refused; the one before stays in force')
    for (const listener of listeners) listener(event)
    return event
  }

  const track = async <T>(work: Promise<T>): Promise<T> => {
    inFlight += 1
    try {
      return await work
    } finally {
      inFlight -= 1
      if (inFlight === 0) onIdle?.()
    }
  }
  const callOf = ({ door, principal, tool, arguments: given, signal }: CallRequest): Call => ({
    id: id('call'),
    door,
    principal,
    tool,
    arguments: given,
    signal: signal ?? new AbortController().signal,
  })
  const stopped = new AbortController()
  const watching = options.watch ? watch(() => loaded, reload, log, readAt, stopped.signal) : undefined

  let closing: Promise<void> | undefined
  async function close(): Promise<void> {
    stopped.abort()
    await (await watching)?.close()
    if (inFlight > 0) await new Promise<void>((resolve) => (onIdle = resolve))
    await played.close()
    await store.close()
  }

  const hub: Hub = {
    current: () => loaded.version,
    config: () => loaded.config,
    warnings: () => loaded.warnings,
    call: async (request) => (await track(handle(callOf(request), running))).answer,
    async explain(request) {
      const write = loaded.version.offers.get(request.tool)?.facts.write === true
      const given = write ? { ...(request.arguments as JsonObject), dry_run: true } : request.arguments
      return await hub.decided({ ...request, door: 'cli', arguments: given })
    },
    async decided(request) {
      const { answer, story } = await track(handle(callOf(request), running))
      return { answer, decision: story.decision }
    },
    get dispatcher() {
      return makeDispatcher(hub, now)
    },
    person: (wanted) => personOf(loaded.config, wanted),
    approvals: {
      list: () => store.operations({ tenant: loaded.config.tenant, states: ['held'], limit: 1000 }),
      approve: (operation, approver) => track(approve(operation, approver, running)),
      deny: (operation, approver, reason) => track(deny(operation, approver, reason, running)),
    },
    permissions: () => permissionsOf(loaded.version, loaded.instances),
    async reconcile(wanted) {
      const before = await settleOverdue(await store.operation(wanted), running)
      if (before?.tenant !== loaded.config.tenant) throw new HubError('not_found', `There is no operation ${wanted}.`)
      const call = { id: callIdOf(before), signal: AbortSignal.timeout(loaded.config.callTimeoutMs) }
      return { before, after: await track(reconcile(before, call, running)) }
    },
    async runScenarios(files) {
      const { runPolicyScenarios } = await import('./hub/scenarios.ts')
      return await runPolicyScenarios(loaded, files, (adjusted) => openHub({ ...options, ...adjusted, watch: false }))
    },
    store,
    sandboxFile,
    reload,
    onChanged(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close: () => (closing ??= close()),
  }
  return hub
}

function personOf(config: LoadedConfig, wanted: string | undefined): Principal {
  const person = wanted === undefined ? config.people.local : findPerson(config, wanted)
  if (person) return { tenant: config.tenant, id: person.id, roles: person.roles }
  const known = [config.people.local.id, ...config.people.directory.keys()].join(', ')
  throw new HubError('not_found', `The configuration knows no person called ${JSON.stringify(wanted)}. It knows: ${known}.`)
}

/** Long enough for the first client to be answered first. */
const watchAfterMs = 200

/** What changed since `readAt` is found too, so that nobody has to wait until the watch is there. */
async function watch(
  loaded: () => LoadedVersion,
  reload: () => Promise<unknown>,
  log: Log,
  readAt: Date,
  stopped: AbortSignal,
): Promise<Watch | undefined> {
  const inTime = await sleep(watchAfterMs, true, { signal: stopped }).catch(() => false)
  if (!inTime) return undefined
  try {
    const { watchFiles } = await import('./config/watch.ts')
    return await watchFiles({
      files: () => [loaded().config.file, ...loaded().config.policies],
      folders: () => [...new Set(loaded().config.policies.map((file) => path.dirname(file)))],
      changed: async () => void (await reload()),
      degraded: (reason) => log.warn({ reason }, 'files are looked at twice a second, because the system cannot watch them'),
      since: readAt.getTime(),
    })
  } catch (error) {
    log.error({ err: error }, 'files cannot be watched, so that changes are taken up by the next start only')
    return undefined
  }
}
