// Group AUD of the attack catalogue, on hubs and files that are real: who changes the record, takes its anchor away or fills it.
import { execFileSync, spawnSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { verifyChain } from '../../src/call/verify.ts'
import { resetSandbox } from '../../src/sandbox/admin.ts'
import { launcher, start } from '../cli/toolgate.ts'
import { cli, connect, root, serve } from '../doors.ts'
import { chanceFrom } from '../evidence/tampering.ts'
import { everything, shapes, writes } from '../faults/vendors.ts'
import { configFolder, deskFolder, testHub } from '../hub.ts'
import { gatedHub } from '../identity/door.ts'
import type { TestHub } from '../hub.ts'
import { modernRequest } from '../serve/fixture.ts'
import { collect } from '../store/records.ts'

let nth = 0
/** A text that was not sent before, so that no answer is that of an earlier call. */
const fresh = () => `text ${(nth += 1)}`
const send = (text: string, more: object = {}) => ['desk_note_send', { desk: 'front', text, ...more }] as const

describe('a hub whose record is anchored outside', () => {
  let outside: string
  let anchor: string
  let folder: string
  let configPath: string
  beforeEach(() => {
    outside = mkdtempSync(path.join(tmpdir(), 'toolgate-outside-'))
    anchor = path.join(outside, 'anchor.jsonl')
    const audit = {
      checkpoint: { entries: 1, seconds: 1 },
      anchors: [{ name: 'mount', to: 'file', path: anchor }],
      lag: { seconds: 5, writes: 'refuse' },
    }
    folder = configFolder({ config: { audit } })
    configPath = path.join(folder, 'mcp.config.json')
  })
  afterEach(() => {
    for (const gone of [folder, outside]) rmSync(gone, { recursive: true, force: true })
  })

  /** A hub that does so many writes, a minute later each than before, and ends. */
  async function day(begins: string, calls: number): Promise<void> {
    let now = Date.parse(begins)
    const hub = await testHub({ folder, now: () => new Date(now) })
    for (let count = 0; count < calls; count += 1) {
      await hub.call(...send(fresh()))
      now += 60_000
    }
    await hub.close()
  }

  test(
    'AUD-06: yesterday’s backup, gone on with under a clock that was set back to it, is found',
    { timeout: 30_000 },
    async () => {
      const [data, backup] = [path.join(folder, 'data'), path.join(outside, 'backup')]
      await day('2026-03-01T09:00:00Z', 3)
      cpSync(data, backup, { recursive: true })
      await day('2026-03-02T09:00:00Z', 3)
      expect((await cli(['audit', 'verify', '--config', configPath])).code).toBe(0)
      rmSync(data, { recursive: true })
      cpSync(backup, data, { recursive: true })
      const restored = await cli(['audit', 'verify', '--config', configPath])
      expect([restored.code, restored.stdout]).toEqual([4, expect.stringContaining('rolled back')])
      // As long as before and later than before, and at the very times at which the lost ones were.
      await day('2026-03-02T09:00:00Z', 5)
      const grown = await cli(['audit', 'verify', '--config', configPath])
      expect([grown.code, grown.stdout]).toEqual([4, expect.stringMatching(/forked|altered/)])
      await using again = await testHub({ folder, watch: true })
      await expect
        .poll(async () => (await again.call(...send(fresh()))).message, { timeout: 5000 })
        .toContain('contradict each other')
    },
  )

  test('AUD-06: a clock that is set back leaves the record whole, and gives its checkpoints an order of their own', async () => {
    await day('2026-03-02T09:00:00Z', 3)
    await day('2025-01-01T09:00:00Z', 3)
    await day('2027-01-01T09:00:00Z', 1)
    const { code, stdout } = await cli(['audit', 'verify', '--config', configPath])
    expect([code, stdout]).toEqual([0, expect.stringContaining('the anchors vouch for all of them')])
  })

  test(
    'AUD-07: out of reach for an hour: writes go on up to the lag, then stop, and go on by themselves',
    { timeout: 30_000 },
    async () => {
      let now = new Date()
      await using hub = await testHub({ folder, watch: true, now: () => now })
      await anchored(hub)
      renameSync(outside, `${outside}-away`)
      try {
        expect(await hub.call(...send('within the lag'))).toMatchObject({ status: 'done' })
        await expect.poll(async () => (await status(hub)).problem, { timeout: 5000 }).toContain('is not there')
        now = new Date(now.getTime() + 3_600_000)
        const refused = async () => await hub.call(...send(fresh()))
        await expect.poll(refused, { timeout: 5000 }).toMatchObject({
          status: 'failed',
          error: { code: 'unavailable', retry: 'later' },
          message: expect.stringContaining('No anchor outside the hub has taken a checkpoint'),
        })
        expect(hub.writes().filter((write) => write !== 'POST /notes 201')).toEqual([])
      } finally {
        renameSync(`${outside}-away`, outside)
      }
      now = new Date(now.getTime() + 60_000)
      await expect.poll(async () => (await hub.call(...send(fresh()))).status, { timeout: 10_000 }).toBe('done')
      expect(await status(hub)).toMatchObject({ problem: undefined, conflict: undefined, lost: undefined })
    },
  )

  test.each([
    ['deleted', () => rmSync(anchor)],
    ['emptied', () => writeFileSync(anchor, '')],
    ['cut off', () => writeFileSync(anchor, `${readFileSync(anchor, 'utf8').split('\n')[0]}\n`)],
  ])('AUD-07: an anchor that was %s is told of, and given again what it had', { timeout: 30_000 }, async (_how, damage) => {
    await using hub = await testHub({ folder, watch: true })
    for (const text of ['one', 'two', 'three']) {
      await hub.call(...send(text))
      await anchored(hub)
    }
    const held = readFileSync(anchor, 'utf8').trim().split('\n')
    damage()
    await hub.call(...send('after'))
    await expect
      .poll(async () => (await status(hub)).lost, { timeout: 10_000 })
      .toMatch(/was given checkpoints up to entry \d+, and at .+ it held (none|only)/)
    await anchored(hub)
    const now = readFileSync(anchor, 'utf8').split('\n')
    expect(held.filter((line) => line !== '' && !now.includes(line))).toEqual([])
    expect((await hub.call(...send(fresh()))).status).toBe('done')
    const { stdout } = await cli(['audit', 'verify', '--config', configPath])
    expect(stdout).toContain('the chain is whole')
  })

  async function status(hub: TestHub) {
    return (await hub.hub.proof.status()).anchors[0]!
  }

  /** Until the anchor has heard of all there is. */
  async function anchored(hub: TestHub): Promise<void> {
    await expect.poll(async () => (await status(hub)).behind, { timeout: 10_000 }).toBe(0)
  }
})

test(
  'AUD-01: each bit of an entry, and 10,000 bits in all, changed one at a time, are found at their entry',
  { timeout: 240_000 },
  async () => {
    const chance = chanceFrom(20_261_201)
    const pick = (below: number) => Math.floor(chance() * below)
    await using hub = await testHub()
    await hub.call(...send(fresh()))
    await hub.hub.store.recent('local', 1)
    const raw = new DatabaseSync(path.join(hub.folder, 'data/toolgate.db'))
    raw.exec('pragma synchronous = off')
    const rows = raw.prepare('select * from audit order by seq').all()
    const columns = ['id', 'at', 'kind', 'call', 'payload', 'prev', 'payload_hash', 'hash', 'tenant'] as const
    const writing = new Map(
      columns.map((column) => [column, raw.prepare(`update audit set ${column} = cast(? as text) where rowid = ?`)]),
    )
    const rowids = raw
      .prepare('select rowid from audit order by seq')
      .all()
      .map(({ rowid }) => Number(rowid))
    const missed: unknown[] = []

    async function flip(seq: number, column: (typeof columns)[number], byte: number, bit: number): Promise<void> {
      const before = Buffer.from(String(rows[seq - 1]![column]))
      const after = Buffer.from(before)
      after[byte]! ^= 1 << bit
      writing.get(column)!.run(after, rowids[seq - 1]!)
      const result = await verifyChain(hub.hub.store, 'local')
      writing.get(column)!.run(before, rowids[seq - 1]!)
      // An entry of somebody else is missing here: the last one leaves no gap, and only an anchor shows that it is gone.
      const last = column === 'tenant' && seq === rows.length
      if (last ? !(result.ok && result.entries === seq - 1) : result.ok || result.seq !== seq)
        missed.push({ seq, column, byte, bit, result })
    }

    let flips = 0
    for (const column of columns) {
      const { length } = Buffer.from(String(rows[3]![column]))
      for (let byte = 0; byte < length; byte += 1)
        for (let bit = 0; bit < 8; bit += 1, flips += 1) await flip(4, column, byte, bit)
    }
    for (; flips < 10_000; flips += 1) {
      const [seq, column] = [1 + pick(rows.length), columns[pick(columns.length)]!]
      await flip(seq, column, pick(Buffer.byteLength(String(rows[seq - 1]![column]))), pick(8))
    }
    expect(missed.slice(0, 5)).toEqual([])
    expect(await verifyChain(hub.hub.store, 'local')).toMatchObject({ ok: true, entries: rows.length })
    raw.close()
  },
)

/** What a terminal, a line reader, a log reader or a spreadsheet would obey. */
const hostile = [
  'a\r\n{"seq":1,"kind":"call.closed","payload":{"status":"done"}}',
  'a\u2028b\u2029c',
  '\u001b[2J\u001b[1;1HDone',
  '\u001b]8;;https://evil.example\u0007here\u001b]8;;\u0007',
  'a\u0000b',
  '"}],"injected":{"a":[',
  'invoice\u202efdp.exe',
  '\u009b31m',
  '=HYPERLINK("https://evil.example","click")',
  '+1+cmd|\u0027/C calc\u0027!A0',
  '@SUM(1+1)*cmd',
  'x'.repeat(1024 * 1024),
]

test(
  'AUD-11 and AUD-19: whatever stands in a field, an entry is one line that nothing obeys, and the copies verify',
  { timeout: 60_000 },
  async () => {
    const copies = mkdtempSync(path.join(tmpdir(), 'toolgate-copies-'))
    const sink = (format: 'jsonl' | 'ocsf') => ({
      name: format,
      to: 'file',
      path: path.join(copies, `sink.${format}`),
      format,
    })
    const logged: string[] = []
    const log = pino({ level: 'trace' }, { write: (line: string) => void logged.push(line) })
    const config = { audit: { export: [sink('jsonl'), sink('ocsf')] } }
    await using hub = await testHub({ config, watch: true, log })
    const said: unknown[] = []
    for (const text of hostile) {
      const who = { tenant: 'local', id: text.slice(0, 1000), roles: ['member', text.slice(0, 1000)] }
      said.push(await hub.call(text, { [text.slice(0, 1000)]: text }))
      said.push(await hub.call(...send(text)))
      said.push(await hub.call(...send(text.slice(0, 900)), who))
      said.push(await hub.call('desk_note_send', { desk: text, text, [text.slice(0, 900)]: 1 }, who))
      said.push(await hub.call('desk_note_set', { id: 'n1', text: text.slice(0, 900) }))
      said.push(await hub.call('desk_note_get', { id: 'n1' }, who))
    }
    expect(said).toHaveLength(hostile.length * 6)
    const entries = (await collect(hub.hub.store.entries('local'))).length
    const printed = async (...words: readonly string[]) =>
      (await cli(['audit', ...words, '--config', hub.configPath])).stdout
    const newest = await printed('list', '--limit', '1000')
    const files = ['jsonl', 'ocsf'].map((format) => path.join(copies, `sink.${format}`))
    for (const format of ['jsonl', 'ocsf']) {
      const file = path.join(copies, `export.${format}`)
      await printed('export', '--format', format, '--to', file)
      files.push(file)
    }
    const [operation] = await hub.hub.store.operations({ tenant: 'local', limit: 1 })
    const shown = [
      newest,
      await printed('export'),
      await printed('list', '--limit', '1000', '--json'),
      (await cli(['operations', '--config', hub.configPath])).stdout,
      (await cli(['operations', 'show', operation!.id, '--config', hub.configPath])).stdout,
    ]
    await expect
      .poll(() => files.map((file) => readFileSync(file, 'utf8').split('\n').length - 1), { timeout: 10_000 })
      .toEqual(files.map(() => expect.toSatisfy((lines: number) => lines >= entries)))
    for (const file of files) {
      const text = readFileSync(file, 'utf8')
      expect(obeyed(text)).toEqual([])
      for (const line of text.trimEnd().split('\n')) expect(line.startsWith('{"') && line.length < 100_000).toBe(true)
      const verified = await cli(['audit', 'verify', '--file', file])
      expect([file, verified.code, verified.stdout]).toEqual([file, 0, expect.stringContaining('the chain is whole')])
    }
    for (const text of [...shown, ...logged]) expect(obeyed(text)).toEqual([])
    // A line for each entry, and one above them.
    expect(newest.trimEnd().split('\n').length).toBe((newest.match(/^\d+ .*(call|operation|audit)\./gm)?.length ?? 0) + 1)
    expect(newest.trimEnd().split('\n').length).toBeGreaterThan(entries)
    expect(shown.every((text) => text.length > 100)).toBe(true)
    rmSync(copies, { recursive: true, force: true })
  },
)

/** Control and format characters, and separators of lines, that stand there raw; but the ends of lines. */
function obeyed(text: string): string[] {
  return Array.from(
    text.matchAll(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu),
    ([character], index) => `${index}: ${character.codePointAt(0)!.toString(16)}`,
  ).slice(0, 5)
}

describe('AUD-17: a write leaves exactly one intent, one "sending" and one outcome, whichever way it comes', () => {
  let folder: string
  let configPath: string
  beforeEach(() => {
    folder = configFolder({ connectors: everything() })
    configPath = path.join(folder, 'mcp.config.json')
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  test.each(['stdio', 'http'] as const)(
    'AUD-17: every write of every connector over %s',
    { timeout: 120_000 },
    async (door) => {
      await using served = door === 'http' ? await serve(configPath) : undefined
      const client = await connect('v2 modern', served ?? { configPath })
      await using hub = await testHub({ folder })
      for (const { name, tool } of writes) {
        const { structuredContent } = await client.callTool({ name, arguments: tool.example as Record<string, unknown> })
        expect([name, structuredContent]).toMatchObject([name, { status: 'done' }])
        resetSandbox(hub.hub.sandboxFile)
      }
      await client.close()
      await expectWhole(hub, writes.length)
    },
  )

  test('AUD-17: one of each shape from the command line', { timeout: 120_000 }, async () => {
    await using hub = await testHub({ folder })
    for (const { name, tool } of shapes) {
      const { code, stdout } = await cli(['call', name, JSON.stringify(tool.example), '--config', configPath])
      expect([name, code, stdout]).toEqual([name, 0, expect.stringContaining('Done')])
      resetSandbox(hub.hub.sandboxFile)
    }
    await expectWhole(hub, shapes.length)
  })

  test('AUD-17: released by a yes, taken back, refused by the vendor, and lost', async () => {
    const policy = 'rules:\n  - allow: "*"\n    who: role:member\n  - ask: desk_note_set\n    approvers: role:lead\n'
    await using hub = await testHub({ policy })
    const held = await hub.call('desk_note_set', { id: 'n1', text: 'held' })
    expect(held.status).toBe('held')
    await hub.approve(held.operation_id)
    const undo = await hub.call('operation_undo', { id: held.operation_id })
    await hub.approve(undo.operation_id)
    hub.break('desk', '429', 1, 'POST /notes')
    expect(await hub.call(...send(fresh()))).toMatchObject({ status: 'failed' })
    hub.break('desk', 'drop', 1, 'POST /notes')
    expect(await hub.call(...send(fresh()))).toMatchObject({ status: 'unknown' })
    await expectWhole(hub, 4, ['succeeded', 'succeeded', 'failed', 'unknown'])
  })

  test('AUD-17: what is said to leave no entry leaves none', async () => {
    const told = readFileSync(path.join(root, 'docs/evidence.md'), 'utf8').split('**What leaves no entry, on purpose:**')[1]!
    await using served = await serve(configPath)
    const { origin } = new URL(served.url)
    for (const at of ['/healthz', '/readyz']) {
      expect(told).toContain(at)
      expect((await fetch(origin + at)).status).toBe(200)
    }
    expect(told).toContain('tools/list')
    const client = await connect('v2 modern', served)
    expect((await client.listTools()).tools.length).toBeGreaterThan(writes.length)
    await client.close()
    for (const words of [['audit'], ['audit', 'status'], ['operations'], ['tools']])
      expect((await cli([...words, '--config', configPath])).code).toBe(0)
    await served.stop()
    await using hub = await testHub({ folder })
    expect(await collect(hub.hub.store.entries('local'))).toEqual([])
  })

  async function expectWhole(hub: TestHub, count: number, ends: readonly string[] = []): Promise<void> {
    // What the other process acknowledged is on the disk; the end of a read may still be on its way.
    const operations = await hub.hub.store.operations({ tenant: 'local', limit: 1000 })
    const entries = await collect(hub.hub.store.entries('local'))
    expect(operations).toHaveLength(count)
    for (const [index, { id, tool, details }] of operations.toReversed().entries()) {
      const kinds = entries.filter(({ payload }) => payload['operation'] === id).map(({ kind }) => kind)
      const own = kinds.filter((kind) => /^operation\.(intent|sending|succeeded|failed|unknown)$/.test(kind))
      const end = ends[index] ?? 'succeeded'
      expect([tool, own]).toEqual([tool, ['operation.intent', 'operation.sending', `operation.${end}`]])
      const call = entries.filter((entry) => entry.call === details['call'] && entry.kind.startsWith('call.'))
      expect([tool, call.map(({ kind }) => kind)]).toEqual([tool, ['call.opened', 'call.closed']])
    }
    expect(await verifyChain(hub.hub.store, 'local')).toMatchObject({ ok: true })
  }
})

describe('AUD-09: nothing is sent that cannot be recorded', () => {
  test(
    'AUD-09: a process that may open no more files does nothing, says so at once, and goes on when it may',
    { timeout: 60_000 },
    async (context) => {
      const folder = configFolder({})
      const child = start(['stdio', '--config', path.join(folder, 'mcp.config.json')])
      try {
        const talk = talkTo(child)
        expect(await talk.call(...send('before'))).toMatchObject({ status: 'done' })
        // What a hub loads when it has begun is there by then.
        await sleep(3000)
        const open = readdirSync(`/proc/${child.pid}/fd`).length
        const limit = (files: string) => spawnSync('prlimit', ['--pid', String(child.pid), `--nofile=${files}`]).status
        if (limit(`${open - 2}:4096`) !== 0) context.skip('NOT TESTED: this machine has no prlimit.')
        const startedAt = performance.now()
        const refused = await talk.call(...send('without files'))
        expect(performance.now() - startedAt).toBeLessThan(2000)
        expect(refused).toMatchObject({ status: 'failed', error: { code: 'unavailable', retry: 'later' } })
        limit('4096:4096')
        expect(await talk.call(...send('without files'))).toMatchObject({ status: 'done' })
        child.stdin.end()
        await once(child, 'close')
        await using hub = await testHub({ folder })
        expect(hub.writes()).toHaveLength(2)
        expect(
          await hub.hub.store.operations({ tenant: 'local', states: ['intent', 'sending', 'unknown'], limit: 9 }),
        ).toEqual([])
        expect(await verifyChain(hub.hub.store, 'local')).toMatchObject({ ok: true })
      } finally {
        child.kill('SIGKILL')
        rmSync(folder, { recursive: true, force: true })
      }
    },
  )

  test(
    'AUD-09: on a disk without room for one more file a hub that has none yet does nothing and says so',
    { timeout: 60_000 },
    (context) => {
      const disk = mkdtempSync(path.join(tmpdir(), 'toolgate-inodes-'))
      const folder = configFolder({ config: { store: `sqlite:${disk}/data/toolgate.db` } })
      const mount = `mount -t tmpfs -o size=16m,nr_inodes=12 none "${disk}"`
      const inside = (command: string) =>
        spawnSync('unshare', ['--user', '--map-root-user', '--mount', 'sh', '-c', command], {
          encoding: 'utf8',
          timeout: 50_000,
        })
      try {
        if (inside(mount).status !== 0)
          context.skip('NOT TESTED: this machine lets nobody mount a small disk (unshare, tmpfs).')
        const call = `"${process.execPath}" "${launcher}" call desk_note_send '{"desk":"front","text":"x"}' --json --config "${folder}/mcp.config.json"`
        const run = inside(
          `${mount}; i=0; while touch "${disk}/$i" 2>/dev/null; do i=$((i+1)); done; ${call}; echo "exit $?"; rm "${disk}"/[0-9]*; ${call}; echo "exit $?"`,
        )
        const [first = '', second = ''] = run.stdout.split(/^exit (?=\d)/m)
        expect(run.stderr).toMatch(/cannot be prepared|cannot be made|no room|full/)
        expect(run.stderr).not.toMatch(/\bat .+\.ts:\d+/)
        expect(first).not.toContain('"done"')
        expect(second).toMatch(/^[14]\n/)
        expect(second).toContain('"status": "done"')
      } finally {
        for (const gone of [disk, folder]) rmSync(gone, { recursive: true, force: true })
      }
    },
  )
})

/** One who speaks MCP over the standard input and output of a process, and needs no file for it. */
function talkTo(child: ReturnType<typeof start>) {
  let text = ''
  let asked = 0
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  return {
    async call(name: string, args: object): Promise<unknown> {
      asked += 1
      const { body } = modernRequest('tools/call', { name, arguments: args }, asked)
      child.stdin.write(`${JSON.stringify(body)}\n`)
      const answer = () =>
        text
          .split('\n')
          .slice(0, -1)
          .map((line) => JSON.parse(line) as { id?: number; result?: { structuredContent: unknown } })
          .find(({ id }) => id === asked)
      await expect.poll(answer, { timeout: 10_000, interval: 20 }).toBeDefined()
      return answer()?.result?.structuredContent
    },
  }
}

test(
  'AUD-10: a named pipe that nobody reads, where the copy or a credential should be, holds up nobody and is told',
  { timeout: 60_000 },
  async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'toolgate-pipes-'))
    const pipe = path.join(folder, 'pipe')
    execFileSync('mkfifo', ['-m', '600', pipe, `${pipe}-of-anchor`])
    const audit = {
      export: [{ name: 'copy', to: 'file', path: pipe }],
      anchors: [{ name: 'mount', to: 'file', path: `${pipe}-of-anchor` }],
    }
    const desk = { uses: deskFolder, site: 'https://desk.example', credential: `file:${pipe}`, writes: 'on' }
    await using hub = await testHub({
      config: { audit },
      watch: true,
      connectors: { desk: { uses: deskFolder, sandbox: true }, other: desk },
    })
    const timed = async (tool: string, args: object) => {
      const startedAt = performance.now()
      const answer = await hub.call(tool, args)
      expect(performance.now() - startedAt).toBeLessThan(2000)
      return answer
    }
    for (let count = 0; count < 20; count += 1) {
      expect(await timed(...send(fresh()))).toMatchObject({ status: 'done' })
      expect(await timed('other_note_send', { desk: 'front', text: fresh() })).toMatchObject({ status: 'failed' })
      await sleep(100)
    }
    const { anchors, exports } = await hub.hub.proof.status()
    expect([anchors[0]?.problem, exports[0]?.problem]).toEqual([expect.any(String), expect.any(String)])
    rmSync(pipe)
    expect(await timed(...send(fresh()))).toMatchObject({ status: 'done' })
    // Once there is a file there, it goes on by itself.
    await expect.poll(async () => (await hub.hub.proof.status()).exports[0]?.seq, { timeout: 20_000 }).toBeGreaterThan(40)
    rmSync(folder, { recursive: true, force: true })
  },
)

