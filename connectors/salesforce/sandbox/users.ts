// Whom the org lets in by the API, and what each may do: object permissions and permissions of the user.
import { userId } from './store.ts'
import type { SandboxObject } from './schema.ts'

export type Verb = 'read' | 'create' | 'edit' | 'delete'

export interface SandboxUser {
  readonly key: string
  readonly id: string
  readonly username: string
  /** As the fields of UserPermissionAccess end: `ApiEnabled`. */
  readonly permissions: readonly string[]
  may(object: SandboxObject, verb: Verb): boolean
}

const worker = (object: SandboxObject, verb: Verb): boolean => verb === 'read' || object.writable

/** The user as whom the hub works. */
export const hubUser: SandboxUser = {
  key: 'toolgate',
  id: userId('toolgate'),
  username: 'toolgate@larkfield.example',
  permissions: ['ApiEnabled', 'EditTask', 'RunReports', 'RunFlow'],
  may: worker,
}

/** Sees everything but leads, and works on cases; deletes nothing. */
export const supportUser: SandboxUser = {
  key: 'maya',
  id: userId('maya'),
  username: 'maya@larkfield.example',
  permissions: ['ApiEnabled'],
  may: (object, verb) =>
    object.name !== 'Lead' && (verb === 'read' || (verb !== 'delete' && ['Case', 'CaseComment'].includes(object.name))),
}

/** An administrator, who should never be the hub's user. */
export const adminUser: SandboxUser = {
  key: 'noor',
  id: userId('noor'),
  username: 'noor@larkfield.example',
  permissions: [...hubUser.permissions, 'ViewAllData', 'ModifyAllData', 'CustomizeApplication', 'ManageUsers', 'AuthorApex'],
  may: worker,
}

export const users: readonly SandboxUser[] = [hubUser, supportUser, adminUser]
