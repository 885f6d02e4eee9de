// Whether what is acknowledged has reached the disk, as the system calls tell.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const hasStrace = spawnSync('strace', ['-V']).status === 0
const appended = 20

test.skipIf(!hasStrace)(
  'every acknowledged entry was synced to the disk first',
  () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'toolgate-durable-'))
    try {
      const trace = path.join(folder, 'trace')
      const script = fileURLToPath(new URL('./append.ts', import.meta.url))
      const file = path.join(folder, 'toolgate.db')
      const syncs = (count: number) => {
        const words = [
          '-f',
          '-qq',
          '-o',
          trace,
          '-e',
          'trace=fdatasync,fsync',
          process.execPath,
          script,
          file,
          String(count),
        ]
        expect(spawnSync('strace', words, { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' })
        return readFileSync(trace, 'utf8').match(/f(data)?sync\(/g)?.length ?? 0
      }
      syncs(0)
      expect(syncs(appended) - syncs(0)).toBeGreaterThanOrEqual(appended)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
  60_000,
)
