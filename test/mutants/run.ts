// Removes each safeguard in turn, in a copy of the sources, and prints which test catches it: `npm run mutants`.
// `-- --every 6` takes every sixth, `-- --only WORDS` those that are called so.
import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { mutants } from './list.ts'
import type { Mutant } from './list.ts'

const { values } = parseArgs({ options: { only: { type: 'string' }, every: { type: 'string', default: '1' } } })
const root = fileURLToPath(new URL('../..', import.meta.url))
const seeds = process.env['TOOLGATE_SEEDS'] ?? '40'
const chosen = mutants.filter(
  ({ safeguard }, index) =>
    (values.only === undefined || safeguard.includes(values.only)) && index % Number(values.every) === 0,
)
const waiting = [...chosen]
let survivors = 0

console.log(`${chosen.length} mutants; where the simulation judges, it plays ${seeds} stories.`)
const unfit = chosen.flatMap(({ safeguard, file, edits }) => (mutated(file, edits) === undefined ? [safeguard] : []))
if (unfit.length > 0) {
  console.log(`These no longer fit the code; bring their texts up to date:\n  ${unfit.join('\n  ')}`)
  process.exit(1)
}
await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, work))
console.log(`${chosen.length - survivors} of ${chosen.length} caught.`)
process.exitCode = survivors === 0 ? 0 : 1

async function work(): Promise<void> {
  const folder = copy()
  for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
    const place = path.join(folder, mutant.file)
    writeFileSync(place, mutated(mutant.file, mutant.edits) ?? '')
    const caught = await run(folder, mutant)
    cpSync(path.join(root, mutant.file), place)
    if (caught === undefined) survivors += 1
    console.log(
      `${caught === undefined ? 'SURVIVED' : 'caught  '}  ${mutant.safeguard}\n            ${caught ?? 'no test noticed'}`,
    )
  }
  rmSync(folder, { recursive: true, force: true })
}

/** Undefined when the code no longer has what is to be replaced, exactly once. */
function mutated(file: string, edits: Mutant['edits']): string | undefined {
  let text = flat(readFileSync(path.join(root, file), 'utf8'))
  for (const [find, replace] of edits) {
    if (text.split(flat(find)).length !== 2) return undefined
    text = text.replace(flat(find), () => replace)
  }
  return text
}

/** The formatter may break lines elsewhere; a mutant means the words. */
function flat(text: string): string {
  return text.replaceAll(/\n\s*\./g, '.')
}

function copy(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'toolgate-mutant-'))
  for (const name of ['src', 'test', 'policies', 'connectors', 'package.json', 'tsconfig.json', 'vitest.config.ts']) {
    cpSync(path.join(root, name), path.join(folder, name), { recursive: true })
  }
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'))
  return folder
}

/** What caught it, in a line; undefined when everything stayed green. */
async function run(folder: string, { tests }: Mutant): Promise<string | undefined> {
  const outputFile = path.join(folder, 'report.json')
  const vitest = path.join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const words = [vitest, 'run', tests, '--bail=1', '--reporter=json', `--outputFile=${outputFile}`]
  const child = spawn(process.execPath, words, {
    cwd: folder,
    env: { ...process.env, TOOLGATE_SEEDS: seeds },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let stderr = ''
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()))
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve))
  const report = existsSync(outputFile) ? (JSON.parse(readFileSync(outputFile, 'utf8')) as Report) : { testResults: [] }
  rmSync(outputFile, { force: true })
  if (status === 0) return undefined
  const failed = report.testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .find(({ status: is }) => is === 'failed')
  if (!failed) throw new Error(`${tests} did not run: ${stderr.slice(0, 600)}`)
  const said = failed.failureMessages.join('\n')
  const proof = /seed \d+: [^\n']*/.exec(said)?.[0] ?? said.split('\n')[0]?.slice(0, 160)
  return `${failed.title}: ${proof ?? ''}`
}

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly status: string
      readonly title: string
      readonly failureMessages: readonly string[]
    }[]
  }[]
}
