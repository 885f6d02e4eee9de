// A disk that fills up: refusals at once, reading goes on, and it recovers by itself when there is room.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const ballastChild = fileURLToPath(new URL('./ballast-disk.ts', import.meta.url))
const child = fileURLToPath(new URL('./small-disk.ts', import.meta.url))

// AUD-09
test('a full disk refuses within two seconds, and the store goes on when there is room', { timeout: 60_000 }, (context) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'toolgate-disk-'))
  try {
    // A mount that only this process sees; it goes away with it.
    const mount = `mount -t tmpfs -o size=16m none "${folder}"`
    const possible = spawnSync('unshare', ['--user', '--map-root-user', '--mount', 'sh', '-c', mount])
    if (possible.status !== 0) context.skip('NOT TESTED: this machine lets nobody mount a small disk (unshare, tmpfs).')
    const command = `${mount} && exec "${process.execPath}" "${child}" "${folder}"`
    const run = spawnSync('unshare', ['--user', '--map-root-user', '--mount', 'sh', '-c', command], { encoding: 'utf8' })
    expect(run.stderr).toBe('')
    const result = JSON.parse(run.stdout) as {
      appended: number
      recoveredMs: number
      first: { ms: number }
      second: { ms: number }
    }
    const full = expect.stringContaining('the disk of its database is full')
    expect(result).toMatchObject({ first: { message: full }, second: { message: full }, stillBroken: full, readable: 10 })
    expect(result).toMatchObject({ verified: { ok: true, entries: result.appended } })
    expect(result.first.ms).toBeLessThan(2000)
    expect(result.second.ms).toBeLessThan(100)
    expect(result.recoveredMs).toBeLessThan(2000)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

// AUD-09
test(
  'on a full disk what has begun is brought to its end, nothing new begins, and it recovers with its reserve',
  { timeout: 60_000 },
  (context) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'toolgate-disk-'))
    try {
      const mount = `mount -t tmpfs -o size=32m none "${folder}"`
      const possible = spawnSync('unshare', ['--user', '--map-root-user', '--mount', 'sh', '-c', mount])
      if (possible.status !== 0) context.skip('NOT TESTED: this machine lets nobody mount a small disk (unshare, tmpfs).')
      const command = `${mount} && exec "${process.execPath}" "${ballastChild}" "${folder}"`
      const run = spawnSync('unshare', ['--user', '--map-root-user', '--mount', 'sh', '-c', command], {
        encoding: 'utf8',
        timeout: 50_000,
      })
      expect(run.stderr).toBe('')
      const full = expect.stringContaining('the disk of its database is full')
      const result = JSON.parse(run.stdout) as { refused: { ms: number }; recoveredMs: number }
      expect(result).toMatchObject({
        refused: { message: full },
        succeeded: 20,
        closed: 'done',
        anew: full,
        stillBroken: full,
        after: 'done',
        heldAgain: 8 * 1024 * 1024,
        verified: { ok: true },
      })
      expect(result.refused.ms).toBeLessThan(2000)
      expect(result.recoveredMs).toBeLessThan(2000)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
)
