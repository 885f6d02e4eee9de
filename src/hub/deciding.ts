// What people do with what agents asked for, as the hub offers it: decide, grant in advance, delegate, stop, sign in.
import { approve, cancel, change, deny } from '../call/approvals.ts'
import { approvalPage, approvalView } from '../call/approval-view.ts'
import type { ApprovalPage, ApprovalView } from '../call/approval-view.ts'
import type { Approver, Channel } from '../call/approver.ts'
import type { Answer, Services } from '../call/call.ts'
import { delegate, endDelegation, listDelegations } from '../call/delegation.ts'
import type { Delegating, Delegation } from '../call/delegation.ts'
import { settleOverdue } from '../call/ledger.ts'
import { recordRefusal } from '../call/refused-decision.ts'
import type { Attempt } from '../call/refused-decision.ts'
import { endSession, makeLink, redeemLink, sessionOf } from '../call/sessions.ts'
import type { SessionView } from '../call/sessions.ts'
import { grantStanding, listStanding, revokeStanding } from '../call/standing.ts'
import type { Standing, StandingGrant } from '../call/standing.ts'
import { listStops, resume, stop } from '../call/switch.ts'
import type { Scope, Stop } from '../call/switch.ts'
import { HubError } from '../kit/error.ts'
import type { JsonObject } from '../kit/json.ts'
import type { Principal } from '../kit/policy.ts'
import type { Operation } from '../kit/record.ts'

export interface Deciding {
  readonly approvals: {
    /** Those that wait, as they are recorded. */
    list(): Promise<readonly Operation[]>
    page(filter: {
      readonly before?: string | undefined
      readonly limit: number
      readonly states?: 'waiting' | 'all'
    }): Promise<ApprovalPage>
    view(id: string, approver?: Approver): Promise<ApprovalView>
    approve(id: string, approver: Approver, seen: { readonly digest: string }): Promise<Answer>
    deny(id: string, approver: Approver, reason?: string): Promise<Answer>
    /** The approver's own version, planned anew and held again; to be shown before it is approved. */
    change(id: string, approver: Approver, args: JsonObject): Promise<ApprovalView>
    /** Whoever asked takes it back. */
    cancel(id: string, requester: Principal): Promise<Answer>
  }
  readonly standing: {
    list(): Promise<readonly Standing[]>
    grant(approver: Approver, grant: StandingGrant): Promise<Standing>
    revoke(id: string, approver: Approver): Promise<void>
  }
  readonly delegations: {
    list(): Promise<readonly Delegation[]>
    grant(approver: Approver, delegating: Delegating): Promise<Delegation>
    revoke(id: string, approver: Approver): Promise<void>
  }
  readonly switch: {
    list(): Promise<readonly Stop[]>
    stop(
      scope: Scope,
      by: { readonly id: string; readonly channel: Channel | 'machine' },
      reason: string,
    ): Promise<Stop & { readonly cancelled: number }>
    resume(scope: Scope, approver: Approver, reason: string): Promise<{ readonly resumed: boolean; readonly was: Stop }>
  }
  readonly sessions: {
    link(person: string): Promise<{ readonly code: string; readonly expiresAt: string }>
    redeem(
      code: string,
      channel: 'browser' | 'terminal',
    ): Promise<{ readonly token: string; readonly session: SessionView } | undefined>
    /** A look does not keep it from idling. */
    of(token: string, how?: 'use' | 'look'): Promise<SessionView | undefined>
    end(token: string): Promise<void>
  }
}

export interface DecidingOptions {
  readonly services: Services
  /** Of the configuration in force. */
  readonly tenant: () => string
  /** Whether this person runs the hub: `operator` or `admin`. */
  readonly mayOperate: (person: string) => boolean
  /** Waits until it is known whether the vendor lets this tool be used. */
  readonly awaited: (tool: string) => Promise<void> | undefined
  /** What is under way is not cut off when the hub closes. */
  readonly track: <T>(work: Promise<T>) => Promise<T>
}

export function makeDeciding({ services: hub, tenant, mayOperate, awaited, track }: DecidingOptions): Deciding {
  const ready = async (id: string) => {
    const tool = (await hub.store.operation(id))?.tool
    if (tool !== undefined) await awaited(tool)
  }
  const tried = async <T>(decision: Attempt['decision'], operation: string, by: Attempt['by'], work: Promise<T>) =>
    await track(recordRefusal({ operation, decision, by }, work, hub))
  return {
    approvals: {
      list: () => hub.store.operations({ tenant: tenant(), states: ['held'], limit: 1000 }),
      page: (filter) => approvalPage(tenant(), filter, hub),
      async view(id, approver) {
        await settleOverdue(await hub.store.operation(id), hub)
        return await approvalView(tenant(), id, approver, hub)
      },
      async approve(id, approver, seen) {
        await ready(id)
        return await tried('approved', id, approver, approve(id, approver, seen, hub))
      },
      deny: (id, approver, reason) => tried('denied', id, approver, deny(id, approver, reason, hub)),
      async change(id, approver, args) {
        await ready(id)
        const { id: next } = await tried('changed', id, approver, change(id, approver, args, hub))
        return await approvalView(tenant(), next, approver, hub)
      },
      cancel: (id, requester) => tried('cancelled', id, requester, cancel(id, requester, hub)),
    },
    standing: {
      list: () => listStanding(tenant(), hub),
      grant: (approver, grant) => track(grantStanding(approver, grant, hub)),
      revoke: (id, approver) => track(revokeStanding(id, approver, hub)),
    },
    delegations: {
      list: () => listDelegations(tenant(), hub),
      grant: (approver, delegating) => track(delegate(approver, delegating, hub)),
      revoke: (id, approver) => track(endDelegation(id, approver, hub)),
    },
    switch: {
      list: () => listStops(hub),
      stop: (scope, by, reason) => track(stop(tenant(), scope, by, reason, hub)),
      async resume(scope, approver, reason) {
        if (!mayOperate(approver.id)) throw new HubError('forbidden', notAnOperator(approver.id))
        return await track(resume(scope, approver, reason, hub))
      },
    },
    sessions: {
      link: (person) => track(makeLink(tenant(), person, hub)),
      redeem: (code, channel) => track(redeemLink(tenant(), code, channel, hub)),
      of: (token, how) => track(sessionOf(tenant(), token, hub, how)),
      end: (token) => track(endSession(tenant(), token, hub)),
    },
  }
}

function notAnOperator(person: string): string {
  return `Only an operator or an admin lets go on what was stopped, and the configuration makes ${person} neither ("admin").`
}
