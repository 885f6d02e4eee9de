// Removes each safeguard in turn, in a copy of the sources, and prints which test catches it: `npm run mutants`.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

interface Mutant {
  readonly safeguard: string
  readonly file: string
  /** What is found, and what takes its place. */
  readonly edits: readonly (readonly [string, string])[]
}

const root = fileURLToPath(new URL('../..', import.meta.url))

const mutants: readonly Mutant[] = [
  {
    safeguard: 'the fetch guard of a plan',
    file: 'src/hub/vendors.ts',
    // Two locks on one door: the routes, and the receipt that a write must have.
    edits: [
      [
        `writes: receipt && offer.tool.kind === 'write' ? offer.tool.routes : [],`,
        `writes: offer.tool.kind === 'write' ? offer.tool.routes : [],`,
      ],
      [`if (!Receipt.isIssued(receipt)) throw`, `if (configured === undefined) throw`],
    ],
  },
  {
    safeguard: 'the route check of an apply',
    file: 'src/hub/vendors.ts',
    edits: [
      [
        `writes: receipt && offer.tool.kind === 'write' ? offer.tool.routes : [],`,
        `writes: receipt ? ['POST /notes', 'PUT /notes/{id}', 'DELETE /notes/{id}'] : [],`,
      ],
    ],
  },
  {
    safeguard: 'decide',
    file: 'src/call/plan.ts',
    edits: [
      [
        `return strictest([...decisions, ...readOnlyRule(version, offer)])`,
        `return { ...strictest(decisions), effect: 'allow' }`,
      ],
    ],
  },
  {
    safeguard: 'hold',
    file: 'src/call/handle.ts',
    edits: [[`if (decision.effect === 'ask') return await hold(work, decision, plan)`, ``]],
  },
  {
    safeguard: 'the look again before the send',
    file: 'src/call/carry-out.ts',
    edits: [
      [
        `decision = stillYes(work)`,
        `decision = { effect: 'allow', rule: 'none', because: undefined, instead: undefined, approvers: [], masks: [], rules: [] }`,
      ],
    ],
  },
  {
    safeguard: 'the durable intent (sending recorded before the send)',
    file: 'src/call/ledger.ts',
    edits: [
      [
        `const moved = await move(operation, { from: ['intent'], to: 'sending' }, call, hub)`,
        `const moved: Operation | undefined = { ...operation, state: 'sending' }`,
      ],
    ],
  },
  {
    safeguard: 'begin (one operation for each key)',
    file: 'src/call/ledger.ts',
    edits: [[`const key = await keyOf(call, offer, asked, hub)`, `const key = hub.id('key')`]],
  },
  {
    safeguard: 'recall',
    file: 'src/call/handle.ts',
    edits: [[`const repeat = asked.dryRun ? undefined : await recall(call, offer, asked, hub)`, `const repeat = undefined`]],
  },
  {
    safeguard: 'audit open',
    file: 'src/call/audit.ts',
    edits: [
      [
        `const opened = hub.store.append(openedEntry(call, version, hub), when).then(() => undefined)`,
        `const opened = Promise.resolve()`,
      ],
    ],
  },
  {
    safeguard: 'audit close',
    file: 'src/call/audit.ts',
    edits: [
      [
        `const closed = hub.store.append(closedEntry(call, story, shown, startedAt, hub), when).catch(`,
        `const closed = Promise.resolve(closedEntry(call, story, shown, startedAt, hub)).catch(`,
      ],
    ],
  },
]

const seeds = process.env['TOOLGATE_SEEDS'] ?? '40'
let survivors = 0
console.log(`Each mutant runs against ${seeds} seeds of the simulation.`)
if (run(copy()) !== undefined) throw new Error('The simulation is red without any mutant.')
for (const mutant of mutants) {
  const caught = run(mutated(mutant))
  if (caught === undefined) survivors += 1
  console.log(
    `${caught === undefined ? 'SURVIVED' : 'caught  '}  ${mutant.safeguard}\n            ${caught ?? 'no test noticed'}`,
  )
}
console.log(`${mutants.length - survivors} of ${mutants.length} caught.`)
process.exitCode = survivors === 0 ? 0 : 1

function mutated({ file, edits, safeguard }: Mutant): string {
  const folder = copy()
  const place = path.join(folder, file)
  let text = flat(readFileSync(place, 'utf8'))
  for (const [find, replace] of edits) {
    if (text.split(flat(find)).length !== 2)
      throw new Error(`"${safeguard}" no longer fits ${file}: bring its text up to date.`)
    text = text.replace(flat(find), () => replace)
  }
  writeFileSync(place, text)
  return folder
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
function run(folder: string): string | undefined {
  const outputFile = path.join(folder, 'report.json')
  const vitest = path.join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const { status, stderr } = spawnSync(
    process.execPath,
    [vitest, 'run', 'test/simulation', '--reporter=json', `--outputFile=${outputFile}`],
    {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, TOOLGATE_SEEDS: seeds },
      maxBuffer: 64 * 1024 * 1024,
    },
  )
  const report = existsSync(outputFile) ? (JSON.parse(readFileSync(outputFile, 'utf8')) as Report) : { testResults: [] }
  rmSync(folder, { recursive: true, force: true })
  if (status === 0) return undefined
  const failed = report.testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .find(({ status: is }) => is === 'failed')
  if (!failed) return `the simulation did not run: ${stderr.slice(0, 300)}`
  const said = failed.failureMessages.join('\n')
  const proof = /seed \d+: [^\n']*/.exec(said)?.[0] ?? said.split('\n')[0]
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
