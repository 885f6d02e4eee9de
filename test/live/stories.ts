// A round through each vendor on records that the story itself creates and removes; the same on an account and a sandbox.
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { JsonObject } from '../../src/kit/json.ts'
import type { Live } from './contract.ts'

/** Where a story may work: `{ project: 'SUP' }`. */
export type Place = Readonly<Record<string, string>>
export type Story = (live: Live, place: Place) => Promise<void>

export const stories: Readonly<Record<'jira' | 'salesforce' | 'slack', Story>> = { jira, salesforce, slack }

async function jira(live: Live, { project, type = 'Task' }: Place): Promise<void> {
  const summary = `Toolgate live test ${live.stamp}`
  const made = await live.write('jira_issue_create', { project, type, summary, description: 'It **removes** itself.' })
  const key = text(made.result['key'])
  const issue = () => live.look('jira_issue_get', { key })
  await andRemove(
    () => live.write('jira_issue_delete', { key }),
    async () => {
      expect(await issue()).toMatchObject({ key, summary, project })
      const commented = await live.write('jira_comment_add', { key, body: `A comment, ${live.stamp}` })
      expect(JSON.stringify(await live.look('jira_comment_list', { key }))).toContain(`A comment, ${live.stamp}`)
      const stale = text((await issue())['rev'])
      const renamed = await live.write('jira_issue_update', { key, summary: `${summary}, renamed` }, issue)
      expect((await issue())['summary']).toBe(`${summary}, renamed`)
      const refused = await live.call('jira_issue_update', { key, summary: 'Too late', expect_rev: stale })
      expect(refused).toMatchObject({ status: 'failed', error: { code: 'conflict' } })
      await live.undo(renamed)
      expect((await issue())['summary']).toBe(summary)
      const labelled = await live.write('jira_label_edit', { key, add: ['toolgate-live'] }, issue)
      expect((await issue())['labels']).toEqual(['toolgate-live'])
      await live.undo(labelled)
      await live.undo(commented)
      // The index of Jira lags behind its records.
      await eventually(async () => {
        const { issues } = await live.look('jira_issue_search', { projects: [project], text: live.stamp })
        expect(JSON.stringify(issues)).toContain(key)
      })
    },
  )
  expect(await live.call('jira_issue_get', { key })).toMatchObject({ status: 'failed', error: { code: 'not_found' } })
}

async function salesforce(live: Live): Promise<void> {
  const name = `Toolgate live test ${live.stamp}`
  const object = 'Account'
  const made = await live.write('sf_record_create', { object, fields: { Name: name } })
  const id = text(made.result['id'])
  const record = () => live.look('sf_record_get', { object, id })
  await andRemove(
    () => live.write('sf_record_delete', { object, id }),
    async () => {
      expect(await record()).toMatchObject({ id, fields: { Name: name } })
      const stale = text((await record())['rev'])
      const changed = await live.write('sf_record_update', { object, id, set: { Phone: '+49 30 5550100' } }, record)
      expect(await record()).toMatchObject({ fields: { Phone: '+49 30 5550100' } })
      const late = { object, id, set: { Phone: '+49 30 5550199' }, expect_rev: stale }
      expect(await live.call('sf_record_update', late)).toMatchObject({ status: 'failed', error: { code: 'conflict' } })
      await live.undo(changed)
      const filters = [{ field: 'Name', op: 'eq', value: name }]
      expect(await live.look('sf_record_find', { object, filters })).toMatchObject({ rows: [{ id }] })
      const task = await live.write('sf_task_create', { subject: name, what_id: id })
      await live.write('sf_record_delete', { object: 'Task', id: text(task.result['id']) })
    },
  )
  expect(await live.call('sf_record_get', { object, id })).toMatchObject({ status: 'failed', error: { code: 'not_found' } })
}

async function slack(live: Live, { channel }: Place): Promise<void> {
  const words = `Toolgate live test ${live.stamp}`
  const sent = await live.write('slack_message_send', { channel, text: words })
  const ts = text(sent.result['ts'])
  const message = () => live.look('slack_message_get', { channel, ts })
  await andRemove(
    () => live.write('slack_message_delete', { channel, ts }),
    async () => {
      expect(JSON.stringify(await message())).toContain(words)
      const changed = await live.write('slack_message_update', { channel, ts, text: `${words}, changed` }, message)
      expect(JSON.stringify(await message())).toContain(`${words}, changed`)
      await live.undo(changed)
      expect(JSON.stringify(await message())).not.toContain('changed')
      const reacted = await live.write('slack_reaction_add', { channel, ts, emoji: 'eyes' })
      await live.undo(reacted)
      const replied = await live.write('slack_thread_reply', { channel, thread_ts: ts, text: `${words}, a reply` })
      expect(JSON.stringify(await live.look('slack_thread_read', { channel, thread_ts: ts }))).toContain('a reply')
      await live.write('slack_message_delete', { channel, ts: text(replied.result['ts']) })
    },
  )
}

/** Removes what was made also when the story fails; it is then the first failure that is told. */
async function andRemove(remove: () => Promise<unknown>, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    await remove().catch(() => undefined)
    throw error
  }
  await remove()
}

async function eventually(holds: () => Promise<void>): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await holds()
    } catch (error) {
      if (attempt === 12) throw error
      await sleep(5000)
    }
  }
}

function text(value: JsonObject[string] | undefined): string {
  if (typeof value !== 'string') throw new TypeError(`A text was expected, and there is ${JSON.stringify(value)}.`)
  return value
}
