// `toolgate scopes`: exactly what the vendor must grant for the tools that are on, and no more.
import type { Command } from 'commander'
import { print, printJson, subcommand, UsageError, withHub } from './command.ts'
import type { CommonOptions } from './command.ts'
import { oneLine } from './escape.ts'
import { plainExitCodesHelp } from './exit.ts'

const description = `Prints the permissions that the enabled tools of an instance need at its vendor, in the vendor's own format where it has one.
Turn a tool off, and what only it needs is gone.`

export function command(): Command {
  return subcommand(
    'scopes',
    description,
    ['toolgate scopes', 'toolgate scopes slack', 'toolgate scopes jira --json'],
    plainExitCodesHelp,
  )
    .argument('[instance]', 'one of the configuration; all of them where it is left out')
    .option('--json', 'print, for each instance, the scopes and the text')
    .action(run)
}

async function run(wanted: string | undefined, options: CommonOptions): Promise<void> {
  await withHub(options, async (hub) => {
    const all = hub.permissions()
    const found = wanted === undefined ? all : all.filter(({ instance }) => instance === wanted)
    if (wanted !== undefined && found.length === 0) {
      throw new UsageError(
        `There is no instance ${oneLine(wanted)}. There are: ${all.map(({ instance }) => instance).join(', ')}.`,
      )
    }
    if (options.json === true) return printJson(found)
    print(
      found.map(({ instance, scopes, what, text }) => `# ${instance}: ${what}\n${text ?? scopes.join('\n')}`).join('\n\n'),
    )
  })
}
