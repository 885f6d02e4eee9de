// What the admin app and its server say to each other: the JSON of every page.
import type { JsonObject } from '../kit/json.ts'

/** Each may also do what the ones before it may; checked on the server for every request. */
export const roles = ['viewer', 'approver', 'operator', 'admin'] as const
export type Role = (typeof roles)[number]

/** Whether this role includes the other. */
export function mayAs(role: Role, needed: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(needed)
}

export interface Me {
  readonly person: string
  readonly name: string
  readonly role: Role
  /** Goes back in the header `x-csrf-token` with every change. */
  readonly csrf: string
  readonly tenant: string
  readonly endsAt: string
}

export type Risk = 'high' | 'medium' | 'low'

/** One line of the queue. */
export interface ApprovalLine {
  readonly id: string
  readonly tool: string
  readonly instance: string
  readonly principal: string
  readonly summary: string
  readonly verb?: string | undefined
  readonly targets: readonly string[]
  readonly createdAt: string
  readonly expiresAt: string
  /** `waiting` until it is decided. */
  readonly state: string
  /** A group that needs two people stands there twice. */
  readonly approvers: readonly (readonly string[])[]
  /** In words: `support-lead and sales-lead`. */
  readonly needs: string
  readonly granted: readonly {
    readonly by: string
    readonly at?: string | undefined
    readonly channel?: string | undefined
    readonly delegatedBy?: string | undefined
    readonly standing?: string | undefined
  }[]
  readonly risk: Risk
  readonly external: boolean
  readonly massMention: boolean
  /** Equal for requests that look alike. */
  readonly group: string
  readonly changedBy?: string | undefined
  readonly escalated: boolean
}

export interface Queue {
  readonly items: readonly ApprovalLine[]
  /** For the next page. */
  readonly next?: string | undefined
}

export interface EffectView {
  readonly verb: string
  readonly target: string
  /** The record at its vendor. */
  readonly link?: string | undefined
  readonly before: JsonObject
  readonly after: JsonObject
}

/** All of one held call: what would be sent, and what is known of it. */
export interface ApprovalView extends ApprovalLine {
  readonly title: string
  readonly class?: string | undefined
  readonly effects: readonly EffectView[]
  readonly audience?:
    | {
        readonly external: boolean
        readonly people: number | 'unknown'
        readonly massMention: boolean
        readonly where: string
      }
    | undefined
  readonly fidelity?: string | undefined
  readonly undo?: string | undefined
  readonly rev?: string | undefined
  readonly warnings: readonly string[]
  /** The agent's own words: never more than a claim. */
  readonly untrusted: { readonly arguments: JsonObject }
  /** Canonical JSON of everything that the approval is bound to, and its SHA-256. */
  readonly payload: string
  readonly digest: string
  /** Canonical JSON of what the vendor is sent. */
  readonly request: string
  readonly rules: readonly { readonly rule: string; readonly effect: string; readonly because?: string | undefined }[]
  readonly rule: string
  readonly because?: string | undefined
  readonly call: string
  readonly outcome?: { readonly status: string; readonly message: string } | undefined
  readonly mayDecide: boolean
  /** Why the one who asks may not decide. */
  readonly blocked?: string | undefined
}

export interface RequestView extends ApprovalView {
  readonly risks: readonly string[]
  readonly sandbox: boolean
  readonly changeable: boolean
  /** What a yes in advance to calls like this one would cover; undefined where there can be none. */
  readonly alike?: Alike | undefined
}

export interface Alike {
  readonly tool: string
  readonly principal: string
  /** Every effect must live inside: `{ 'jira.project': ['OPS'] }`. */
  readonly where: Readonly<Record<string, readonly string[]>>
}

/** A yes in advance, to so many calls until a time. */
export interface StandingView {
  readonly id: string
  readonly tool: string
  readonly principal?: string | undefined
  readonly where: Readonly<Record<string, readonly string[]>>
  readonly count: number
  readonly left: number
  readonly until: string
  readonly grantedBy: string
  readonly reason?: string | undefined
  readonly createdAt: string
  readonly revokedBy?: string | undefined
  readonly revokedAt?: string | undefined
  readonly state: 'active' | 'used up' | 'over' | 'revoked'
}

/** Somebody decides in the place of another. */
export interface DelegationView {
  readonly id: string
  readonly from: string
  readonly to: string
  readonly until: string
  readonly reason?: string | undefined
  readonly createdAt: string
  readonly state: 'active' | 'over' | 'revoked'
}

export interface DelegationsView {
  readonly delegations: readonly DelegationView[]
  /** To whom the one who asks could delegate. */
  readonly people: readonly { readonly id: string; readonly name: string }[]
}

/** One webhook, and how its delivery went. */
export interface NotificationView {
  readonly id: string
  readonly event: string
  readonly url: string
  readonly state: 'pending' | 'delivered' | 'given up'
  readonly attempts: number
  readonly lastStatus?: number | undefined
  readonly lastError?: string | undefined
  readonly at: string
  readonly nextAt?: string | undefined
}

/** What is stopped, and by whom. */
export interface Stop {
  readonly scope: StopScope
  readonly by: string
  readonly channel: string
  readonly reason: string
  readonly at: string
  /** Who asked to resume, where a second person is needed. */
  readonly resumeAskedBy?: string | undefined
}