test(
  'AUD-10: a vault that has the signing key and does not answer keeps no answer waiting, and receipts come when it does',
  { timeout: 60_000 },
  async () => {
    const { privateKey } = generateKeyPairSync('ed25519', {
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    })
    let hangs = true
    const vault = createServer((_request, response) => {
      if (hangs) return
      const data = { data: { data: { value: privateKey }, metadata: { version: 1 } } }
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(data))
    })
    vault.listen(0, '127.0.0.1')
    await once(vault, 'listening')
    const address = `http://127.0.0.1:${(vault.address() as AddressInfo).port}`
    process.env['TOOLGATE_TEST_VAULT'] = 'hvs.root'
    const config = { audit: { key: 'vault:audit' }, secrets: { vault: { address, token: 'env:TOOLGATE_TEST_VAULT' } } }
    const hub = await testHub({ config })
    const answered = async () => {
      const startedAt = performance.now()
      const [tool, args] = send(fresh())
      const { answer, receipt } = await hub.hub.answered({
        door: 'http',
        principal: hub.hub.person(),
        tool,
        arguments: args,
      })
      expect(answer.status).toBe('done')
      return { ms: performance.now() - startedAt, receipt }
    }
    try {
      const waited = await Promise.all(Array.from({ length: 10 }, answered))
      expect(Math.max(...waited.map(({ ms }) => ms))).toBeLessThan(2000)
      expect(waited.every(({ receipt }) => receipt === undefined)).toBe(true)
      hangs = false
      vault.closeAllConnections()
      await expect.poll(async () => (await answered()).receipt, { timeout: 15_000 }).toBeDefined()
    } finally {
      await hub.close()
      vault.closeAllConnections()
      vault.close()
      delete process.env['TOOLGATE_TEST_VAULT']
    }
  },
)

