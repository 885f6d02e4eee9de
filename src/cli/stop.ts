// `toolgate stop` and `toolgate resume`: nothing is sent any more, and who lets it go on.
import type { Command } from 'commander'
import type { Scope } from '../call/switch.ts'
import { print, printJson, subcommand, table, UsageError, withHub } from './command.ts'
import type { CommonOptions } from './command.ts'
import { plainExitCodesHelp } from './exit.ts'
import { sessionHelp, signedIn } from './session.ts'

const about = `Stops everything of a principal, a connector or a tool, or all: every process of this hub refuses the very next request to a
vendor, what waits for approval is ended, and what is already on its way is recorded as it ends. Without a scope it lists what is stopped.
Whoever can run this may stop; to go on takes a person who signed in (toolgate resume).`

const aboutResume = `Lets go on what was stopped, and says who stopped it and why. Whoever stopped all cannot alone let it go on: a second
person must say so too.

${sessionHelp}`

interface Options extends CommonOptions {
  readonly principal?: string
  readonly connector?: string
  readonly tool?: string
  readonly all?: boolean
  readonly reason?: string
}

export function command(): Command {
  return scoped(
    subcommand('stop', about, ['toolgate stop', 'toolgate stop --all --reason "The agent runs wild."'], plainExitCodesHelp),
  ).action(run)
}

export function resumeCommand(): Command {
  return scoped(
    subcommand('resume', aboutResume, ['toolgate resume --all --reason "It is mended."'], plainExitCodesHelp),
  ).action(resume)
}

function scoped(bare: Command): Command {
  return bare
    .option('--all', 'everything')
    .option('--principal <id>', 'what this person or agent asks for')
    .option('--connector <id>', 'what goes to this instance')
    .option('--tool <name>', 'this tool, by its wire name')
    .option('--reason <text>', 'why')
    .option('--json', 'print JSON')
}

async function run(options: Options): Promise<void> {
  await withHub(options, async (hub) => {
    const scope = scopeOf(options)
    if (!scope) {
      const stops = await hub.switch.list()
      if (options.json === true) return printJson(stops)
      if (stops.length === 0) return print('Nothing is stopped.')
      return print(
        table(
          ['what', 'by', 'since', 'why'],
          stops.map((stop) => [words(stop.scope), stop.by, stop.at, stop.reason]),
        ),
      )
    }
    if (options.reason === undefined) throw new UsageError('Say why: --reason TEXT. Whoever lets it go on reads it.')
    const session = await signedIn(hub).catch(() => undefined)
    const by = session?.approver ?? { id: hub.person().id, channel: 'machine' as const }
    const stopped = await hub.switch.stop(scope, by, options.reason)
    if (options.json === true) return printJson(stopped)
    print(`Stopped ${words(scope)}. ${stopped.cancelled} held calls were ended.`)
  })
}

async function resume(options: Options): Promise<void> {
  await withHub(options, async (hub) => {
    const scope = scopeOf(options)
    if (!scope) throw new UsageError('Say what: --all, --principal ID, --connector ID or --tool NAME.')
    const { approver } = await signedIn(hub)
    const { resumed, was } = await hub.switch.resume(scope, approver, options.reason ?? '')
    if (options.json === true) return printJson({ resumed, was })
    const told = `${was.by} stopped ${words(scope)} at ${was.at}: ${was.reason}`
    print(resumed ? `${told}\nIt goes on.` : `${told}\nIt does not go on yet: a second person must resume it too.`)
  })
}

function scopeOf({ all, principal, connector, tool }: Options): Scope | undefined {
  const scopes: Scope[] = [
    ...(all ? [{ kind: 'all' as const }] : []),
    ...Object.entries({ principal, connector, tool }).flatMap(([kind, id]) =>
      id === undefined ? [] : [{ kind: kind as 'principal' | 'connector' | 'tool', id }],
    ),
  ]
  if (scopes.length > 1) throw new UsageError('Name one scope at a time.')
  return scopes[0]
}

function words(scope: Scope): string {
  return scope.kind === 'all' ? 'everything' : `${scope.kind} ${scope.id}`
}
