// The shipped configuration in a folder of its own, with a store of its own.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { onTestFinished } from 'vitest'
import { root } from './toolgate.ts'

export async function workplace(): Promise<{ folder: string; file: string }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'toolgate-cli-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const file = path.join(folder, 'mcp.config.json')
  const shipped = await readFile(path.join(root, 'mcp.config.json'), 'utf8')
  await writeFile(file, shipped.replaceAll('"policies/', `"${root}/policies/`))
  return { folder, file }
}
