// The words of one call: what comes in, what goes out, and what handling it needs from the rest of the hub.
import type { ErrorCode } from '../kit/error.ts'
import type { Json, JsonObject } from '../kit/json.ts'
import type { Principal, ToolFacts } from '../kit/policy.ts'
import type { Store } from '../kit/record.ts'
import type { Audience, Effect, Plan, Tool, UndoFidelity } from '../kit/tool.ts'
import type { Policy } from '../policy/decide.ts'
import type { HubEvent } from './news.ts'
import type { Receipt } from './receipt.ts'

/** Which door it came through. */
export type Door = 'stdio' | 'http' | 'cli' | 'admin' | 'test'

export interface Call {
  /** Made by the door; unique. */
  readonly id: string
  readonly door: Door
  readonly principal: Principal
  /** The wire name as the caller wrote it. */
  readonly tool: string
  /** As the caller sent them: nothing about them is known yet. */
  readonly arguments: unknown
  /** Aborted when the caller goes away. */
  readonly signal: AbortSignal
  /** Asks only what would be decided: nothing is ever held for it. */
  readonly explains?: boolean
}

export type Status = 'done' | 'previewed' | 'held' | 'denied' | 'failed' | 'unknown'

/** A plan as people and agents see it. */
export interface PlanView {
  readonly summary: string
  readonly effects: readonly Omit<Effect, 'resources'>[]
  readonly audience: Audience
  readonly fidelity: Plan['fidelity']
  readonly undo: UndoFidelity
  readonly warnings: readonly string[]
  readonly rev?: string | undefined
  /** Whose own account would do it; the hub's where left out. */
  readonly account?: string
}

/** What every call ends in; also its wire form, under one output schema (`answer-schema.ts`). */
export interface Answer {
  readonly status: Status
  /** One or a few sentences for the reader of the text. */
  readonly message: string
  /** Writes that got as far as an operation. */
  readonly operation_id?: string
  readonly result?: JsonObject
  readonly plan?: PlanView
  /** Fields that policy hid. */
  readonly masked?: readonly string[]
  /** Which rule said no or wait, why, and what would be allowed instead. */
  readonly decision?: { readonly rule: string; readonly because?: string; readonly instead?: string }
  readonly approval?: {
    readonly approvers: readonly string[]
    readonly expires_at: string
    readonly how: string
    /** Where people decide on it. */
    readonly link?: string
  }
  readonly error?: { readonly code: ErrorCode; readonly retry: string; readonly retry_after_ms?: number }
  /** Where the caller connects the account that is missing. */
  readonly connect?: { readonly instance: string; readonly url: string }
  /** True when this is the answer of an earlier, equal call. */
  readonly replayed?: boolean
  readonly notes?: readonly string[]
}

/** One tool of one configured instance. */
export interface Offer {
  /** The wire name. */
  readonly name: string
  readonly instance: string
  readonly tool: Tool
  readonly facts: ToolFacts
  /** `hidden`: on, but its vendor has not granted what it needs; a call of it is answered as if it were off. */
  readonly state: 'on' | 'off' | 'hidden'
  /** Why it is in that state, for `toolgate tools`. */
  readonly why: string
  /** SHA-256 of what the tool is: name, class, schemas, routes. */
  readonly definition: string
}

/** One vendor request as it was made. */
export interface VendorRequest {
  readonly method: string
  /** The declared route that it matched. */
  readonly route: string
  readonly path: string
  readonly status: number | undefined
  readonly ms: number
}

/** How far a write got. `untouched`: provably nothing happened. */
export type Touched = 'untouched' | 'accepted' | 'unclear'

/** A vendor opened for one phase of one call. */
export interface Session {
  readonly vendor: object
  /** Whose own account it is: name and id; undefined for the hub's. */
  readonly account?: string
  /** For the caller to know: it is not as they might think. */
  readonly note?: string
  readonly requests: readonly VendorRequest[]
  /** Known by the fetch, not by the error. */
  touched(): Touched
}

/** The configured instances, opened on demand. */
export interface Vendors {
  /** The address that it would reach, and a digest of its settings: an approval is bound to it. */
  readonly describe: (instance: string) => { readonly base: string; readonly digest: string }
  /** Only `reads`: a plan cannot write. */
  forReading(offer: Offer, principal: Principal, signal: AbortSignal): Promise<Session>
  /** The routes of this one tool, beside `reads`; only for an operation of which the ledger says that sending began. */
  forWriting(offer: Offer, principal: Principal, signal: AbortSignal, receipt: Receipt): Promise<Session>
}

/** One version of everything that a person can configure. A call sees exactly one. */
export interface Version {
  /** Of configuration and policies together. */
  readonly id: string
  /** In the order of their names. */
  readonly offers: ReadonlyMap<string, Offer>
  readonly policy: Policy
  readonly vendors: Vendors
  /** Instances whose writes are only ever previewed, and why. */
  readonly readOnly: ReadonlyMap<string, string>
  readonly settings: CallSettings
}

export interface CallSettings {
  /** How long one call may take at the vendor. */
  readonly timeoutMs: number
  /** How long a held call waits for its approvers. */
  readonly approvalMs: number
  readonly approvals: ApprovalSettings
  /** Who wants to hear of what. */
  readonly notify: readonly { readonly url: string; readonly events: readonly string[] }[]
}

export interface ApprovalSettings {
  /** Whether the last yes runs it, or the next equal call of its requester. */
  readonly run: 'on-release' | 'on-retry'
  /** The one person who may decide on what their own agent asked for, in a browser. */
  readonly personal: string | undefined
  /** So many calls of one requester may wait at once. */
  readonly pendingMax: number
  /** The admin app, without a slash at the end. */
  readonly url: string | undefined
  readonly remindAfterMs: number | undefined
  readonly escalate: { readonly afterMs: number; readonly to: readonly string[] } | undefined
}

/** What an identity provider said of somebody. */
export interface SignedInBy {
  readonly issuer: string
  readonly groups: readonly string[]
  readonly name?: string
}

export interface Services {
  readonly store: Store
  /** The version in force now. */
  current(): Version
  now(): Date
  /** The latest time that was ever seen: a clock that is set back brings nothing that has lapsed back to life. */
  latest(): Date
  /** The roles that the configuration in force gives a person; undefined for somebody it does not know. */
  rolesOf(id: string, tenant?: string): readonly string[] | undefined
  /** Whether somebody is known by their credential alone, and not by the configuration. */
  isExternal?(id: string, tenant: string): boolean
  /** Somebody whom only an identity provider names has signed in. */
  welcome?(id: string, by: SignedInBy, endsAt: string): void
  /** The one name of a person who has several; two names of one person give the same. */
  identityOf(id: string): string
  /** Tells whoever listens in this process; called after the change is durable. */
  tell(event: HubEvent): void
  /** A fresh id: the prefix, `_`, and a sortable random part. */
  id(prefix: string): string
  /** Replaces every secret that the hub knows with a marker. */
  scrub<T extends Json>(value: T): T
  /** Why nothing new may be written although it could be recorded: its proof lags behind. */
  late?(): string | undefined
  /** Reads that are answered while nothing can be recorded; none are where left out. */
  readonly unrecorded?: { allowed(): boolean; count(): void }
  readonly log: { warn(fields: object, message: string): void; error(fields: object, message: string): void }
}
