// Secrets at rest: what is sealed opens with the same key in the same place, and nowhere else.
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openSealing } from '../../src/egress/sealing.ts'
import { makeKeep } from '../../src/hub/keep.ts'
import { openStore } from '../../src/store/open.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'toolgate-sealing-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const secret = 'xoxe-1-very-secret-value'

test('sealed text opens in its place, shows nothing, and is never the same twice', async () => {
  const sealing = await openSealing(path.join(folder, 'seal.key'))
  const [one, two] = [sealing.seal(secret, 'here'), sealing.seal(secret, 'here')]
  expect(one).not.toBe(two)
  expect(Buffer.from(one.slice(3), 'base64url').includes(secret)).toBe(false)
  expect([sealing.open(one, 'here'), sealing.open(two, 'here')]).toEqual([secret, secret])
  const again = await openSealing(path.join(folder, 'seal.key'))
  expect(again.open(one, 'here')).toBe(secret)
})

test('another place, another key and any changed byte do not open', async () => {
  const sealing = await openSealing(path.join(folder, 'seal.key'))
  const sealed = sealing.seal(secret, 'here')
  expect(() => sealing.open(sealed, 'there')).toThrow('cannot be opened')
  const other = await openSealing(path.join(folder, 'other.key'))
  expect(() => other.open(sealed, 'here')).toThrow('cannot be opened')
  const bytes = Buffer.from(sealed.slice(3), 'base64url')
  for (const [index, byte] of bytes.entries()) {
    const changed = Buffer.from(bytes)
    changed[index] = byte ^ 1
    expect(() => sealing.open(`v1.${changed.toString('base64url')}`, 'here')).toThrow('cannot be opened')
  }
  for (const broken of ['', 'v1.', 'v2.abc', 'v1.AAAA'])
    expect(() => sealing.open(broken, 'here')).toThrow('cannot be opened')
})

test('the key is for its owner only, and one that others can read is refused', async () => {
  const file = path.join(folder, 'new', 'seal.key')
  const keys = await Promise.all(Array.from({ length: 20 }, () => openSealing(file)))
  expect(new Set(keys.map((key) => key.fingerprint('x'))).size).toBe(1)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(readFileSync(file)).toHaveLength(32)
  chmodSync(file, 0o644)
  await expect(openSealing(file)).rejects.toThrow(`chmod 600 ${file}`)
  const short = path.join(folder, 'short.key')
  writeFileSync(short, 'abc', { mode: 0o600 })
  await expect(openSealing(short)).rejects.toThrow('not a key of the hub')
})

test('what is kept survives a restart, belongs to its credential, and is replaced only by whoever knows it', async () => {
  const file = path.join(folder, 'toolgate.db')
  const hidden: string[] = []
  const open = async () => {
    const store = await openStore({ url: `sqlite:${file}`, now: () => new Date(), id: (prefix) => `${prefix}_1` })
    const sealing = () => openSealing(path.join(folder, 'seal.key'))
    const options = {
      store: () => store,
      tenant: () => 'acme',
      sealing,
      now: () => new Date(),
      hide: (text: string) => void hidden.push(text),
    }
    return { store, of: (instance: string, credential: string) => makeKeep(options, instance, credential) }
  }
  const first = await open()
  const keep = first.of('slack', 'credential')
  expect(await keep.read()).toBeUndefined()
  const races = await Promise.all(Array.from({ length: 10 }, (_, n) => keep.replace(undefined, `${secret}-${n}`)))
  expect(races.filter(Boolean)).toHaveLength(1)
  const kept = await keep.read()
  expect(await keep.replace('something else', 'x')).toBe(false)
  expect(await keep.replace(kept, secret)).toBe(true)
  await first.store.close()

  const second = await open()
  expect(await second.of('slack', 'credential').read()).toBe(secret)
  expect(await second.of('slack', 'another credential').read()).toBeUndefined()
  expect(await second.of('jira', 'credential').read()).toBeUndefined()
  await second.store.close()
  expect(hidden).toContain(secret)
  for (const suffix of ['', '-wal']) {
    const text = await import('node:fs/promises').then((fs) => fs.readFile(file + suffix).catch(() => Buffer.alloc(0)))
    expect(text.includes(secret)).toBe(false)
  }
})
