// The composition root: configuration in, running hub out; the only file that knows every part.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Call, Services } from './call/call.ts'
import { callOf as callIdOf, noOperation } from './call/details.ts'
import { handle } from './call/handle.ts'
import { settleOverdue } from './call/ledger.ts'
import { reconcile } from './call/reconcile.ts'
import { resolve as settle } from './call/resolve.ts'
import { remindDue } from './call/reminders.ts'
import type { HubEvent } from './call/news.ts'
import { findPerson, identityIn } from './config/load.ts'
import type { LoadedConfig } from './config/load.ts'
import { createSecrets } from './egress/credentials.ts'
import type { Sealing } from './egress/sealing.ts'
import type { Connections } from './hub/connections.ts'
import { makeDeciding } from './hub/deciding.ts'
import { makeDispatcher } from './hub/dispatcher.ts'
import { watchGrants } from './hub/grants.ts'
import type { InstanceGrants } from './hub/grants.ts'
import { makeGuests } from './hub/guests.ts'
import { makeId } from './hub/id.ts'
import { heldTasks } from './hub/tasks.ts'
import type { Identity } from './hub/identity.ts'
import { makeKeep } from './hub/keep.ts'
import type { KeepOptions } from './hub/keep.ts'
import { linkOf } from './hub/links.ts'
import type { SignIn } from './hub/sign-in.ts'
import type { SlackApprovals } from './hub/slack/approvals.ts'
import { standardErrorLog, withoutSecrets } from './hub/log.ts'
import { makeProof } from './hub/proof.ts'
import { makeNotifications } from './hub/notifications.ts'
import { permissionsOf } from './hub/permissions.ts'
import { sandboxes } from './hub/sandboxes.ts'
import { sealingOf, secretsOf } from './hub/secrets.ts'
import { makeVendors } from './hub/vendors.ts'
import { ConfigError, loadVersion, needsRestart } from './hub/version.ts'
import type { LoadedVersion } from './hub/version.ts'
import { HubError } from './kit/error.ts'
import type { Json, JsonObject } from './kit/json.ts'
import type { Principal } from './kit/policy.ts'
import type { Store } from './kit/record.ts'
import { openStore } from './store/open.ts'
import type { HubOptions, CallRequest, ChangeEvent, Hub } from './hub/contract.ts'
import { watchConfiguration } from './hub/watching.ts'

export { ConfigError } from './hub/version.ts'
export { visible } from './hub/dispatcher.ts'
export type { HubOptions, CallRequest, ChangeEvent, Hub } from './hub/contract.ts'

