// Two tenants with the same people, ids and keys on one hub: neither sees, repeats, spends or finds anything of the other.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { modernRequest } from '../serve/fixture.ts'
import { deskFolder } from '../hub.ts'
import { gatedHub } from './door.ts'
import type { GatedHub } from './door.ts'
import { standInIssuer } from './issuer.ts'
import type { StandInIssuer } from './issuer.ts'
import { storm } from './tenants.ts'

let issuer: StandInIssuer
let gated: GatedHub

beforeAll(async () => {
  issuer = await standInIssuer(() => gated.door.url)
  const from = {
    issuer: issuer.url,
    claims: { roles: 'roles', tenant: 'org' },
    tenants: { org1: 'larkfield', org2: 'hollow' },
  }
  gated = await gatedHub({
    connectors: {
      desk: { uses: deskFolder, sandbox: true, tenants: ['larkfield', 'hollow'] },
      mine: { uses: deskFolder, sandbox: true },
    },
    policy:
      'rules:\n  - allow: "*"\n    who: role:member\n  - ask: "*_note_delete"\n    who: role:member\n    approvers: role:lead\n    because: Look first.\nlimits:\n  - { tools: "*_note_list", per: principal, at_most: 5 per hour }\n',
    config: { people: { local: { id: 'maya', roles: ['member'] }, issuers: [from] } },
  })
})
afterAll(async () => {
  await gated.close()
  await issuer.close()
})

// TEN-03, TEN-05: people, ids and keys are the same in both; memory, repeats and held calls among them.
test(
  'foreign canaries in the answers to random calls, held ones and repeats among them: none',
  { timeout: 300_000 },
  async () => {
    const { seed, answers, foreign, reached, statuses } = await storm(Math.floor(Math.random() * 2 ** 31), 100_000)
    process.stdout.write(
      `tenants: seed ${seed}, ${answers} answers, foreign canaries ${foreign}, operations of the other reached ${reached} ${JSON.stringify(statuses)}, < ${((3 / answers) * 100).toFixed(3)} % (3/n)\n`,
    )
    expect([foreign, reached]).toEqual([0, 0])
    expect(statuses['done']).toBeGreaterThan(20_000)
    expect(statuses['held']).toBeGreaterThan(2000)
  },
)

async function call(org: string | undefined, name: string, args: object = {}) {
  const { headers, body } = modernRequest('tools/call', { name, arguments: args })
  const authorization = `Bearer ${await issuer.sign({ org })}`
  const response = await fetch(gated.door.url, {
    method: 'POST',
    headers: { ...headers, authorization, 'x-tenant': 'larkfield' },
    body: JSON.stringify(body),
  })
  return { status: response.status, text: await response.text() }
}

// TEN-01
test('the tenant comes from the token alone; one that is not mapped is refused', async () => {
  expect((await call('org2', 'desk_note_echo', { text: 'x' })).text).toContain('"status":"done"')
  for (const org of [undefined, 'org3', 'larkfield', 'local', ''])
    expect((await call(org, 'desk_note_echo', { text: 'x' })).status).toBe(403)
})

// TEN-01
test("an account is for the tenants that it names, and by default for the operator's own", async () => {
  expect((await call('org1', 'mine_note_echo', { text: 'x' })).text).toMatch(/"status":"denied".*another organisation/s)
  expect((await gated.hub.call('mine_note_echo', { text: 'x' })).status).toBe('done')
  expect((await gated.hub.call('desk_note_echo', { text: 'x' })).status).toBe('denied')
})

// TEN-05
test('what one tenant spends the other still has', async () => {
  const statuses: string[] = []
  for (const org of ['org1', 'org1', 'org1', 'org1', 'org1', 'org1', 'org2'])
    statuses.push(/"status":"(\w+)"/.exec((await call(org, 'desk_note_list')).text)?.[1] ?? '')
  expect(statuses).toEqual(['done', 'done', 'done', 'done', 'done', 'failed', 'done'])
})
