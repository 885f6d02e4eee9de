// `toolgate undo`: takes back what an operation did, as far as that can be done and policy allows it.
import process from 'node:process'
import type { Command } from 'commander'
import { print, printJson, subcommand, withHub } from './command.ts'
import type { CommonOptions } from './command.ts'
import { exitCodeOf, exitCodesHelp } from './exit.ts'

interface Options extends CommonOptions {
  readonly dryRun?: boolean
  readonly as?: string
}

const description = `Takes back an operation by the call that undoes it: planned, decided by the same policies, and recorded.
It overwrites nothing that somebody else has changed since then.`

export function command(): Command {
  return subcommand(
    'undo',
    description,
    ['toolgate undo op_01JD3… --dry-run', 'toolgate undo op_01JD3… --as jonas'],
    exitCodesHelp,
  )
    .argument('<operation>', 'its id, as `toolgate operations` lists it')
    .option('--dry-run', 'show exactly what would change, and send nothing')
    .option('--as <person>', 'the person who did it, where that is not the local one')
    .option('--json', 'print the answer as JSON')
    .action(run)
}

async function run(id: string, options: Options): Promise<void> {
  await withHub(options, async (hub) => {
    const { renderAnswer } = await import('./render.ts')
    const given = { id, ...(options.dryRun === true && { dry_run: true }) }
    const answer = await hub.call({
      door: 'cli',
      principal: hub.person(options.as),
      tool: 'operation_undo',
      arguments: given,
    })
    if (options.json === true) printJson(answer)
    else print(renderAnswer(answer))
    process.exitCode = exitCodeOf(answer.status)
  })
}
