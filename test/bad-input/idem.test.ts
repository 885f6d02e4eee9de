// Group IDEM of the attack catalogue, on hubs that run: repeats, keys, and writes of which nobody knows whether they happened.
import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TestContext } from 'vitest'
import type { Answer } from '../../src/call/call.ts'
import { resetSandbox } from '../../src/sandbox/admin.ts'
import { serveHttp } from '../../src/serve/http.ts'
import type { HttpDoor } from '../../src/serve/http.ts'
import { cli, connect } from '../doors.ts'
import { standBetween } from '../faults/between.ts'
import type { Between } from '../faults/between.ts'
import { everything, isWriteOf, vendorLab, writes } from '../faults/vendors.ts'
import type { VendorLab } from '../faults/vendors.ts'
import { configFolder, testHub } from '../hub.ts'
import type { TestHub } from '../hub.ts'
import { modernRequest } from '../serve/fixture.ts'
import { mountNetworkDisk } from '../store/network-disk.ts'
import { collect } from '../store/records.ts'

const send = (text: string, more: object = {}) => ['desk_note_send', { desk: 'front', text, ...more }] as const

test('IDEM-01: the same call with its key a thousand times is one send and one answer', { timeout: 60_000 }, async () => {
  await using hub = await testHub()
  const first = await hub.call(...send('once', { idempotency_key: 'one' }))
  expect(first.status).toBe('done')
  for (let time = 1; time < 1000; time += 1)
    expect(await hub.call(...send('once', { idempotency_key: 'one' }))).toEqual({ ...first, replayed: true })
  expect(hub.writes()).toHaveLength(1)
})

describe('IDEM-02: what counts as the same arguments, as they come over the wire', () => {
  let hub: TestHub
  let door: HttpDoor
  beforeAll(async () => {
    hub = await testHub({ connectors: { jira: { sandbox: true, tools: { jira_worklog_add: true } } } })
    door = await serveHttp({
      dispatcher: hub.hub.dispatcher,
      principalOf: () => Promise.resolve(hub.hub.person()),
      host: '127.0.0.1',
      port: 0,
      sessionIdleMs: 60_000,
      maxSessions: 20,
      log: { warn: () => undefined, error: () => undefined },
      now: () => new Date(),
      drainMs: 2000,
    })
  })
  afterAll(async () => {
    await door.close()
    await hub.close()
  })

  const first = String.raw`{"key":"OPS-40","minutes":30,"note":"Caf\u00e9 visit","started":"2026-03-31T09:00:00Z"}`
  const change = (from: string, to: string) => first.replace(from, () => to)

  test.each([
    ['another order', '{"started":"2026-03-31T09:00:00Z","note":"Café visit","minutes":30,"key":"OPS-40"}'],
    ['white space between', first.replaceAll(':', ' :\n ').replaceAll(' :\n 00', ':00')],
    ['30.0 for 30', change(':30', ':30.0')],
    ['3e1 for 30', change(':30', ':3e1')],
    ['a default that is written out', change('{', '{"adjust":"auto",')],
    ['a letter for its escape', change(String.raw`\u00e9`, 'é')],
  ])('IDEM-02: %s is the same, and its answer is that of the first', async (what, text) => {
    const key = `same ${what}`.replaceAll(' ', '-')
    expect(await called(first, key)).toMatchObject({ status: 'done' })
    const before = hub.writes().length
    expect(await called(text, key)).toMatchObject({ status: 'done', replayed: true })
    expect(hub.writes()).toHaveLength(before)
  })

  test.each([
    ['another issue', change('OPS-40', 'OPS-41')],
    ['another number', change(':30', ':31')],
    ['another time', change('09:00', '09:01')],
    ['another text', change('visit', 'visits')],
    ['white space in a text', change(' visit', '  visit')],
    ['white space behind a text', change('visit', 'visit ')],
    ['another case', change('visit', 'Visit')],
    ['a letter that is composed otherwise', change(String.raw`\u00e9`, String.raw`e\u0301`)],
    ['another choice', change('{', '{"adjust":"leave",')],
    ['a field less', change(String.raw`"note":"Caf\u00e9 visit",`, '')],
  ])('IDEM-02: %s is a conflict, and nothing is sent', async (what, text) => {
    const key = `other ${what}`.replaceAll(' ', '-')
    expect(await called(first, key)).toMatchObject({ status: 'done' })
    const before = hub.writes().length
    expect(await called(text, key)).toMatchObject({ status: 'failed', error: { code: 'conflict', retry: 'after change' } })
    expect(hub.writes()).toHaveLength(before)
  })

  /** The arguments exactly as they are written: no client has read them and spelt them anew. */
  async function called(args: string, key: string): Promise<Answer> {
    const { headers, body } = modernRequest('tools/call', { name: 'jira_worklog_add', arguments: {} })
    const text = JSON.stringify(body).replace(
      '"arguments":{}',
      () => `"arguments":${args.slice(0, -1)},"idempotency_key":${JSON.stringify(key)}}`,
    )
    const answer = await fetch(door.url, { method: 'POST', headers, body: text })
    const { result, ...other } = (await answer.json()) as { result?: { structuredContent: Answer } }
    expect([answer.status, other]).toEqual([200, expect.not.objectContaining({ error: expect.anything() })])
    return result!.structuredContent
  }
})

