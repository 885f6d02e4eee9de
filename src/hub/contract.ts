// What a running hub offers to its doors, its commands and its pages.
import type { Answer, Door, Version } from '../call/call.ts'
import type { Resolution } from '../call/resolve.ts'
import type { HubEvent } from '../call/news.ts'
import type { LoadedConfig } from '../config/load.ts'
import type { Connections } from './connections.ts'
import type { Deciding } from './deciding.ts'
import type { InstanceGrants } from './grants.ts'
import type { Guest } from './guests.ts'
import type { Identity } from './identity.ts'
import type { SignIn } from './sign-in.ts'
import type { SlackApprovals } from './slack/approvals.ts'
import type { Log } from './log.ts'
import type { Proof } from './proof.ts'
import type { Notification } from './notifications.ts'
import type { InstancePermissions } from './permissions.ts'
import type { Gate } from '../kit/caller.ts'
import type { SignedReceipt } from '../evidence/receipts.ts'
import type { Principal } from '../kit/policy.ts'
import type { Operation, Store } from '../kit/record.ts'
import type { Decision } from '../policy/decide.ts'
import type { ScenarioResult } from '../policy/scenario.ts'
import type { Dispatcher } from '../serve/dispatcher.ts'

export interface HubOptions {
  readonly configPath: string
  readonly log?: Log
  /** Whether a change on disk is taken up while the hub runs. */
  readonly watch?: boolean
  /** Whether the vendors are asked at the start, and from time to time, what they grant; else only by a call that needs it. */
  readonly probe?: boolean
  /** Changes what was read, before anything is opened. */
  readonly adjust?: (config: LoadedConfig) => LoadedConfig
  /** Also the tools that are off. */
  readonly everyTool?: boolean
  readonly now?: () => Date
  /** Where the sandbox of an instance is, when another process plays it or something stands in between. */
  readonly sandboxBase?: (instance: string) => string
}

export interface CallRequest {
  readonly door: Door
  readonly principal: Principal
  readonly tool: string
  readonly arguments: unknown
  readonly signal?: AbortSignal
  /** Asks only what would be decided: nothing is ever held for it. */
  readonly explains?: boolean
}

export type ChangeEvent =
  | {
      readonly ok: true
      readonly version: string
      /** What was changed and is not in force before the hub is started again, in sentences. */
      readonly restart: readonly string[]
    }
  | { readonly ok: false; readonly problems: readonly string[] }

/** What people decide is in `Deciding`. */
export interface Hub extends Deciding {
  current(): Version
  /** The configuration in force. */
  config(): LoadedConfig
  /** What is allowed but unwise, in sentences. */
  warnings(): readonly string[]
  call(request: CallRequest): Promise<Answer>
  /** As `call`, with a receipt that the caller can check. */
  answered(request: CallRequest): Promise<{ readonly answer: Answer; readonly receipt: SignedReceipt | undefined }>
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
  /** Who comes in by the HTTP door that listens there. */
  gate(address: () => string): Promise<Gate>
  /** Signing in to the admin app at an identity provider. */
  signIn(): Promise<SignIn>
  /** People who are signed in and whom the configuration does not name. */
  guests(): readonly Guest[]
  /** The keys of service agents. */
  keys(): Promise<Identity['keys']>
  readonly notifications: {
    /** Newest first. */
    list(filter: { readonly limit: number }): Promise<readonly Notification[]>
    /** @throws HubError `not_found` */
    replay(id: string): Promise<void>
  }
  /** Calls back after a change was recorded by this process; others record theirs in the same store. */
  onEvent(listener: (event: HubEvent) => void): () => void
  /** Reminds, escalates and delivers what is due now; a hub that watches does so by itself. */
  tend(): Promise<void>
  /** The accounts that people have connected. */
  connections(): Promise<Connections>
  /** Takes the clicks that Slack sends. */
  readonly slack: Pick<SlackApprovals, 'handle'>
  /**
   * Asks the vendor about an operation whose outcome is unknown.
   *
   * @throws HubError `not_found`
   */
  reconcile(id: string): Promise<{ readonly before: Operation; readonly after: Operation }>
  /**
   * Two people say how an operation ended of which no vendor can tell.
   *
   * @throws HubError `not_found`, `refused`, `conflict`
   */
  resolve(id: string, resolution: Resolution): Promise<Operation>
  /** The page at the vendor of what an effect changes; undefined where there is none, and for a sandbox. */
  linkOf(instance: string, target: string): string | undefined
  /** What each instance must be granted at its vendor. */
  permissions(): readonly InstancePermissions[]
  /** Runs scenarios through the whole pipeline, on sandboxes of their own; all beside the policies, or those in these files. */
  runScenarios(files?: readonly string[]): Promise<readonly ScenarioResult[]>
  /** The proof of the record: checkpoints, anchors, exports, erasure, verification. */
  readonly proof: Proof
  readonly store: Store
  /** Takes out every secret that the hub knows. */
  readonly log: Log
  readonly sandboxFile: string
  /** Takes up what is on disk now, as a watcher would. */
  reload(): Promise<ChangeEvent>
  onChanged(listener: (event: ChangeEvent) => void): () => void
  readonly grants: {
    /** What is known of each instance, in the order of the configuration. */
    report(): readonly InstanceGrants[]
    /** Asks every vendor that can be asked what it grants, and waits for the answers. */
    ask(): Promise<void>
    /** Calls back when a tool came or went because of what a vendor said. */
    onChanged(listener: () => void): () => void
  }
  /** Waits for calls in flight, then lets go of everything. */
  close(): Promise<void>
}
