// `toolgate connections`: whose accounts are connected, and taking one back.
import { Command } from 'commander'
import { print, printJson, subcommand, table, withHub } from './command.ts'
import type { CommonOptions } from './command.ts'
import { whoIs } from './connect-account.ts'
import { plainExitCodesHelp } from './exit.ts'

interface Options extends CommonOptions {
  readonly person?: string
  readonly tenant?: string
}

const description = `Lists the accounts that people have connected with \`toolgate connect\`, and takes one back: at the vendor where the vendor has a
way for it, and from the hub in any case.`

const examples = [
  'toolgate connections',
  'toolgate connections remove jira',
  'toolgate connections remove slack --person jonas',
]

export function command(): Command {
  const connections = subcommand('connections', description, examples, plainExitCodesHelp).option('--json', 'print JSON')
  connections.addCommand(
    common(new Command('list').description('list the accounts that are connected, of everybody')).action(list),
    { isDefault: true },
  )
  connections.addCommand(
    common(new Command('remove').description('disconnect an account')).argument('<instance>').action(remove),
  )
  return connections
}

function common(made: Command): Command {
  return made
    .option('--config <path>', 'the configuration file')
    .option('--json', 'print JSON')
    .option('--person <id>', 'whose; the local person where left out')
    .option('--tenant <tenant>', 'of which tenant; the one of the configuration where left out')
}

async function list(given: Options, self: Command): Promise<void> {
  const options = { ...self.parent?.opts<CommonOptions>(), ...given }
  await withHub(options, async (hub) => {
    const all = await (await hub.connections()).all(options.tenant ?? hub.config().tenant)
    const found = all.filter(({ person }) => options.person === undefined || person === options.person)
    if (options.json) return printJson(found)
    if (found.length === 0) return print('Nobody has connected an account. `toolgate connect --help` tells how.')
    const rows = found.map(({ instance, person, account = '', state, connectedAt = '', why }) => [
      instance,
      person,
      account,
      why === undefined ? state : `${state}: ${why}`,
      connectedAt,
    ])
    print(table(['instance', 'person', 'account', 'state', 'since'], rows))
  })
}

async function remove(instance: string, given: Options, self: Command): Promise<void> {
  const options = { ...self.parent?.opts<CommonOptions>(), ...given }
  await withHub(options, async (hub) => {
    const owner = { ...whoIs(hub, options), instance }
    const told = await (await hub.connections()).remove(owner, `cli:${hub.config().people.local.id}`)
    if (options.json) return printJson({ ...owner, told })
    print(told)
  })
}
