// `toolgate sandbox`: looks into the stand-ins of the vendors, breaks them on purpose, starts them over.
import path from 'node:path'
import { Argument } from 'commander'
import type { Command } from 'commander'
import { faultModes } from '../sandbox/faults.ts'
import type { FaultMode } from '../sandbox/faults.ts'
import { configPath, positiveInteger, print, printJson, reporting, subcommand, table, UsageError } from './command.ts'
import type { CommonOptions } from './command.ts'
import { plainExitCodesHelp } from './exit.ts'

const description = `A sandbox instance works on a stand-in of the vendor on this machine, filled with a small company.
All processes that use the same data folder share it.

Ways to break it: drop (does it and cuts the connection), 500-after (does it and answers 500), 500 and 429 (do
nothing), slow (does it and answers late).`

export function command(): Command {
  const sandbox = subcommand('sandbox', description, examples, plainExitCodesHelp).option('--json', 'print JSON')
  const options = (): CommonOptions => sandbox.opts()
  sandbox
    .command('requests')
    .argument('[instance]')
    .description('what was asked of the sandboxes, oldest first')
    .option('--limit <count>', 'the newest so many', positiveInteger, 50)
    .action((instance: string | undefined, { limit }: { readonly limit: number }) => requests(instance, limit, options()))
  sandbox
    .command('break')
    .argument('<instance>')
    .addArgument(new Argument('<mode>').choices(faultModes))
    .description('the next requests go wrong')
    .option('--times <count>', 'how many requests', positiveInteger, 1)
    .option('--route <pattern>', 'only these: "POST /rest/api/3/issue/*"')
    .option('--retry-after <seconds>', 'for 429: how long to wait', positiveInteger)
    .option('--ms <milliseconds>', 'for slow: how late', positiveInteger)
    .action((instance: string, mode: FaultMode, fault: FaultOptions) => breakIt(instance, mode, fault, options()))
  sandbox
    .command('faults')
    .argument('[instance]')
    .description('what will still go wrong')
    .action((instance?: string) => faults(instance, options()))
  sandbox
    .command('mend')
    .argument('[instance]')
    .description('nothing goes wrong any more')
    .action((instance?: string) => mend(instance, options()))
  sandbox
    .command('reset')
    .argument('[instance]')
    .description('forget everything; the company is as seeded')
    .action((instance?: string) => reset(instance, options()))
  return sandbox
}

const examples = [
  'toolgate sandbox requests jira --limit 5',
  'toolgate sandbox break jira drop --route "POST /rest/api/3/issue/*/comment"',
  'toolgate sandbox reset',
]

interface FaultOptions {
  readonly times: number
  readonly route?: string
  readonly retryAfter?: number
  readonly ms?: number
}

async function requests(instance: string | undefined, limit: number, options: CommonOptions): Promise<void> {
  await withSandbox(options, instance, async (file) => {
    const { sandboxRequests } = await import('../sandbox/admin.ts')
    const found = sandboxRequests(file, { instance, limit })
    if (options.json === true) return printJson(found)
    if (found.length === 0) return print('Nothing was asked of the sandboxes yet.')
    const rows = found.map((row) => [
      String(row.seq),
      row.at,
      row.instance,
      row.method,
      row.path,
      row.status === undefined ? 'cut off' : String(row.status),
      row.changed ? 'changed' : '',
      row.fault ?? '',
    ])
    print(table(['no', 'at', 'instance', 'method', 'path', 'answer', 'data', 'fault'], rows))
  })
}

async function breakIt(instance: string, mode: FaultMode, fault: FaultOptions, options: CommonOptions): Promise<void> {
  await withSandbox(options, instance, async (file) => {
    const { breakSandbox } = await import('../sandbox/admin.ts')
    breakSandbox(file, instance, { mode, ...fault })
    if (options.json === true) return printJson({ instance, mode, ...fault })
    print(
      `The next ${fault.times === 1 ? 'request' : `${fault.times} requests`} to ${instance}${fault.route === undefined ? '' : ` that match ${fault.route}`} will go wrong: ${mode}. toolgate sandbox mend takes it back.`,
    )
  })
}

async function faults(instance: string | undefined, options: CommonOptions): Promise<void> {
  await withSandbox(options, instance, async (file) => {
    const { sandboxFaults } = await import('../sandbox/admin.ts')
    const found = sandboxFaults(file, instance)
    if (options.json === true) return printJson(found)
    if (found.length === 0) return print('Nothing will go wrong.')
    print(
      table(
        ['instance', 'mode', 'times', 'route'],
        found.map((fault) => [fault.instance, fault.mode, String(fault.times), fault.route ?? 'any']),
      ),
    )
  })
}

async function mend(instance: string | undefined, options: CommonOptions): Promise<void> {
  await withSandbox(options, instance, async (file) => {
    const { mendSandbox } = await import('../sandbox/admin.ts')
    const count = mendSandbox(file, instance)
    if (options.json === true) return printJson({ mended: count })
    print(count === 0 ? 'Nothing was broken.' : `${count} taken back.`)
  })
}

async function reset(instance: string | undefined, options: CommonOptions): Promise<void> {
  await withSandbox(options, instance, async (file) => {
    const { resetSandbox } = await import('../sandbox/admin.ts')
    resetSandbox(file, instance)
    if (options.json === true) return printJson({ reset: instance ?? 'all' })
    print(`${instance ?? 'Every sandbox'} is as seeded again.`)
  })
}

/** The file that all sandboxes of a configuration live in, beside its store. */
async function withSandbox(
  options: CommonOptions,
  instance: string | undefined,
  work: (file: string) => Promise<void>,
): Promise<void> {
  await reporting(async () => {
    const { loadConfig } = await import('../config/load.ts')
    const { problemText } = await import('../config/problem.ts')
    const loaded = await loadConfig(configPath(options))
    if (!loaded.ok) throw new UsageError(...loaded.problems.map(problemText))
    const { instances, store } = loaded.value
    const sandboxes = instances.filter(({ sandbox }) => sandbox).map(({ id }) => id)
    if (instance !== undefined && !sandboxes.includes(instance)) {
      throw new UsageError(`"${instance}" is no sandbox of this configuration. It has: ${sandboxes.join(', ') || 'none'}.`)
    }
    const { mkdir } = await import('node:fs/promises')
    await mkdir(path.dirname(store.file), { recursive: true, mode: 0o700 })
    await work(path.join(path.dirname(store.file), 'sandbox.db'))
  })
}
