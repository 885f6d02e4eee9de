// `toolgate approvals`: the calls that wait for a person.
import process from 'node:process'
import type { Command } from 'commander'
import type { Operation } from '../kit/record.ts'
import { print, printJson, subcommand, table, withHub } from './command.ts'
import type { CommonOptions } from './command.ts'
import { exitCodeOf, exitCodesHelp } from './exit.ts'

const description = `Lists the calls that are held, and decides them. Approving carries the call out, exactly as it was planned.
Whoever can run this command as the hub's own user can name any person with --as: it is for the owner of this machine.`

export function command(): Command {
  const approvals = subcommand('approvals', description, examples, exitCodesHelp)
    .option('--as <person>', 'decide as this person of the configuration instead of the local one')
    .option('--json', 'print JSON')
  approvals
    .command('list', { isDefault: true })
    .description('list what is held')
    .action(() => list(approvals.opts()))
  approvals
    .command('approve')
    .argument('<id>', 'the operation')
    .description('carry it out')
    .action((id: string) => approve(id, approvals.opts()))
  approvals
    .command('deny')
    .argument('<id>', 'the operation')
    .option('--reason <text>', 'why; the caller reads it')
    .description('never carry it out')
    .action((id: string, { reason }: { readonly reason?: string }) => deny(id, reason, approvals.opts()))
  return approvals
}

const examples = [
  'toolgate approvals',
  'toolgate approvals approve op_01jd3 --as jonas',
  'toolgate approvals deny op_01jd3 --as jonas --reason "The customer has not agreed yet."',
]

interface Options extends CommonOptions {
  readonly as?: string
}

async function list(options: Options): Promise<void> {
  await withHub(options, async (hub) => {
    const held = await hub.approvals.list()
    if (options.json === true) return printJson(held)
    if (held.length === 0) return print('Nothing is held.')
    print(
      table(
        ['operation', 'since', 'caller', 'tool', 'what'],
        held.map((operation) => [
          operation.id,
          operation.createdAt,
          operation.principal,
          operation.tool,
          summary(operation),
        ]),
      ),
    )
  })
}

async function approve(id: string, options: Options): Promise<void> {
  await withHub(options, async (hub) => {
    const { renderAnswer } = await import('./render.ts')
    const answer = await hub.approvals.approve(id, hub.person(options.as))
    if (options.json === true) printJson(answer)
    else print(renderAnswer(answer))
    process.exitCode = exitCodeOf(answer.status)
  })
}

async function deny(id: string, reason: string | undefined, options: Options): Promise<void> {
  await withHub(options, async (hub) => {
    const { renderAnswer } = await import('./render.ts')
    const answer = await hub.approvals.deny(id, hub.person(options.as), reason)
    if (options.json === true) return printJson(answer)
    print(renderAnswer(answer))
  })
}

function summary(operation: Operation): string {
  const { summary: words } = operation.plan
  return typeof words === 'string' ? words : ''
}