export type StopScope = { readonly kind: 'all' } | { readonly kind: 'principal' | 'connector' | 'tool'; readonly id: string }

export interface ToolView {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly class: string
  readonly instance: string
  readonly connector: string
  readonly state: 'on' | 'off' | 'hidden'
  readonly why: string
  readonly readOnly: string | undefined
  readonly scopes: readonly string[]
  readonly switchable: boolean
  readonly calls: number
  readonly failures: number
  readonly lastUsedAt: string | undefined
}

export interface ToolChange {
  readonly tool: string
  readonly on: boolean
  readonly file: string
  /** SHA-256 of the file that the change was made on. */
  readonly base: string
  readonly changed: readonly { readonly line: number; readonly sign: '-' | '+'; readonly text: string }[]
  readonly gains: readonly string[]
  readonly loses: readonly string[]
  readonly unaffected: readonly string[]
}

export interface ConfigVersion {
  readonly id: string
  readonly at: string
  readonly by: string
  readonly what: string
  readonly digest: string
  readonly current: boolean
}

export interface CallFilter {
  /** Entries before this place. */
  readonly before?: number | undefined
  readonly status?: string | undefined
  readonly tool?: string | undefined
  readonly principal?: string | undefined
  /** A part of anything that was recorded of the call. */
  readonly text?: string | undefined
  readonly since?: string | undefined
  readonly limit: number
}

export interface CallLine {
  readonly seq: number
  readonly call: string
  readonly at: string
  readonly tool: string
  readonly principal: string
  readonly status: string
  readonly ms: number
  readonly rule: string | undefined
  readonly operation: string | undefined
}

export interface CallPage {
  readonly calls: readonly CallLine[]
  /** Where the next page begins; undefined at the end of the audit. */
  readonly next: number | undefined
  /** How far back it has looked. */
  readonly searchedTo: string | undefined
}

export interface StoryEntry {
  readonly seq: number
  readonly at: string
  readonly kind: string
  readonly payload: JsonObject
  readonly hash: string
  readonly prev: string
  readonly payloadHash: string
  /** Its payload and fields have its hash, and it names the entry before it. */
  readonly proved: boolean
}

export interface Story {
  readonly call: string
  readonly entries: readonly StoryEntry[]
  readonly operation:
    | {
        readonly id: string
        readonly state: string
        readonly undo: string
        readonly undoable: boolean
        readonly history: readonly { readonly state: string; readonly at: string }[]
      }
    | undefined
}

export interface Decided {
  readonly effect: string
  readonly rule: string
  readonly because: string | undefined
  readonly instead: string | undefined
  readonly approvers: readonly (readonly string[])[]
  readonly masks: readonly string[]
  readonly rules: readonly {
    readonly rule: string
    readonly effect: string
    readonly because: string | undefined
    readonly outcome: 'spoke' | 'broke' | 'silent'
    readonly why: string | undefined
    readonly at: string
  }[]
}

export interface Tried {
  readonly status: string
  readonly message: string
  readonly decision: Decided | undefined
  readonly plan: JsonObject | undefined
}

export interface ScenarioView {
  readonly name: string
  readonly at: string
  readonly passed: boolean
  readonly reasons: readonly string[]
}

export interface PoliciesView {
  readonly files: readonly { readonly file: string; readonly text: string }[]
  readonly people: readonly { readonly id: string; readonly roles: readonly string[] }[]
  readonly tools: readonly { readonly name: string; readonly example: JsonObject }[]
}

export interface UsageFilter {
  readonly hours: number
  readonly by: 'tool' | 'principal' | 'instance'
}

export interface UsageBucket {
  /** Seconds since 1970, at its beginning. */
  readonly at: number
  readonly done: number
  readonly previewed: number
  readonly held: number
  readonly denied: number
  readonly failed: number
  readonly unknown: number
  readonly vendorErrors: number
  readonly p50: number
  readonly p95: number
}

export interface UsageRow {
  readonly name: string
  readonly calls: number
  readonly denied: number
  readonly held: number
  readonly failed: number
  readonly vendorErrors: number
  readonly p50: number
  readonly p95: number
  readonly lastAt: string
}

export interface UsageView {
  readonly buckets: readonly UsageBucket[]
  readonly rows: readonly UsageRow[]
  /** The beginning of what is counted; later than was asked when there was too much. */
  readonly since: string
  readonly entries: number
}

/** One limit of the policies, for one person or one tool. */
export interface LimitView {
  readonly rule: string
  /** `20 per hour`. */
  readonly words: string
  readonly per: 'principal' | 'tool'
  readonly whose: string
  readonly atMost: number
  readonly left: number
}

export interface ConnectionView {
  readonly instance: string
  readonly connector: string
  readonly sandbox: boolean
  readonly writes: string
  readonly base: string
  readonly state: string
  readonly account: string | undefined
  readonly needed: readonly string[]
  readonly missing: readonly { readonly tool: string; readonly scopes: readonly string[] }[]
  readonly extra: readonly string[]
  readonly expiresAt: string | undefined
  readonly askedAt: string | undefined
  readonly why: string | undefined
}
