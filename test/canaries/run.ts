// SEC-01, `npm run test:canaries`: the whole suite runs with every process tapped; then every credential that any of them met is looked
// for in everything that they printed, stored or sent, but where it belongs. Arguments are handed on to the test runner.
import { spawn } from 'node:child_process'
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { pathToFileURL } from 'node:url'
import { search } from './search.ts'

const again = process.argv[2] === '--search' ? process.argv[3] : undefined
const folder = again ?? mkdtempSync(path.join(tmpdir(), 'toolgate-tap-'))
const failed = again === undefined ? await runSuite(process.argv.slice(2)) : 0
const { lines, hits } = await search(folder)
process.stdout.write(`\n${lines.join('\n')}\nHits: ${hits.length}\n${hits.map((hit) => `  ${hit}\n`).join('')}`)
process.exitCode = failed !== 0 || hits.length > 0 ? 1 : 0
if (hits.length === 0) rmSync(folder, { recursive: true })
else process.stdout.write(`What was kept is in ${folder}; to search it again: npm run test:canaries -- --search ${folder}\n`)

/** Runs the suite, shows what it prints, and keeps that too. */
async function runSuite(given: readonly string[]): Promise<number> {
  const tap = pathToFileURL(path.join(import.meta.dirname, 'tap.ts')).href
  const runner = path.join(import.meta.dirname, '../../node_modules/vitest/vitest.mjs')
  const suite = spawn(process.execPath, [runner, 'run', ...given], {
    env: { ...process.env, TOOLGATE_TAP: folder, NODE_OPTIONS: `--import=${tap}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said = createWriteStream(path.join(folder, 'suite.txt'))
  for (const stream of [suite.stdout, suite.stderr]) {
    stream.pipe(process.stdout)
    stream.pipe(said, { end: false })
  }
  return await new Promise((resolve) => suite.once('close', (code) => said.end(() => resolve(code ?? 1))))
}
