// Builds the admin app when its sources have changed, and says how large its script is.
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { buildAdmin } from '../src/admin/build.ts'

const root = path.resolve(import.meta.dirname, '..')
const outDir = path.join(root, 'dist-admin')

if (await buildAdmin({ root, outDir })) {
  const assets = path.join(outDir, 'assets')
  const names = (await readdir(assets)).filter((name) => name.endsWith('.js'))
  const sizes = await Promise.all(names.map(async (name) => gzipSync(await readFile(path.join(assets, name))).length))
  const kilobytes = (sizes.reduce((sum, size) => sum + size, 0) / 1000).toFixed(1)
  console.log(`Built the admin app: its script is ${kilobytes} kB gzipped.`)
}
