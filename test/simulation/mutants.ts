// Removes each safeguard in turn, in a copy of the sources, and prints which test catches it: `npm run mutants`.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

interface Mutant {
  readonly safeguard: string
  readonly file: string
  readonly find: string
  readonly replace: string
}

const root = fileURLToPath(new URL('../..', import.meta.url))

const mutants: readonly Mutant[] = [
  {
    safeguard: 'the fetch guard of a plan',
    file: 'src/hub/vendors.ts',
    find: `writes: receipt && offer.tool.kind === 'write' ? offer.tool.routes : [],`,
    replace: `writes: offer.tool.kind === 'write' ? offer.tool.routes : [],`,
  },
  {
    safeguard: 'the route check of an apply',
    file: 'src/hub/vendors.ts',
    find: `writes: receipt && offer.tool.kind === 'write' ? offer.tool.routes : [],`,
    replace: `writes: receipt ? ['POST /notes', 'PUT /notes/{id}', 'DELETE /notes/{id}'] : [],`,
  },
  {
    safeguard: 'decide',
    file: 'src/call/handle.ts',
    find: `if (decision.effect === 'deny') return denied(decision, offer)
  const { plan: view`,
    replace: `const { plan: view`,
  },
  {
    safeguard: 'hold',
    file: 'src/call/handle.ts',
    find: `if (decision.effect === 'ask') return await hold(work, decision, plan)`,
    replace: ``,
  },
  {
    safeguard: 'the look again before the send',
    file: 'src/call/carry-out.ts',
    find: `decision = stillYes(work)`,
    replace: `decision = { effect: 'allow', rule: 'none', because: undefined, instead: undefined, approvers: [], masks: [], rules: [] }`,
  },
  {
    safeguard: 'the durable intent (sending recorded before the send)',
    file: 'src/call/ledger.ts',
    find: `const moved = await move(operation, { from: ['intent'], to: 'sending' }, call, hub)`,
    replace: `const moved: Operation | undefined = { ...operation, state: 'sending' }`,
  },
  {
    safeguard: 'begin (one atomic insert)',
    file: 'src/call/ledger.ts',
    find: `if (begun.fresh) return begun.operation`,
    replace: `return begun.fresh ? begun.operation : { ...begun.operation, state: 'intent', planDigest: fresh.planDigest }`,
  },
  {
    safeguard: 'recall',
    file: 'src/call/handle.ts',
    find: `const repeat = asked.dryRun ? undefined : await recall(call, offer, asked, hub)`,
    replace: `const repeat = undefined`,
  },
  {
    safeguard: 'audit open',
    file: 'src/call/audit.ts',
    find: `const opened = hub.store.append(openedEntry(call, version, hub)).then(() => undefined)`,
    replace: `const opened = Promise.resolve()`,
  },
  {
    safeguard: 'audit close',
    file: 'src/call/audit.ts',
    find: `const closed = hub.store.append(closedEntry(call, story, shown, startedAt, hub)).catch(`,
    replace: `const closed = Promise.resolve(closedEntry(call, story, shown, startedAt, hub)).catch(`,
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

function mutated({ file, find, replace, safeguard }: Mutant): string {
  const folder = copy()
  const place = path.join(folder, file)
  const text = flat(readFileSync(place, 'utf8'))
  if (text.split(flat(find)).length !== 2)
    throw new Error(`"${safeguard}" no longer fits ${file}: bring its text up to date.`)
  writeFileSync(
    place,
    text.replace(flat(find), () => replace),
  )
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
  const vitest = path.join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const { status, stdout, stderr } = spawnSync(process.execPath, [vitest, 'run', 'test/simulation', '--reporter=json'], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, TOOLGATE_SEEDS: seeds },
    maxBuffer: 64 * 1024 * 1024,
  })
  rmSync(folder, { recursive: true, force: true })
  if (status === 0) return undefined
  const report = JSON.parse(stdout.slice(stdout.indexOf('{'))) as Report
  const failed = report.testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .find(({ status: is }) => is === 'failed')
  if (!failed) return `the simulation did not run: ${stderr.slice(0, 300)}`
  const proof = /"(seed [^"]*)"/.exec(failed.failureMessages.join('\n'))?.[1] ?? failed.failureMessages[0]?.split('\n')[0]
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
