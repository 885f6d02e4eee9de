// What the vendors have granted, asked in the background: a tool that cannot work there is not shown.
import type { Offer, Version } from '../call/call.ts'
import type { Grants } from '../kit/connector.ts'
import { HubError } from '../kit/error.ts'
import type { OpenInstance } from './instances.ts'
import type { Log } from './log.ts'
import { hidden } from './offers.ts'
import type { LoadedVersion } from './version.ts'

/** What is known of one instance; for whoever runs the hub. */
export interface InstanceGrants {
  readonly instance: string
  /** `unasked`: as `why` says. `waiting`: no answer yet. `failed`: the vendor did not say. */
  readonly state: 'unasked' | 'waiting' | 'granted' | 'failed'
  readonly account?: string
  /** By wire name. */
  readonly missing: Readonly<Record<string, readonly string[]>>
  /** Granted, and needed by none of the tools that are on. */
  readonly extra: readonly string[]
  readonly expiresAt?: string
  readonly askedAt?: string
  readonly why?: string
}

export interface GrantsOptions {
  readonly loaded: () => LoadedVersion
  /** Called after the tools that are shown may have become others. */
  readonly changed: () => void
  readonly log: Log
  readonly now: () => Date
  /** When the hub closes, nothing is waited for. */
  readonly stopped: AbortSignal
}

export interface GrantWatch {
  /** The version in force, without the tools that are known not to work, or not known to work. */
  readonly version: () => Version
  /** Undefined when a call of this tool need not wait for the first answer of its vendor. */
  readonly awaited: (tool: string) => Promise<void> | undefined
  /** Asks every instance that can be asked, and waits for the answers. */
  readonly ask: () => Promise<void>
  /** Asks now and from time to time. */
  readonly keepAsking: () => void
  readonly report: () => readonly InstanceGrants[]
}

/** How often all are asked, and how soon one that did not say is asked again. */
const everyMs = 60 * 60_000
const againMs = 60_000
const patienceMs = 20_000
const unheard = 'hidden until the vendor has said what it grants'

interface Answer {
  readonly at: Date
  /** The names of the tools that were on. */
  readonly tools: ReadonlySet<string>
  readonly grants?: Grants
  /** Why there are none. */
  readonly why?: string
}

interface Asked {
  /** Of the instance as it was. */
  readonly digest: string
  readonly answered: Promise<void>
  readonly answer?: Answer
}

export function watchGrants({ loaded, changed, log, now, stopped }: GrantsOptions): GrantWatch {
  const known = new Map<string, Asked>()
  let made: { readonly of: Version; readonly version: Version } | undefined

  function ask(instance: OpenInstance): Promise<void> {
    const { configured, digest } = instance
    const before = answerFor(instance)
    const answered = learn(instance, before, () => known.get(configured.id)?.answered === answered)
    known.set(configured.id, { digest, answered, ...(before && { answer: before }) })
    return answered
  }

  /** A later question, or a configuration in which this instance is another one, makes an answer worthless. */
  async function learn(instance: OpenInstance, before: Answer | undefined, isLatest: () => boolean): Promise<void> {
    const { id } = instance.configured
    const answer = await answerOf(instance, loaded().version, now(), stopped)
    const current = known.get(id)
    if (stopped.aborted || !current || !isLatest() || loaded().instances.get(id)?.digest !== instance.digest) return
    known.set(id, { ...current, answer })
    made = undefined
    tell(instance, answer, before)
    changed()
  }

  const asked = () => [...loaded().instances.values()].filter(isAsked)
  const askSome = async (instances: readonly OpenInstance[]) => void (await Promise.all(instances.map(ask)))

  /** What is known of this very instance: another credential or address has been granted nothing yet. */
  function answerFor({ configured, digest }: OpenInstance): Answer | undefined {
    const found = known.get(configured.id)
    return found?.digest === digest ? found.answer : undefined
  }

  /** Why a tool that is on is not shown. */
  function objection(offer: Offer, instance: OpenInstance): string | undefined {
    const answer = answerFor(instance)
    const missing = answer?.grants?.missing[offer.tool.name]
    if (missing !== undefined) return `hidden: not granted at the vendor: ${missing.join(', ') || 'what it needs'}`
    // A sandbox grants what it plays, and there is nothing to protect.
    if (instance.configured.sandbox) return undefined
    if (answer === undefined) return unheard
    if (answer.grants === undefined) return `hidden: the vendor did not say what it grants. ${answer.why ?? ''}`.trim()
    return answer.tools.has(offer.name) ? undefined : unheard
  }

  function derive({ version, instances }: LoadedVersion): Version {
    let different = false
    const offers = [...version.offers].map(([name, offer]): readonly [string, Offer] => {
      const instance = instances.get(offer.instance)
      const why = offer.state === 'on' && instance && isAsked(instance) ? objection(offer, instance) : undefined
      if (why === undefined) return [name, offer]
      different = true
      return [name, hidden(offer, why)]
    })
    return different ? { ...version, offers: new Map(offers) } : version
  }

  function tell(instance: OpenInstance, answer: Answer, before: Answer | undefined): void {
    if (saidOf(answer) === saidOf(before)) return
    const { configured, prefix } = instance
    const of = { instance: configured.id }
    if (answer.grants === undefined) {
      const what = configured.sandbox ? 'stay shown, as it is a sandbox' : 'are hidden'
      return log.warn({ ...of, reason: answer.why }, `the vendor did not say what it grants; its tools ${what}`)
    }
    const { account, missing, extra } = answer.grants
    if (Object.keys(missing).length > 0)
      log.warn(
        { ...of, account, missing: prefixed(missing, prefix) },
        'tools are hidden, because the vendor has not granted what they need',
      )
    // A sandbox grants everything that its tools could want; there is nothing that somebody should take back.
    if (extra.length > 0)
      log[configured.sandbox ? 'info' : 'warn'](
        { ...of, account, extra },
        'the vendor has granted more than the tools that are on need',
      )
    if (before !== undefined && before.grants === undefined)
      log.info({ ...of, account }, 'the vendor has said what it grants')
  }

  return {
    version() {
      const of = loaded().version
      if (made?.of !== of) made = { of, version: derive(loaded()) }
      return made.version
    },
    awaited(tool) {
      const version = loaded().version
      const offer = version.offers.get(tool)
      // Taking something back is a call of another tool; which one is only known from the record.
      const wanted = asked().filter(
        ({ configured: { id, sandbox } }) => !sandbox && (tool === 'operation_undo' || id === offer?.instance),
      )
      const unanswered = wanted.filter((instance) => answerFor(instance) === undefined)
      if (unanswered.length === 0) return undefined
      const answers = unanswered.map((instance) => known.get(instance.configured.id)?.answered ?? ask(instance))
      return Promise.all(answers).then(() => undefined)
    },
    ask: () => askSome(asked()),
    keepAsking() {
      let sinceMs = 0
      const timer = setInterval(() => {
        sinceMs += againMs
        const failed = asked().filter((instance) => answerFor(instance)?.grants === undefined)
        void askSome(sinceMs >= everyMs ? asked() : failed)
        if (sinceMs >= everyMs) sinceMs = 0
      }, againMs)
      timer.unref()
      stopped.addEventListener('abort', () => clearInterval(timer))
      void askSome(asked())
    },
    report: () => [...loaded().instances.values()].map((instance) => reported(instance, answerFor(instance))),
  }
}

