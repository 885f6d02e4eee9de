// Conversations between the app and people: which one is meant, and who is in it.
import { HubError } from 'toolgate/kit'
import type { Channel, Person } from './answers.ts'
import type { SlackReads } from './slack.ts'

const pageSize = 200
const mostPages = 10
const mostGroups = 40
const mostMembers = 20

/** The conversation of the app with exactly these people; undefined where there is none. */
export async function directWith(slack: SlackReads, users: readonly string[]): Promise<string | undefined> {
  const [only] = users
  if (users.length === 1) return (await first(slack, 'im', (channel) => channel.with === only))?.id
  const me = await slack.me()
  const wanted = [...users, me.userId].sort().join()
  for (const { id } of await all(slack)) {
    const members = await slack.members(id, mostMembers)
    if ([...members].sort().join() === wanted) return id
  }
  return undefined
}

/** @throws HubError for people who are not there, are gone, or cannot be written to */
export async function peopleOf(slack: SlackReads, ids: readonly string[], now: Date): Promise<readonly Person[]> {
  const me = await slack.me()
  const found: Person[] = []
  for (const id of ids) {
    const person = await slack.person(id, now)
    if (person === undefined)
      throw new HubError('not_found', `Nobody in Slack has the id ${id}. Find people with user_find.`)
    if (!person.isActive) throw new HubError('refused', `${person.name} (${id}) is not active any more.`)
    if (person.isBot || id === me.userId)
      throw new HubError('refused', 'Direct messages are written to people, not to bots.')
    found.push(person)
  }
  return found
}

async function first(slack: SlackReads, kind: 'im', fits: (channel: Channel) => boolean): Promise<Channel | undefined> {
  let cursor: string | undefined
  for (let page = 0; page < mostPages; page += 1) {
    const { rows, next } = await slack.channels({ types: [kind], mine: true, limit: pageSize, cursor })
    const found = rows.find(fits)
    cursor = next
    if (found !== undefined || cursor === undefined) return found
  }
  return undefined
}

async function all(slack: SlackReads): Promise<readonly Channel[]> {
  const { rows } = await slack.channels({ types: ['mpim'], mine: true, limit: pageSize })
  return rows.slice(0, mostGroups)
}
