// The same questions for every tool of every shipped connector, asked through the whole hub.
import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { callOf } from '../src/call/details.ts'
import type { Connector } from '../src/kit/connector.ts'
import { canonical } from '../src/kit/json.ts'
import type { JsonObject } from '../src/kit/json.ts'
import type { Tool } from '../src/kit/tool.ts'
import { shipped, testHub } from './hub.ts'
import type { TestHub } from './hub.ts'
import { readmeConnector } from './readme-connector.ts'

const ids = readdirSync(new URL('../connectors', import.meta.url), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)

for (const id of ids) {
  const module = (await import(`../connectors/${id}/connector.ts`)) as Record<string, Connector>
  const connector = Object.values(module).find((value) => typeof value === 'object' && 'tools' in value)
  if (!connector) throw new Error(`connectors/${id} exports no connector.`)
  describe(`connectors/${id}`, () => {
    questions(id, connector)
  })
}

function questions(id: string, connector: Connector): void {
  let hub: TestHub
  beforeAll(async () => {
    const tools = Object.fromEntries(connector.tools.map(({ name }) => [`${connector.prefix}_${name}`, true]))
    hub = await testHub({ connectors: { [id]: { sandbox: true, tools } } })
  })
  afterAll(async () => await hub.close())

  test('it has a README with its tools, and at least four reads and three writes', () => {
    const readme = readFileSync(new URL(`../connectors/${id}/README.md`, import.meta.url), 'utf8')
    for (const { name, title, class: kind, default: state, scopes } of connector.tools) {
      const wanted = scopes.map((scope) => `\`${scope}\``).join(', ')
      expect(readme).toContain(`| \`${connector.prefix}_${name}\` | ${title} | ${kind} | ${state} | ${wanted} |`)
    }
    expect(connector.tools.filter(({ kind }) => kind === 'read').length).toBeGreaterThanOrEqual(4)
    expect(connector.tools.filter(({ kind }) => kind === 'write').length).toBeGreaterThanOrEqual(3)
  })

  test('its sandbox grants what its tools need', async () => {
    if (!connector.grants) return
    await hub.hub.grants.ask()
    expect(hub.hub.grants.report()).toMatchObject([{ instance: id, state: 'granted', missing: {} }])
  })

  // Deletions last: the examples of the others need what is there.
  const inOrder = connector.tools.toSorted((left, right) => Number(left.class === 'D') - Number(right.class === 'D'))
  for (const tool of inOrder)
    describe(`${connector.prefix}_${tool.name}`, () => {
      toolQuestions(tool, connector, () => hub)
    })
}

function toolQuestions(tool: Tool, connector: Connector, hub: () => TestHub): void {
  const name = `${connector.prefix}_${tool.name}`

  test('its name is short and plain, and its schemas are closed', () => {
    expect(name).toMatch(/^[a-z][a-z0-9]*(_[a-z0-9]+)+$/)
    expect(name.length).toBeLessThanOrEqual(40)
    expect(tool.input.safeParse({ ...(tool.example as object), nobody_knows_this: 1 }).success).toBe(false)
    for (const ours of ['dry_run', 'idempotency_key', 'expect_rev'])
      expect(Object.keys(tool.input.shape as object)).not.toContain(ours)
    expect(tool.scopes.length).toBeGreaterThan(0)
  })

  if (tool.kind === 'read') {
    test('its example runs, and looks without writing', async () => {
      const before = hub().writes().length
      const answer = await hub().call(name, tool.example)
      expect([answer.status, answer.message]).toEqual(['done', 'Done.'])
      expect(hub().writes()).toHaveLength(before)
    })
    return
  }

  test('a dry run shows what would change and writes nothing; the call then does it, and goes only where it declared', async () => {
    const before = hub().writes().length
    const shown = await hub().call(name, { ...(tool.example as object), dry_run: true })
    expect([shown.status, shown.error]).toEqual(['previewed', undefined])
    expect(hub().writes()).toHaveLength(before)
    expect(shown.plan?.effects.length).toBeGreaterThan(0)

    const done = await hub().call(name, tool.example)
    expect([done.status, done.error]).toEqual(['done', undefined])
    expect(hub().writes().length).toBeGreaterThan(before)

    const operation = await hub().hub.store.operation(String(done.operation_id))
    const plan = operation?.plan as { request: JsonObject; effects: JsonObject[] }
    expect(JSON.parse(canonical(plan.request))).toEqual(plan.request)
    const routes = new Set(
      [...connector.reads, ...(connector.signIn ?? []), ...tool.routes].map((route) => JSON.stringify(route)),
    )
    expect(
      (await requestsOf(hub(), operation ? callOf(operation) : '')).filter(
        ({ route }) => !routes.has(JSON.stringify(route)),
      ),
    ).toEqual([])
  })

  test('said twice, it is done once', async () => {
    const before = hub().writes().length
    const again = await hub().call(name, tool.example)
    expect(again.replayed).toBe(true)
    expect(hub().writes()).toHaveLength(before)
  })
}

async function requestsOf({ hub }: TestHub, call: string): Promise<readonly JsonObject[]> {
  const entries = await hub.store.entriesOf(call)
  return entries.flatMap(({ payload }) => (payload['vendor'] as JsonObject[] | undefined) ?? [])
}

test('the code in connectors/README.md compiles and runs as it stands', async () => {
  await using example = await readmeConnector()
  expect(example.typeErrors()).toBe('')
  await using hub = await testHub({ connectors: { board: { uses: example.folder, sandbox: true } } })
  expect(await hub.call('board_notice_list')).toMatchObject({ status: 'done', result: { notices: [{ text: 'Welcome.' }] } })
  expect(await hub.call('board_notice_pin', { text: 'Cake at three.' })).toMatchObject({ status: 'done' })
  expect(hub.writes()).toEqual(['POST /notices 201'])
})

test('the shipped configuration names these connectors', async () => {
  await using hub = await testHub(shipped)
  const instances = new Set([...hub.hub.current().offers.values()].map(({ facts }) => facts.connector))
  expect(instances).toEqual(new Set([...ids, 'hub']))
})