describe('IDEM-03: two hundred equal calls at once are one send; the others get its answer, or are told to ask for it', () => {
  test('IDEM-03: in one process', async () => {
    await using hub = await testHub()
    expectOne(await Promise.all(Array.from({ length: 200 }, () => hub.call(...send('at once', { idempotency_key: 'k' })))))
    expect(hub.writes()).toHaveLength(1)
  })

  test('IDEM-03: in three processes on one file', { timeout: 60_000 }, async () => {
    const folder = configFolder({})
    const configPath = path.join(folder, 'mcp.config.json')
    try {
      const clients = await Promise.all([1, 2, 3].map(async () => await connect('v2 legacy', { configPath })))
      const [name, args] = send('at once', { idempotency_key: 'k' })
      const results = await Promise.all(
        Array.from({ length: 200 }, async (_, nth) => await clients[nth % 3]!.callTool({ name, arguments: args })),
      )
      await Promise.all(clients.map(async (client) => await client.close()))
      expectOne(results.map(({ structuredContent }) => structuredContent as Answer))
      await using hub = await testHub({ folder })
      expect(hub.writes()).toHaveLength(1)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  function expectOne(answers: readonly Answer[]): void {
    expect(answers).toHaveLength(200)
    expect(answers.filter(({ status, replayed }) => status === 'done' && replayed !== true)).toHaveLength(1)
    const ids = answers.flatMap(({ status, operation_id: id }) => (status === 'done' ? [id] : []))
    expect(new Set(ids).size).toBe(1)
    for (const { status, error, message } of answers.filter((one) => one.status !== 'done')) {
      expect([status, error]).toEqual(['failed', { code: 'conflict', retry: 'after change' }])
      expect(message).toContain('operation_get')
    }
  }
})

describe('IDEM-05: a key', () => {
  let hub: TestHub
  beforeAll(async () => void (hub = await testHub()))
  afterAll(async () => await hub.close())

  test.each([
    ['empty', ''],
    ['of ten kilobytes', 'k'.repeat(10_240)],
    ['of 256 characters', 'k'.repeat(256)],
    ['with a NUL', 'a\u0000b'],
    ['with a line break', 'a\r\nb'],
    ['with a line break at its end', 'key\n'],
    ['with a space', 'a b'],
    ['with a letter that is not ASCII', 'clé'],
    ['with DEL', 'a\u007f'],
    ['that is a number', 1],
    ['that is null', null],
    ['that is a list', ['k']],
  ])('IDEM-05: %s is refused and named, and nothing is sent', async (_what, key) => {
    expect(await hub.call(...send('never', { idempotency_key: key }))).toMatchObject({
      status: 'failed',
      error: { code: 'invalid_input' },
      message: expect.stringMatching(/idempotency_key must be 1 to 255 visible ASCII/),
    })
    expect(hub.writes()).toEqual([])
  })

  test('IDEM-05: as short as "1" is one person’s own for one tool, so that it takes nobody else’s answer', async () => {
    const [other, key] = [{ tenant: 'local', id: 'other', roles: ['member'] }, { idempotency_key: '1' }]
    expect(await hub.call(...send('mine', key))).toMatchObject({ status: 'done' })
    expect(await hub.call(...send('theirs', key), other)).not.toHaveProperty('replayed')
    expect(await hub.call('desk_note_set', { id: 'n1', text: 'new', ...key })).not.toHaveProperty('replayed')
    expect(await hub.call(...send('another', key))).toMatchObject({ status: 'failed', error: { code: 'conflict' } })
    expect(await hub.call(...send('of 255', { idempotency_key: '~'.repeat(255) }))).toMatchObject({ status: 'done' })
    expect(hub.writes()).toHaveLength(4)
  })
})

test('IDEM-07: a key never ends, and after its contents were erased by their age it is refused, not sent again', async () => {
  let now = new Date('2026-03-02T09:00:00Z')
  const days = (count: number) => new Date(now.getTime() + count * 86_400_000)
  await using hub = await testHub({ now: () => now, watch: true, config: { audit: { retentionDays: 30 } } })
  const first = await hub.call(...send('old', { idempotency_key: 'old' }))
  now = days(29)
  expect(await hub.call(...send('old', { idempotency_key: 'old' }))).toEqual({ ...first, replayed: true })
  now = days(2)
  await expect
    .poll(async () => (await hub.hub.store.operation(first.operation_id!))?.details, { timeout: 10_000 })
    .toHaveProperty('erased')
  for (const text of ['old', 'another'])
    expect(await hub.call(...send(text, { idempotency_key: 'old' }))).toMatchObject({
      status: 'failed',
      error: { code: 'conflict' },
    })
  expect((await hub.call(...send('old', { idempotency_key: 'old' }))).message).toContain('has been erased')
  expect(hub.writes()).toHaveLength(1)
})

describe('IDEM-13: a vendor that carries out a write long after the hub has given it up', () => {
  let lab: VendorLab
  let between: Between
  let hub: TestHub
  const folder = mkdtempSync(path.join(tmpdir(), 'toolgate-late-'))
  let now = new Date()
  beforeAll(async () => {
    lab = await vendorLab(path.join(folder, 'vendors.db'), () => now)
    between = await standBetween(lab.proxy.base, (method, at) => all.some((write) => isWriteOf(write)(method, at)))
    const config = { calls: { timeoutSeconds: 1 } }
    hub = await testHub({
      connectors: everything(),
      config,
      now: () => now,
      sandboxBase: (instance) => `${between.base}/${instance}`,
    })
  })
  afterAll(async () => {
    await hub.close()
    await between.close()
    await lab.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const all = writes.filter(({ name }) => ['jira_comment_add', 'sf_record_create', 'slack_message_send'].includes(name))

  test.each(all.map((write) => [write.name, write] as const))(
    'IDEM-13: %s stays unknown while it may still happen, and is found when it has',
    async (name, { tool }) => {
      const before = lab.changes()
      const call = async () => await hub.call(name, { ...(tool.example as object), idempotency_key: 'late' })
      const asked = async (id: unknown) => (await hub.call('operation_get', { id })).result
      const held = between.hold()
      const lost = await call()
      expect(lost.status).toBe('unknown')
      now = new Date(now.getTime() + 40_000)
      expect(await asked(lost.operation_id)).toMatchObject({ state: 'unknown' })
      expect(await call()).toMatchObject({ status: 'unknown', replayed: true })
      expect(lab.changes()).toBe(before)
      now = new Date(now.getTime() + 70_000)
      await (await held).deliver()
      expect(await asked(lost.operation_id)).toMatchObject({ state: 'reconciled', answer: { status: 'done' } })
      expect(await call()).toMatchObject({ status: 'done', replayed: true })
      expect(lab.changes()).toBe(before + 1)
    },
  )
})

test(
  'IDEM-22: an answer that names no record, or another one than was asked for, proves nothing: unknown, then asked',
  { timeout: 120_000 },
  async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'toolgate-answers-'))
    const file = path.join(folder, 'vendors.db')
    const lab = await vendorLab(file, () => new Date())
    let isTheWrite = isWriteOf(writes[0]!)
    const between = await standBetween(lab.proxy.base, (method, at) => isTheWrite(method, at))
    const hub = await testHub({ connectors: everything(), sandboxBase: (instance) => `${between.base}/${instance}` })
    const told: (readonly [name: string, said: string])[] = []
    try {
      for (const [name, how] of answers) {
        const write = writes.find((one) => one.name === name)!
        resetSandbox(file)
        isTheWrite = isWriteOf(write)
        between.rewrite(({ status, body }) => ({ status, body: how(body) }))
        const args = { ...(write.tool.example as object), idempotency_key: `answer-${told.length}` }
        const before = lab.changes()
        const answer = await hub.call(name, args)
        const asked = await hub.call('operation_get', { id: answer.operation_id })
        const again = await hub.call(name, args)
        const { state } = asked.result as { state: string }
        told.push([name, `${answer.status}, ${state}, ${again.status}, ${lab.changes() - before} done`])
      }
      expect(told).toEqual(answers.map(([name]) => [name, 'unknown, reconciled, done, 1 done']))
    } finally {
      await hub.close()
      await between.close()
      await lab.close()
      rmSync(folder, { recursive: true, force: true })
    }
  },
)

const withoutIds = (body: string) => body.replaceAll(/"(id|ts|key)":"[^"]*"/g, '"x":1')
const withOther = (name: string) => (body: string) =>
  body.replaceAll(new RegExp(`"${name}":"([^"]*)[0-9]"`, 'g'), (_all, start: string) => `"${name}":"${start}7"`)

/** What each of them is answered, by what the vendor said. */
const answers: readonly (readonly [name: string, how: (body: string) => string])[] = [
  ...[
    'jira_attachment_add',
    'jira_comment_add',
    'jira_issue_create',
    'jira_worklog_add',
    'sf_casecomment_add',
    'sf_note_add',
    'sf_record_batch',
    'sf_record_create',
    'sf_record_upsert',
    'sf_task_create',
    'slack_channel_create',
    'slack_dm_send',
    'slack_message_send',
    'slack_thread_reply',
  ].map((name) => [name, withoutIds] as const),
  ['jira_comment_update', withOther('id')],
  ['slack_message_update', withOther('ts')],
  ['slack_message_update', withOther('channel')],
  ['slack_message_send', withOther('channel')],
  ['slack_msg_schedule', withOther('channel')],
]

test.each([
  ['slack_reaction_add', 'done, reconciled, 1 done'],
  // What is there already, and would not be changed, is told before anything is sent.
  ['slack_channel_create', 'failed, reconciled, 1 done'],
  ['sf_record_upsert', 'failed, reconciled, 1 done'],
])(
  'IDEM-22: %s, tried anew with another key after a lost answer, finds the first and does not make it twice',
  async (name, said) => {
    const write = writes.find((one) => one.name === name)!
    await using hub = await testHub({ connectors: everything() })
    const call = async (key: string) => await hub.call(name, { ...(write.tool.example as object), idempotency_key: key })
    await hub.call(name, { ...(write.tool.example as object), dry_run: true })
    hub.break(write.instance, 'drop', 1, onSandbox(write.tool.routes[0]!))
    const lost = await call('first')
    expect(lost.status).toBe('unknown')
    const second = await call('second')
    const { result } = await hub.call('operation_get', { id: lost.operation_id })
    expect(`${second.status}, ${(result as { state: string }).state}, ${hub.writes().length} done`).toBe(said)
  },
)

function onSandbox(route: string): string {
  return route.replaceAll(/\{[^}]*\}/g, '*')
}

test('IDEM-11: a log that cannot be written makes no failure of what may have happened, and nothing else of a failure', async () => {
  const broken = () => {
    throw new Error('No more files may be opened.')
  }
  await using hub = await testHub({ log: { info: broken, warn: broken, error: broken } })
  hub.break('desk', 'drop')
  const lost = await hub.call(...send('lost'))
  expect(lost.status).toBe('unknown')
  expect((await hub.hub.store.operation(lost.operation_id!))?.state).toBe('unknown')
  hub.break('desk', '429')
  const refused = await hub.call(...send('refused'))
  expect(refused.status).toBe('failed')
  expect((await hub.hub.store.operation(refused.operation_id!))?.state).toBe('failed')
  expect(hub.writes()).toHaveLength(1)
})

describe('IDEM-23: an outcome that people settle', () => {
  test('IDEM-23: of contradicting pairs at once one is heard, whatever the vendor says meanwhile, and it stays so', async () => {
    await using hub = await testHub()
    const [maya, jonas] = [hub.hub.person(), hub.hub.person('jonas')]
    for (let round = 0; round < 5; round += 1) {
      hub.break('desk', 'drop')
      const { operation_id: id = '' } = await hub.call(...send(`unclear ${round}`, { idempotency_key: `k${round}` }))
      const settle = (verdict: 'happened' | 'did not happen') => hub.hub.resolve(id, { verdict, by: maya, second: jonas })
      const told = await Promise.allSettled([
        settle('did not happen'),
        settle('happened'),
        hub.hub.reconcile(id).then(({ after }) => after),
        settle('did not happen'),
        hub.hub.reconcile(id).then(({ after }) => after),
      ])
      const state = (await hub.hub.store.operation(id))!.state
      expect(['failed', 'reconciled']).toContain(state)
      for (const one of told) {
        if (one.status === 'fulfilled') expect(one.value.state).toBe(state)
        else expect(String(one.reason)).toContain(`is known: it is ${state}`)
      }
      const ends = (await collect(hub.hub.store.entries('local'))).filter(
        ({ kind, payload }) => payload['operation'] === id && /^operation\.(failed|reconciled)$/.test(kind),
      )
      expect(ends).toMatchObject([{ payload: { from: 'unknown', verdict: expect.any(String) } }])
      await expect(settle(state === 'failed' ? 'happened' : 'did not happen')).rejects.toThrow(`it is ${state}`)
      expect((await hub.hub.reconcile(id)).after.state).toBe(state)
    }
    expect(hub.writes()).toHaveLength(5)
  })

  test('IDEM-23: the command asks for two people, by whatever name, and records both', { timeout: 30_000 }, async () => {
    await using hub = await testHub()
    hub.break('desk', 'drop')
    const { operation_id: id = '' } = await hub.call(...send('unclear'))
    const resolve = async (...words: readonly string[]) =>
      await cli(['operations', 'resolve', id, ...words, '--config', hub.configPath])
    expect((await resolve('--happened', '--by', 'maya')).code).toBe(1)
    expect((await resolve('--happened', '--did-not', '--by', 'maya', '--second', 'jonas')).code).toBe(1)
    expect((await resolve('--happened', '--by', 'maya', '--second', 'MAYA')).code).not.toBe(0)
    expect((await resolve('--happened', '--by', 'maya', '--second', 'nobody')).code).not.toBe(0)
    expect((await hub.hub.store.operation(id))?.state).toBe('unknown')
    expect((await resolve('--happened', '--by', 'maya', '--second', 'jonas')).code).toBe(0)
    expect((await resolve('--did-not', '--by', 'maya', '--second', 'jonas')).stderr).toContain('it is reconciled')
    const [last] = (await hub.hub.store.recent('local', 20)).filter(({ payload }) => payload['operation'] === id)
    expect(last).toMatchObject({ kind: 'operation.reconciled', payload: { resolved_by: 'maya', second: 'jonas' } })
  })
})

test(
  'IDEM-18: a copy of the data that is started beside the original is noticed by the anchor of both, and one of them stops writing',
  { timeout: 60_000 },
  async () => {
    const outside = mkdtempSync(path.join(tmpdir(), 'toolgate-outside-'))
    const audit = {
      checkpoint: { entries: 1, seconds: 1 },
      anchors: [{ name: 'mount', to: 'file', path: path.join(outside, 'anchor.jsonl') }],
      lag: { seconds: 60, writes: 'refuse' },
    }
    const folder = configFolder({ config: { audit } })
    const copied = path.join(outside, 'copy')
    const first = await testHub({ folder })
    await first.call(...send('before'))
    await first.close()
    cpSync(folder, copied, { recursive: true })
    const [original, copy] = [await testHub({ folder, watch: true }), await testHub({ folder: copied, watch: true })]
    try {
      // By then both have looked at the anchor, which says the same of both.
      await sleep(1500)
      let nth = 0
      const told = async (hub: TestHub) => (await hub.call(...send(`on ${(nth += 1)}`))).message
      // Whose record the anchor holds goes on; the other one stops, whichever was there first.
      await expect
        .poll(async () => [await told(original), await told(copy)].toSorted(), { timeout: 20_000, interval: 300 })
        .toEqual(['Done.', expect.stringContaining('contradict each other')])
      const states = await Promise.all(
        [original, copy].map(async ({ hub }) => (await hub.proof.status()).anchors[0]!.conflict),
      )
      const conflicts = states.filter((conflict) => conflict !== undefined)
      expect(conflicts).toEqual([expect.stringMatching(/holds another entry|knows of/)])
      const stopped = states[0] === undefined ? copy : original
      const { code, stdout } = await cli(['audit', 'verify', '--config', stopped.configPath])
      expect([code, stdout]).toEqual([4, expect.stringMatching(/forked|altered|rolled back|truncated/)])
    } finally {
      await original.close()
      await copy.close()
      for (const gone of [folder, outside]) rmSync(gone, { recursive: true, force: true })
    }
  },
)

test('IDEM-18: a hub whose database would lie on a network file system does not start, and makes nothing there', async (context: TestContext) => {
  const disk = await mountNetworkDisk()
  if (!disk) context.skip('NOT TESTED: this machine has no sshfs, or lets nobody mount with it.')
  const folder = configFolder({ config: { store: `sqlite:${disk.folder}/hub/toolgate.db` } })
  const linked = configFolder({ config: { store: 'sqlite:data/toolgate.db' } })
  try {
    rmSync(path.join(linked, 'data'), { recursive: true, force: true })
    symlinkSync(disk.folder, path.join(linked, 'data'))
    for (const home of [folder, linked]) {
      const configPath = path.join(home, 'mcp.config.json')
      const { code, stderr } = await cli(['call', 'desk_note_send', '{"desk":"front","text":"x"}', '--config', configPath])
      expect([code, stderr]).toEqual([expect.any(Number), expect.stringContaining('network file system (fuse.sshfs)')])
      expect(code).not.toBe(0)
    }
    expect(readdirSync(disk.behind)).toEqual([])
  } finally {
    disk.release()
    for (const gone of [folder, linked]) rmSync(gone, { recursive: true, force: true })
  }
})