/** @throws ConfigError with every problem and its place */
export async function openHub(options: HubOptions): Promise<Hub> {
  const clock = options.now ?? (() => new Date())
  /** The newest time of the clock and of the record: a clock that is set back revives nothing. */
  let newest = 0
  const now = () => {
    const time = clock()
    newest = Math.max(newest, time.getTime())
    return time
  }
  const secrets = createSecrets()
  const log = withoutSecrets(options.log ?? standardErrorLog('warn'), secrets.scrub)
  const keeper = secretsOf(() => loaded.config, process.env, now)
  const hiddenSecret = async (reference: string): Promise<string> => {
    const secret = await keeper.read(reference)
    secrets.add(secret)
    return secret
  }
  let sealing: Promise<Sealing> | undefined

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
          sandboxBase: async (instance) => options.sandboxBase?.(instance) ?? (await played.base(instance, instances)),
          credential: keeper.read,
          refused: keeper.stale,
          acting: async (...asked) => await (await connected()).acting(...asked),
          hide: secrets.add,
          keep: (instance, credential) => makeKeep(keeping, instance, credential),
          way: config.egress,
          timeoutMs: config.callTimeoutMs,
          now,
          random: Math.random,
          services: ready,
        }),
    })
  const keeping: KeepOptions = {
    store: () => ready().store,
    tenant: () => loaded.config.tenant,
    sealing: () => (sealing ??= sealingOf(loaded.config, dataFolder, keeper)),
    now,
    hide: secrets.add,
  }
  // Loaded where people have accounts of their own.
  let connections: Connections | undefined
  const connected = async (): Promise<Connections> => {
    const { makeConnections } = await import('./hub/connections.ts')
    return (connections ??= makeConnections({
      loaded: () => loaded,
      services: ready,
      store: keeping.store,
      sealing: keeping.sealing,
      secret: hiddenSecret,
      sandboxBase: async (instance) => options.sandboxBase?.(instance) ?? (await played.base(instance, loaded.instances)),
      session: (token) => hub.sessions.of(token),
      identityOf: (name) => identityIn(loaded.config, name),
      now,
      random: Math.random,
      hide: secrets.addPassing,
      log,
    }))
  }
  const latest = () => new Date(Math.max(newest, now().getTime()))
  let identity: Identity | undefined
  const rolesOf = (id: string, tenant = loaded.config.tenant) =>
    (tenant === loaded.config.tenant ? (findPerson(loaded.config, id) ?? guests.find(id))?.roles : undefined) ??
    identity?.rolesOf(tenant, id)
  const guests = makeGuests(() => loaded.config, latest)
  const id = (prefix: string) => makeId(prefix, now())
  const storeOf = ({ store: { file } }: LoadedConfig) =>
    openStore({ url: `sqlite:${file}`, now, id, ballastBytes: options.watch ? ballastBytes : 0 })
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
  const started = loaded.config
  const dataFolder = path.dirname(loaded.config.store.file)
  const sandboxFile = path.join(dataFolder, 'sandbox.db')
  const played = sandboxes(sandboxFile, now)
  const store = await (opening ?? storeOf(loaded.config))
  newest = Math.max(newest, Date.parse((await store.recent(loaded.config.tenant, 1))[0]?.at ?? '1970-01-01T00:00:00Z'))
  const stopped = new AbortController()
  const regranted = new Set<() => void>()
  const grants = watchGrants({
    loaded: () => loaded,
    changed: () => regranted.forEach((listener) => listener()),
    log,
    now,
    stopped: stopped.signal,
  })
  const current = options.everyTool ? () => loaded.version : grants.version
  const proof = makeProof({
    store,
    config: () => loaded.config,
    dataFolder,
    now,
    id,
    secret: keeper.read,
    services: ready,
    log,
    stays: options.watch === true,
  })
  const { late, unrecorded } = proof
  const hearing = new Set<(event: HubEvent) => void>()
  const tell = (event: HubEvent) => {
    for (const listener of hearing) listener(event)
    // What was just put into the outbox need not wait for the next look.
    if (options.watch && !stopped.signal.aborted) void tend().catch(() => undefined)
  }
  const identityOf = (name: string) => identityIn(loaded.config, name)
  const notifications = makeNotifications({
    services: ready,
    tenant: () => loaded.config.tenant,
    secretFor: async (url) => {
      const target = loaded.config.notify.find((each) => each.url === url)
      return target && (await hiddenSecret(target.secret))
    },
    random: Math.random,
  })
  const running = (services = {
    store,
    current,
    now,
    latest,
    rolesOf,
    welcome: (who, by, endsAt) => guests.welcome(who, by, endsAt),
    isExternal: (who, tenant) => tenant !== loaded.config.tenant || findPerson(loaded.config, who) === undefined,
    identityOf,
    tell,
    id,
    scrub: secrets.scrub,
    late,
    unrecorded,
    log,
  })
  const listeners = new Set<(event: ChangeEvent) => void>()
  let inFlight = 0
  let onIdle: (() => void) | undefined

  async function reload(): Promise<ChangeEvent> {
    const event = await load().then(
      (next): ChangeEvent => {
        loaded = next
        const restart = needsRestart(started, next.config)
        // A secret that was changed behind its reference is read again.
        keeper.clear()
        if (options.probe) void Promise.all([grants.ask(), checkSecrets()])
        return { ok: true, version: next.version.id, restart }
      },
      (error: unknown): ChangeEvent => ({
        ok: false,
        problems: error instanceof ConfigError ? error.problems : [String(error)],
      }),
    )
    if (event.ok) for (const sentence of event.restart) log.warn(sentence)
    if (event.ok) log.info({ version: event.version }, 'the configuration was changed')
    else log.error({ problems: event.problems }, 'the changed configuration is refused; the one before stays in force')
    for (const listener of listeners) listener(event)
    return event
  }

  // Loaded for a door that asks who comes, and for whoever makes keys.
  const identified = async (): Promise<Identity> => {
    const { makeIdentity } = await import('./hub/identity.ts')
    return (identity ??= makeIdentity({
      config: () => loaded.config,
      store: () => store,
      now,
      id,
      secret: keeper.read,
      writes: (tool) => loaded.version.offers.get(tool)?.facts.write,
      log,
    }))
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
  const callOf = ({ door, principal, tool, arguments: given, signal, explains }: CallRequest): Call => ({
    id: id('call'),
    door,
    principal,
    tool,
    arguments: given,
    signal: signal ?? new AbortController().signal,
    ...(explains && { explains }),
  })
  const handled = async (request: CallRequest, call = callOf(request)) => {
    await grants.awaited(request.tool)
    return await handle(call, running)
  }
  // What is read is known from then on, and leaves the hub no more.
  const checkSecrets = async () =>
    await (await import('./hub/secret-health.ts')).warnOfSecrets(loaded.config, hiddenSecret, log).catch(() => undefined)
  const probe = async () => {
    grants.keepAsking()
    await checkSecrets()
  }
  if (options.probe) void sleep(probeAfterMs, undefined, { signal: stopped.signal }).then(probe, () => undefined)
  // Loaded for hubs whose approvers are in Slack.
  const inSlack = async (): Promise<SlackApprovals> => {
    const { openSlackApprovals } = await import('./hub/slack/open.ts')
    return (slackDoor ??= openSlackApprovals({
      config: () => loaded.config,
      sandbox: async (instance) => {
        const found = loaded.instances.get(instance)
        if (!found?.configured.sandbox)
          throw new HubError('not_found', `No sandbox is called ${instance} (approvals.slack.sandbox).`)
        const base = options.sandboxBase?.(instance) ?? (await played.base(instance, loaded.instances))
        return { base, token: found.connector.sandbox.credential }
      },
      secret: hiddenSecret,
      services: running,
      approvals: hub.approvals,
      linkOf: (instance, target) => hub.linkOf(instance, target),
    }))
  }
  let slackDoor: SlackApprovals | undefined
  let signInDoor: SignIn | undefined
  const signingIn = async (): Promise<SignIn> => {
    const { makeSignIn } = await import('./hub/sign-in.ts')
    return makeSignIn({ config: () => loaded.config, services: ready, secret: hiddenSecret })
  }
  let tending: Promise<void> | undefined
  async function tend(): Promise<void> {
    const work = async () => {
      await remindDue(loaded.config.tenant, running)
      await notifications.deliverDue()
      if (loaded.config.approvals.slack) await (await inSlack()).sync()
      if (loaded.config.instances.some(({ actsAs }) => actsAs !== 'service')) await (await connected()).tend()
    }
    return await (tending ??= track(work()).finally(() => (tending = undefined)))
  }
  async function keepTending(): Promise<void> {
    for (;;) {
      await sleep(tendEveryMs, undefined, { signal: stopped.signal, ref: false })
      await tend().catch((error: unknown) => log.warn({ err: error }, 'what was due could not be done; it is tried again'))
    }
  }
  if (options.watch) void keepTending().catch(() => undefined)
  const watching = options.watch ? watchConfiguration(() => loaded, reload, log, readAt, stopped.signal) : undefined

  let closing: Promise<void> | undefined
  async function close(): Promise<void> {
    stopped.abort()
    await (await watching)?.close()
    if (inFlight > 0) await new Promise<void>((resolve) => (onIdle = resolve))
    await played.close()
    await proof.close()
    await store.close()
  }

  const hub: Hub = {
    current,
    config: () => loaded.config,
    warnings: () => loaded.warnings,
    call: async (request) => (await track(handled(request))).answer,
    async answered(request) {
      const call = callOf(request)
      const done = await track(handled(request, call))
      return { answer: done.answer, receipt: await proof.receipt(done, call).catch(() => undefined) }
    },
    async explain(request) {
      const write = loaded.version.offers.get(request.tool)?.facts.write === true
      const given = write ? { ...(request.arguments as JsonObject), dry_run: true } : request.arguments
      return await hub.decided({ ...request, door: 'cli', arguments: given, explains: true })
    },
    async decided(request) {
      const { answer, story } = await track(handled(request))
      return { answer, decision: story.decision }
    },
    get dispatcher() {
      return makeDispatcher(
        hub,
        now,
        heldTasks({ services: running, cancel: (wanted, who) => hub.approvals.cancel(wanted, who) }),
      )
    },
    person: (wanted) => personOf(loaded.config, wanted),
    gate: async (address) => (await identified()).gate(address),
    keys: async () => (await identified()).keys,
    signIn: async () => (signInDoor ??= await signingIn()),
    guests: () => guests.list(),
    ...makeDeciding({
      services: running,
      tenant: () => loaded.config.tenant,
      mayOperate: (person) => ['operator', 'admin'].includes(findPerson(loaded.config, person)?.admin ?? 'none'),
      awaited: grants.awaited,
      track,
    }),
    notifications: {
      list: ({ limit }) => notifications.list(limit),
      replay: (wanted) => track(notifications.replay(wanted)),
    },
    onEvent(listener) {
      hearing.add(listener)
      return () => hearing.delete(listener)
    },
    tend,
    connections: connected,
    slack: {
      async handle(incoming, response) {
        if (loaded.config.approvals.slack) await track((await inSlack()).handle(incoming, response))
        else response.writeHead(404).end()
      },
    },
    linkOf: (instance, target) => linkOf(loaded.instances.get(instance), target),
    permissions: () => permissionsOf(loaded.version, loaded.instances),
    async reconcile(wanted) {
      const before = await settleOverdue(await store.operation(wanted), running)
      if (before?.tenant !== loaded.config.tenant) throw new HubError('not_found', noOperation(wanted))
      const call = { id: callIdOf(before), signal: AbortSignal.timeout(loaded.config.callTimeoutMs) }
      return { before, after: await track(reconcile(before, call, running)) }
    },
    async resolve(wanted, resolution) {
      const found = await settleOverdue(await store.operation(wanted), running)
      if (found?.tenant !== loaded.config.tenant) throw new HubError('not_found', noOperation(wanted))
      return await settle(found, resolution, running)
    },
    async runScenarios(files) {
      const { runPolicyScenarios } = await import('./hub/scenarios.ts')
      return await runPolicyScenarios(loaded, files, (adjusted) => openHub({ ...options, ...adjusted, watch: false }))
    },
    proof,
    store,
    log,
    sandboxFile,
    grants: {
      // Vendors say in their own words whose account it is.
      report: () => secrets.scrub(grants.report() as unknown as Json) as unknown as readonly InstanceGrants[],
      ask: grants.ask,
      onChanged(listener) {
        regranted.add(listener)
        return () => regranted.delete(listener)
      },
    },
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

/** How often a hub that stays looks for what is due. */
const tendEveryMs = 5000

/** Room on the disk for the ends of what has begun; twice what the log of recent changes needs to be tidied up first. */
const ballastBytes = 8 * 1024 * 1024

/** Long enough for the first client to be answered first. */
const probeAfterMs = 200
