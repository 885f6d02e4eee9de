// `toolgate operations`: what was written, is being written, or may have been.
import process from 'node:process'
import type { Command } from 'commander'
import { noOperation, standing } from '../call/details.ts'
import type { Operation } from '../kit/record.ts'
import { print, printJson, subcommand, table, UsageError, withHub, positiveInteger } from './command.ts'
import type { CommonOptions } from './command.ts'
import { oneLine } from './escape.ts'
import { plainExitCodesHelp } from './exit.ts'

const description = `Lists the operations of the ledger, newest first, or shows one with its whole history.
Asks the vendor about one whose outcome is unknown.`

export function command(): Command {
  const operations = subcommand('operations', description, examples, plainExitCodesHelp).option('--json', 'print JSON')
  operations
    .command('list', { isDefault: true })
    .description('list them, newest first')
    .option('--limit <count>', 'how many', positiveInteger, 50)
    .action(({ limit }: { readonly limit: number }) => list(limit, operations.opts()))
  operations
    .command('show')
    .argument('<id>', 'the operation')
    .description('show one')
    .action((id: string) => show(id, operations.opts()))
  operations
    .command('reconcile')
    .argument('<id>', 'an operation whose outcome is unknown')
    .description('ask the vendor whether it happened; nothing is sent again')
    .action((id: string) => reconcile(id, operations.opts()))
  operations
    .command('resolve')
    .argument('<id>', 'an operation whose outcome no vendor can tell')
    .option('--happened', 'it is there')
    .option('--did-not', 'it is not there, and nothing will come any more')
    .requiredOption('--by <person>', 'who looked')
    .requiredOption('--second <person>', 'somebody else, who looked too')
    .description('say how it ended; two different people, and both are recorded')
    .action((id: string, given: ResolveOptions) => resolve(id, given, operations.opts()))
  return operations
}

const examples = [
  'toolgate operations',
  'toolgate operations show op_01jd3 --json',
  'toolgate operations reconcile op_01jd3',
  'toolgate operations resolve op_01jd3 --happened --by maya --second jonas',
]

async function list(limit: number, options: CommonOptions): Promise<void> {
  await withHub(options, async (hub) => {
    const found = await hub.store.operations({ tenant: hub.config().tenant, limit })
    if (options.json === true) return printJson(found)
    if (found.length === 0) return print('Nothing was written yet.')
    print(
      table(
        ['operation', 'state', 'updated', 'caller', 'tool'],
        found.map((operation) => [operation.id, operation.state, operation.updatedAt, operation.principal, operation.tool]),
      ),
    )
  })
}

async function show(id: string, options: CommonOptions): Promise<void> {
  await withHub(options, async (hub) => {
    const operation = await hub.store.operation(id)
    if (operation === undefined || operation.tenant !== hub.config().tenant) throw new UsageError(noOperation(oneLine(id)))
    if (options.json === true) return printJson(operation)
    const { answer, plan } = operation
    const lines = [
      `${operation.id}  ${operation.state}`,
      `  ${operation.tool} for ${operation.principal}, key ${operation.key}`,
      ...operation.history.map(({ state, at }) => `  ${at}  ${state}`),
    ]
    print(
      [...lines.map(oneLine), '', 'Plan', pretty(plan), ...(answer === undefined ? [] : ['Answer', pretty(answer)])].join(
        '\n',
      ),
    )
    if (operation.state === 'unknown')
      process.stderr.write('It may have happened at the vendor: look there, or: toolgate operations reconcile.\n')
  })
}

async function reconcile(id: string, options: CommonOptions): Promise<void> {
  await withHub(options, async (hub) => {
    const { before, after } = await hub.reconcile(id)
    if (options.json === true) return printJson(after)
    print(oneLine(`${after.id}  ${outcomeWords(before, after)}`))
  })
}

function outcomeWords(before: Operation, after: Operation): string {
  if (before.state !== 'unknown') return `There was nothing to ask: the operation ${standing[before.state]}.`
  if (after.state === 'reconciled') return 'It happened: the vendor shows it. unknown → reconciled'
  if (after.state === 'failed')
    return 'It did not happen: the vendor shows nothing of it, and would by now. unknown → failed'
  return 'The vendor does not show yet whether it happened. Ask again later, or look at the record itself. Still unknown.'
}

interface ResolveOptions {
  readonly happened?: true
  readonly didNot?: true
  readonly by: string
  readonly second: string
}

async function resolve(id: string, { happened, didNot, by, second }: ResolveOptions, options: CommonOptions): Promise<void> {
  await withHub(options, async (hub) => {
    if ((happened === true) === (didNot === true)) throw new UsageError('Say either --happened or --did-not.')
    const verdict = happened === true ? 'happened' : 'did not happen'
    const after = await hub.resolve(id, { verdict, by: hub.person(by), second: hub.person(second) })
    if (options.json === true) return printJson(after)
    print(oneLine(`${after.id}  unknown → ${after.state}, by ${by} and ${second}`))
  })
}

function pretty(value: unknown): string {
  return (JSON.stringify(value, undefined, 2) ?? '')
    .split('\n')
    .map((line) => `  ${oneLine(line)}`)
    .join('\n')
}