/** Where each person has an account of their own, what the hub's is granted says nothing of the tools. */
function isAsked({ connector, configured }: Pick<OpenInstance, 'connector' | 'configured'>): boolean {
  return connector.grants !== undefined && configured.actsAs === 'service'
}

/** Never throws: that the vendor did not say is an answer too. */
async function answerOf(instance: OpenInstance, version: Version, at: Date, stopped: AbortSignal): Promise<Answer> {
  const { connector, configured } = instance
  const offers = [...version.offers.values()].filter((offer) => offer.instance === configured.id)
  const on = offers.filter(({ state }) => state === 'on')
  const asked = { at, tools: new Set(on.map(({ name }) => name)) }
  const [any] = offers
  if (!any || !connector.grants) return { ...asked, why: 'Its connector cannot ask.' }
  try {
    const signal = AbortSignal.any([stopped, AbortSignal.timeout(patienceMs)])
    const { vendor } = await version.vendors.forReading(any, nobody, signal)
    return {
      ...asked,
      grants: await connector.grants(
        vendor,
        on.map(({ tool }) => tool),
      ),
    }
  } catch (error) {
    return { ...asked, why: reasonOf(error) }
  }
}

const nobody = { tenant: 'hub', id: 'hub', roles: [] }

/** For whoever runs the hub: our sentences only, also of what lies behind, since a vendor's may quote a secret. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof HubError)) return 'The connector failed while it asked.'
  return error.cause instanceof HubError ? error.cause.message : error.message
}

function reported({ configured, connector, prefix }: OpenInstance, answer: Answer | undefined): InstanceGrants {
  const empty = { instance: configured.id, missing: {}, extra: [] }
  if (!isAsked({ connector, configured })) {
    const why = connector.grants ? 'Everybody acts with an account of their own there.' : 'Its connector cannot ask.'
    return { ...empty, state: 'unasked', why }
  }
  if (answer === undefined) return { ...empty, state: 'waiting' }
  const askedAt = answer.at.toISOString()
  if (answer.grants === undefined)
    return { ...empty, state: 'failed', askedAt, ...(answer.why !== undefined && { why: answer.why }) }
  const { account, missing, extra, expiresAt } = answer.grants
  const ends = expiresAt && { expiresAt: expiresAt.toISOString() }
  return { ...empty, state: 'granted', askedAt, account, missing: prefixed(missing, prefix), extra, ...ends }
}

function prefixed(missing: Grants['missing'], prefix: string): Grants['missing'] {
  return Object.fromEntries(Object.entries(missing).map(([name, scopes]) => [`${prefix}_${name}`, scopes]))
}

function saidOf(answer: Answer | undefined): string {
  return JSON.stringify([answer?.why, answer?.grants?.missing, answer?.grants?.extra])
}
