// A call that waits for a person while the hub starts again: its requester is known to an issuer alone.
import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { HubOptions } from '../../src/hub.ts'
import { configFolder, testHub } from '../hub.ts'
import { modernRequest } from '../serve/fixture.ts'
import { gatedHub } from './door.ts'
import { standInIssuer } from './issuer.ts'
import type { StandInIssuer } from './issuer.ts'

let issuer: StandInIssuer
let url = ''
beforeAll(async () => void (issuer = await standInIssuer(() => url)))
afterAll(() => issuer.close())

const policy =
  'rules:\n  - allow: desk_note_list\n    who: role:member\n  - ask: desk_note_send\n    who: role:member\n    approvers: role:lead\n    because: Look first.\n'

function folderFor(): string {
  const from = { issuer: issuer.url, claims: { roles: 'roles' } }
  const directory = { jonas: { roles: ['lead'] }, rosa: { roles: ['member'] } }
  return configFolder({ policy, config: { people: { local: { id: 'maya', roles: [] }, directory, issuers: [from] } } })
}

async function ask(door: string, name: string, args: object, roles: readonly string[]): Promise<string> {
  url = door
  const { headers, body } = modernRequest('tools/call', { name, arguments: args })
  const authorization = `Bearer ${await issuer.sign({ roles })}`
  const answer = await fetch(door, { method: 'POST', headers: { ...headers, authorization }, body: JSON.stringify(body) })
  return await answer.text()
}

async function held(folder: string, more: Partial<HubOptions> = {}): Promise<string> {
  const gated = await gatedHub({ folder, ...more })
  const said = await ask(gated.door.url, 'desk_note_send', { desk: 'front', text: 'hello' }, ['member'])
  await gated.close()
  expect(said).toContain('"status":"held"')
  return /"operation_id":"(op_\w+)"/.exec(said)![1]!
}

test('it can still be approved, by the roles it was asked with', async () => {
  const folder = folderFor()
  const id = await held(folder)
  await using again = await testHub({ folder })
  expect(await again.approve(id)).toMatchObject({ status: 'done' })
  expect(again.writes()).toHaveLength(1)
})

test('what the issuer says of them later counts: a role that was taken away is gone', async () => {
  const folder = folderFor()
  const id = await held(folder)
  await using gated = await gatedHub({ folder })
  await ask(gated.door.url, 'desk_note_list', {}, ['visitor'])
  await expect(gated.hub.approve(id)).rejects.toMatchObject({ code: 'conflict' })
  expect(gated.hub.writes()).toEqual([])
})

// APR-09
test('somebody whom the configuration knew and knows no more gets nothing done', async () => {
  const folder = folderFor()
  await using before = await testHub({ folder })
  const rosa = before.hub.person('rosa')
  const { operation_id: id } = await before.call('desk_note_send', { desk: 'front', text: 'hello' }, rosa)
  await before.hub.close()
  const config = JSON.parse(readFileSync(before.configPath, 'utf8')) as { people: { directory: Record<string, unknown> } }
  delete config.people.directory['rosa']
  writeFileSync(before.configPath, JSON.stringify(config))
  await using again = await testHub({ folder })
  await expect(again.approve(id)).rejects.toMatchObject({ code: 'refused' })
  expect(again.writes()).toEqual([])
})
