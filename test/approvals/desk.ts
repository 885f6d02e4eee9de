// A desk on which a lead must approve what is written, and what its store says when looked at from outside.
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { testHub } from '../hub.ts'
import type { TestHub, TestHubOptions } from '../hub.ts'

export const asking = `
rules:
  - allow: [desk_note_get, desk_note_list, operation_get]
    who: role:member
  - ask: [desk_note_set, desk_note_send]
    who: role:member
    approvers: role:lead
    because: A lead looks first
`

/** Three leads, and a person with several names. */
export const people = {
  local: { id: 'maya', roles: ['member'], admin: 'admin', aliases: ['maya@acme.example', 'agent-of-maya'] },
  directory: {
    jonas: { roles: ['member', 'lead'], admin: 'operator', aliases: ['jonas@acme.example'] },
    ines: { roles: ['member', 'lead'], admin: 'operator' },
    omar: { roles: ['member', 'lead'], admin: 'operator' },
    tess: { roles: ['member'] },
  },
}

export async function askingDesk(options: TestHubOptions = {}): Promise<TestHub> {
  return await testHub({ policy: asking, ...options, config: { people, ...options.config } })
}

export async function held(desk: TestHub, text = 'new', id = 'n1'): Promise<string> {
  const answer = await desk.call('desk_note_set', { id, text })
  if (answer.status !== 'held') throw new Error(`${answer.status}: ${answer.message}`)
  return String(answer.operation_id)
}

/** As somebody with the database, and no hub. */
export function tampered(desk: TestHub, sql: string): void {
  const database = new DatabaseSync(path.join(desk.folder, 'data/toolgate.db'))
  database.exec(sql)
  database.close()
}

export async function refused(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => 'accepted',
    (error: Error) => error.message,
  )
}
