// Who decides, and how they showed who they are.
import { HubError } from '../kit/error.ts'
import type { Services } from './call.ts'

/** Ways in which a person shows who they are, apart from any door of an agent. */
export const channels = ['browser', 'terminal', 'slack'] as const
export type Channel = (typeof channels)[number]

/** A person behind a channel of their own; what they may do is looked up in the configuration each time. */
export interface Approver {
  readonly tenant: string
  readonly id: string
  readonly channel: Channel
}

/**
 * @throws HubError `forbidden` for whoever did not come through a channel of people, or is nobody any more
 */
export function checkApprover(approver: Approver, hub: Services): void {
  if (!channels.includes(approver.channel)) {
    throw new HubError(
      'forbidden',
      'Only a person who signed in can decide: in the admin app, or by a session of the terminal.',
    )
  }
  if (hub.rolesOf(approver.id, approver.tenant) === undefined)
    throw new HubError('forbidden', `The configuration knows nobody called ${approver.id}.`)
}

/** Whether two names are of one person. */
export function samePerson(one: string, other: string, hub: Pick<Services, 'identityOf'>): boolean {
  return hub.identityOf(one).toLowerCase() === hub.identityOf(other).toLowerCase()
}

/** Whether this person may decide on what their own agent asked for: the one person of a personal machine, in a browser. */
export function mayForThemselves(
  by: Pick<Approver, 'id'> & { readonly channel: string },
  requester: string,
  hub: Services,
): boolean {
  const { personal } = hub.current().settings.approvals
  return (
    personal !== undefined &&
    by.channel === 'browser' &&
    samePerson(by.id, requester, hub) &&
    samePerson(personal, requester, hub)
  )
}
