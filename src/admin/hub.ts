// What the admin app needs from the hub; whoever mounts the app hands it over.
import type { Approver } from '../call/approver.ts'
import type { Answer, Door, Offer, Version } from '../call/call.ts'
import type { JsonObject } from '../kit/json.ts'
import type { Principal } from '../kit/policy.ts'
import type { AuditEntry, Operation, Store } from '../kit/record.ts'
import type {
  ApprovalView,
  CallFilter,
  CallPage,
  Alike,
  ConnectionView,
  Decided,
  DelegationView,
  LimitView,
  NotificationView,
  Queue,
  Role,
  ScenarioView,
  StandingView,
  Stop,
  StopScope,
  UsageFilter,
  UsageView,
} from './wire.ts'

/** A person of the configuration in force. */
export interface Person {
  readonly id: string
  readonly name: string | undefined
  readonly roles: readonly string[]
  /** Undefined: the app is not for this person. */
  readonly admin: Role | undefined
}

export interface CallRequest {
  readonly door: Door
  readonly principal: Principal
  readonly tool: string
  readonly arguments: unknown
}

/** One edit of the configuration, found out before it is made. */
export interface ConfigEdit {
  /** The whole text as it would be. */
  readonly text: string
  readonly changed: readonly { readonly line: number; readonly sign: '-' | '+'; readonly text: string }[]
}

export interface SessionView {
  /** A hash of its token: it may be logged. */
  readonly id: string
  readonly approver: Approver
  readonly endsAt: string
  readonly csrf: string
}

/** @throws HubError from every method, with a sentence for whoever asked */
export interface AdminHub {
  readonly tenant: string
  readonly store: Store
  now(): Date
  /** A fresh id: the prefix, `_`, and a sortable random part. */
  id(prefix: string): string
  current(): Version
  people(): readonly Person[]
  call(request: CallRequest): Promise<Answer>
  /** A call that only shows, with every rule that spoke. */
  explain(request: CallRequest): Promise<{ readonly answer: Answer; readonly decision: Decided | undefined }>
  readonly sessions: {
    /** Opens one session for a one-time code; undefined for one that is used, lapsed or made up. */
    redeem(code: string): Promise<{ readonly token: string; readonly session: SessionView } | undefined>
    /** A look does not keep it from idling. */
    of(token: string, how?: 'use' | 'look'): Promise<SessionView | undefined>
    end(token: string): Promise<void>
  }
  /** At the company's identity provider. */
  readonly signIn: {
    /** Its address; undefined where there is none. */
    provider(): string | undefined
    begin(redirect: string): Promise<{ readonly location: string; readonly browser: string }>
    finish(browser: string, answer: string): Promise<{ readonly token: string; readonly session: SessionView }>
  }
  /** Who may decide, on what and by which channel is for the hub to say, each time. */
  readonly approvals: {
    page(page: { readonly before?: string; readonly limit: number }): Promise<Queue>
    view(id: string, approver: Approver): Promise<ApprovalView>
    approve(id: string, approver: Approver, shown: { readonly digest: string }): Promise<Answer>
    deny(id: string, approver: Approver, reason: string): Promise<Answer>
    /** Planned anew as another request. */
    change(id: string, approver: Approver, given: JsonObject): Promise<{ readonly id: string }>
  }
  readonly standing: {
    list(): Promise<readonly StandingView[]>
    grant(
      approver: Approver,
      grant: Alike & { readonly count: number; readonly until: string; readonly reason?: string | undefined },
    ): Promise<StandingView>
    revoke(id: string, approver: Approver): Promise<void>
  }
  readonly delegations: {
    list(): Promise<readonly DelegationView[]>
    grant(
      approver: Approver,
      delegating: { readonly to: string; readonly until: string; readonly reason?: string | undefined },
    ): Promise<DelegationView>
    /** Only their own. */
    revoke(id: string, approver: Approver): Promise<void>
  }
  readonly notifications: {
    /** Newest first. */
    list(filter: { readonly limit: number }): Promise<readonly NotificationView[]>
    replay(id: string): Promise<void>
  }
  readonly stops: {
    list(): Promise<readonly Stop[]>
    stop(scope: StopScope, by: Approver, reason: string): Promise<unknown>
    resume(scope: StopScope, by: Approver, reason: string): Promise<{ readonly resumed: boolean }>
  }
  reconcile(operation: string): Promise<Operation>
  /** The address of a record at its vendor, where its connector knows it. */
  linkOf(instance: string, target: string): string | undefined
  readonly configuration: {
    readonly file: string
    /** The text in force and its SHA-256. */
    read(): Promise<{ readonly text: string; readonly digest: string }>
    /** The same file with one tool on or off. */
    withTool(tool: string, on: boolean): Promise<ConfigEdit>
    /** Writes the whole text, unless the file is not what `base` says any more or the text is not valid. */
    write(text: string, base: string): Promise<void>
    /** Takes up what is on disk now. */
    reload(): Promise<void>
  }
  policies(): Promise<readonly { readonly file: string; readonly text: string }[]>
  scenarios(): Promise<readonly ScenarioView[]>
  /** The calls of the audit, newest first, a page at a time. */
  calls(filter: CallFilter): Promise<CallPage>
  usage(filter: UsageFilter): Promise<UsageView>
  /** What the policies allow only so often; what is nearest to its end first. */
  limits(): Promise<readonly LimitView[]>
  /** What links one entry to the one before it. */
  entryBefore(entry: AuditEntry): Promise<AuditEntry | undefined>
  connections(): Promise<readonly ConnectionView[]>
  isSandbox(instance: string): boolean
  /** Whether a tool belongs to a configured instance, and so can be switched. */
  isSwitchable(offer: Offer): boolean
  onChanged(listener: () => void): () => void
  readonly log: { warn(fields: object, message: string): void; error(fields: object, message: string): void }
}
