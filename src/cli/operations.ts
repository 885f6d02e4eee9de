// `toolgate operations`: what was written, is being written, or may have been.
import process from 'node:process'
import type { Command } from 'commander'
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
  return operations
}

const examples = [
  'toolgate operations',
  'toolgate operations show op_01jd3 --json',
  'toolgate operations reconcile op_01jd3',
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
    if (operation === undefined || operation.tenant !== hub.config().tenant)
      throw new UsageError(`There is no operation ${oneLine(id)}.`)
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
    print(
      oneLine(`${after.id}  ${before.state === after.state ? `still ${after.state}` : `${before.state} → ${after.state}`}`),
    )
    if (after.state === 'unknown')
      print('The vendor does not show yet whether it happened. Ask again later, or look at the record itself.')
  })
}

function pretty(value: unknown): string {
  return (JSON.stringify(value, undefined, 2) ?? '')
    .split('\n')
    .map((line) => `  ${oneLine(line)}`)
    .join('\n')
}