test(
  'AUD-13: while requests of nobody pour in, people who are known write on, and the record does not grow by the noise',
  { timeout: 60_000 },
  async () => {
    await using gated = await gatedHub({
      watch: true,
      config: { people: { local: { id: 'maya', roles: ['member'] }, apiKeys: true } },
    })
    const { hub, door } = gated
    const keys = await hub.hub.keys()
    const { key } = await keys.create({
      tenant: 'local',
      principal: 'robot',
      roles: ['member'],
      tools: ['*'],
      expiresAt: new Date(Date.now() + 86_400_000),
      by: 'test',
    })
    const ask = async (authorization: string) => {
      const { headers, body } = modernRequest('tools/call', {
        name: 'desk_note_send',
        arguments: { desk: 'front', text: fresh() },
      })
      const answer = await fetch(door.url, {
        method: 'POST',
        headers: { ...headers, authorization },
        body: JSON.stringify(body),
      })
      return { status: answer.status, text: await answer.text() }
    }
    const before = (await collect(hub.hub.store.entries('local'))).length
    const dry = new AbortController()
    let noise = 0
    const pour = async () => {
      for (; !dry.signal.aborted; noise += 1)
        expect((await ask(`Bearer tg_local_${'0'.repeat(12)}_${'0'.repeat(52)}`)).status).toBe(401)
    }
    const poured = Promise.all(Array.from({ length: 20 }, pour))
    for (let count = 0; count < 50; count += 1) {
      const { status, text } = await ask(`Bearer ${key}`)
      expect([status, text]).toEqual([200, expect.stringContaining('"status":"done"')])
    }
    dry.abort()
    await poured
    expect(noise).toBeGreaterThan(500)
    expect(hub.writes()).toHaveLength(50)
    const written = (await collect(hub.hub.store.entries('local'))).slice(before)
    // Five for each write, and at most one of the noise in a minute.
    expect(written.filter(({ kind }) => kind !== 'door.refused')).toHaveLength(250)
    expect(written.length - 250).toBeLessThanOrEqual(2)
    expect(await verifyChain(hub.hub.store, 'local')).toMatchObject({ ok: true })
  },
)
