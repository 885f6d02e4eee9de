// The store on SQLite: the common contract, and what is particular to a file.
import { chmodSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { verifyChain } from '../../src/call/verify.ts'
import type { Store } from '../../src/kit/record.ts'
import { openStore } from '../../src/store/open.ts'
import { storeContract } from './contract.ts'
import { draft, newId, operation } from './records.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'toolgate-store-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const contractFile = path.join(folder, 'contract.db')
storeContract('sqlite', () => open(contractFile))

test('the folder and the files are for their owner only', async () => {
  const file = path.join(folder, 'new', 'deep', 'toolgate.db')
  const store = await open(file)
  await store.append(draft())
  const modes = ['', '-wal', '-shm'].map((suffix) => statSync(file + suffix).mode & 0o777)
  expect(modes).toEqual([0o600, 0o600, 0o600])
  for (const made of [path.dirname(file), path.dirname(path.dirname(file))]) expect(statSync(made).mode & 0o777).toBe(0o700)
  await store.close()
  expect(existsSync(`${file}-wal`)).toBe(false)
})

test('what was recorded is there after a restart, and the chain goes on', async () => {
  const file = fresh()
  const begun = operation()
  const first = await open(file)
  await first.append(draft())
  await first.begin(begun, draft())
  await first.close()
  const second = await open(file)
  expect(await second.operation(begun.id)).toEqual(begun)
  expect(await second.append(draft())).toMatchObject({ seq: 3 })
  expect(await verifyChain(second, 'acme')).toMatchObject({ ok: true, entries: 3 })
  await second.close()
})

test('an address that is no SQLite file is refused with what can be done', async () => {
  await expect(openUrl('postgres://localhost/toolgate')).rejects.toThrow('PostgreSQL comes in a later version')
  await expect(openUrl('mysql://localhost/toolgate')).rejects.toThrow('must be `sqlite:`')
  await expect(openUrl('sqlite:data/toolgate.db')).rejects.toThrow('must be absolute')
  await expect(openUrl('sqlite::memory:')).rejects.toThrow('must be absolute')
})

test('a file that is no database is refused, and stays as it is', async () => {
  const file = fresh()
  writeFileSync(file, 'This is a shopping list, not a database.\n'.repeat(200))
  const before = readFileSync(file)
  await expect(open(file)).rejects.toThrow(`The database ${file} cannot be prepared`)
  expect(readFileSync(file)).toEqual(before)
})

test('a database of a newer schema is refused, and nothing is changed', async () => {
  const file = fresh()
  await (await open(file)).close()
  withDatabase(file, (database) => database.exec('pragma user_version = 7'))
  const before = readFileSync(file)
  await expect(open(file)).rejects.toThrow('is of schema 7, and this version of Toolgate knows schemas up to 2')
  expect(readFileSync(file)).toEqual(before)
})

test('a migration that fails half-way leaves nothing behind', async () => {
  const file = fresh()
  withDatabase(file, (database) => database.exec('create table probe (mine text)'))
  await expect(open(file)).rejects.toThrow('cannot be prepared')
  expect(tablesOf(file)).not.toContain('audit')
  withDatabase(file, (database) => database.exec('drop table probe'))
  await (await open(file)).close()
})

test('while another process prepares the database, a start waits for it', async () => {
  const file = fresh()
  const other = new DatabaseSync(`${file}-migration-lock`)
  other.exec('begin exclusive')
  const opening = open(file)
  await sleep(500)
  expect(tablesOf(file)).toEqual([])
  other.close()
  await (await opening).close()
  expect(tablesOf(file)).toContain('audit')
})

test('whatever is queued is durable when close returns, and nothing is taken after it', async () => {
  const file = fresh()
  const store = await open(file)
  const appends = Array.from({ length: 3000 }, () => store.append(draft()))
  await store.close()
  await Promise.all(appends)
  expect(withDatabase(file, (database) => database.prepare('select count(*) n from audit').get())).toEqual({ n: 3000 })
  await expect(store.append(draft())).rejects.toThrow('shutting down')
  await expect(store.recent('acme', 1)).rejects.toThrow('cannot be read')
  await store.close()
})

test('more than it can hold is refused, not hoarded', async () => {
  const store = await open(fresh())
  const results = await Promise.allSettled(Array.from({ length: 21_100 }, () => store.append(draft({ payload: {} }))))
  const kept = results.filter(({ status }) => status === 'fulfilled').length
  expect(kept).toBeGreaterThanOrEqual(20_000)
  expect(kept).toBeLessThan(21_100)
  expect(await verifyChain(store, 'acme')).toMatchObject({ ok: true, entries: kept })
  await store.close()
})

// AUD-10
test('while another process holds the database, changes are refused within two seconds, and it goes on by itself', async () => {
  const file = fresh()
  const store = await open(file)
  await store.append(draft())
  const other = new DatabaseSync(file)
  other.exec('begin immediate')
  expect(await refused(store)).toContain('another process holds its database')
  expect(store.broken()).toContain('another process holds its database')
  expect(await store.recent('acme', 5)).toHaveLength(1)
  other.exec('rollback')
  await recovered(store)
  expect(await verifyChain(store, 'acme')).toMatchObject({ ok: true, entries: 2 })
  other.close()
  await store.close()
})

test('a database that was taken away under its feet takes nothing, until it is put back', async () => {
  const file = fresh()
  const store = await open(file)
  await store.append(draft())
  renameSync(file, `${file}-away`)
  expect(await refused(store)).toContain('is gone')
  writeFileSync(file, '')
  await until(() => store.broken()?.includes('was replaced') === true)
  renameSync(`${file}-away`, file)
  await recovered(store)
  expect(await verifyChain(store, 'acme')).toMatchObject({ ok: true, entries: 2 })
  await store.close()
})

test('entries cut off at the end while it runs are noticed at the next one', async () => {
  const file = fresh()
  const store = await open(file)
  await store.append(draft())
  const { seq } = await store.append(draft())
  withDatabase(file, (database) => database.prepare('delete from audit where seq = ?').run(seq))
  expect(await refused(store)).toContain('no longer holds all that was recorded')
  await sleep(600)
  expect(await refused(store)).toContain('no longer holds all that was recorded')
  await store.close()
})

test('a folder that cannot be written is a sentence, not a stack', async (context) => {
  if (process.getuid?.() === 0) context.skip('root may write everywhere')
  const locked = mkdtempSync(path.join(folder, 'locked-'))
  chmodSync(locked, 0o500)
  await expect(open(path.join(locked, 'toolgate.db'))).rejects.toThrow('cannot be prepared')
})

function fresh(): string {
  return path.join(folder, `${newId('file')}.db`)
}

function open(file: string): Promise<Store> {
  return openUrl(`sqlite:${file}`)
}

function openUrl(url: string): Promise<Store> {
  return openStore({ url, now: () => new Date(), id: newId })
}

function tablesOf(file: string): unknown[] {
  return withDatabase(file, (database) => database.prepare('select name from sqlite_master').all()).map(({ name }) => name)
}

function withDatabase<T>(file: string, step: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(file)
  try {
    return step(database)
  } finally {
    database.close()
  }
}

/** The sentence of the refusal, which must come within two seconds. */
async function refused(store: Store): Promise<string> {
  const startedAt = performance.now()
  const message = await store.append(draft()).then(
    () => 'It was not refused.',
    (error: Error) => error.message,
  )
  expect(performance.now() - startedAt).toBeLessThan(2000)
  return message
}

async function recovered(store: Store): Promise<void> {
  await until(() => store.broken() === undefined)
  await store.append(draft())
}

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    expect(tries, 'It did not come to pass within ten seconds.').toBeLessThan(200)
    await sleep(50)
  }
}
