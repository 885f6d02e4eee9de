// Every address of the app's API: who may ask, and what answers. Only these change anything, and none of them by GET.
import { approvals } from './approvals.ts'
import { calls } from './calls.ts'
import { configuration } from './configuration.ts'
import { grants } from './grants.ts'
import type { AdminHub } from './hub.ts'
import { insights } from './insights.ts'
import { notifications } from './notifications.ts'
import { policies } from './policies.ts'
import type { Visitor } from './server.ts'
import { tools } from './tools.ts'
import type { Role } from './wire.ts'

export interface Asked {
  readonly hub: AdminHub
  readonly visitor: Visitor
  /** What stands in the path; empty where the route has none. */
  readonly id: string
  readonly query: URLSearchParams
  readonly body: Readonly<Record<string, unknown>>
}

export interface Route {
  readonly method: 'GET' | 'POST'
  readonly path: RegExp
  /** The least role that may ask. */
  readonly role: Role
  run(asked: Asked): Promise<unknown>
}

export const routes: readonly Route[] = [
  ...approvals,
  ...grants,
  ...notifications,
  ...tools,
  ...configuration,
  ...calls,
  ...policies,
  ...insights,
]
