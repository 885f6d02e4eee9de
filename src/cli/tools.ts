// `toolgate tools`: every tool with its state and why, and the switch.
import process from 'node:process'
import type { Command } from 'commander'
import type { Hub } from '../hub.ts'
import { oneLine } from './escape.ts'
import { exitCodes, plainExitCodesHelp } from './exit.ts'
import { print, printJson, subcommand, table, UsageError, withHub } from './command.ts'
import type { CommonOptions } from './command.ts'

const description = `Lists every tool: what it can do (class), whether it is on and why, and whether the local person sees it.
enable and disable edit the configuration file in place; a running hub takes it up within a second.

Classes: R reads, RP reads what is private, W1 writes reversibly and tells nobody, W2 writes and people notice,
W3 is visible outside or binds, D destroys, X changes permissions.`

export function command(): Command {
  const tools = subcommand('tools', description, examples, plainExitCodesHelp)
    .option('--as <person>', 'what this person sees instead of the local one')
    .option('--json', 'print JSON')
    .action(list)
  for (const [verb, on] of [
    ['enable', true],
    ['disable', false],
  ] as const) {
    tools
      .command(verb)
      .description(`turn a tool ${on ? 'on' : 'off'} in the configuration file`)
      .argument('<name>', 'the name of the tool')
      .action((name: string) => toggle(name, on, tools.opts()))
  }
  return tools
}

const examples = ['toolgate tools', 'toolgate tools --as jonas --json', 'toolgate tools disable jira_issue_delete']

async function list(options: CommonOptions & { readonly as?: string }): Promise<void> {
  await withHub(options, async (hub) => {
    const { visible } = await import('../hub.ts')
    // What a sandbox grants hides little; a real account is not asked by every command, so it is asked now.
    if (hub.config().instances.some(({ sandbox }) => !sandbox)) await hub.grants.ask()
    const principal = hub.person(options.as)
    const seen = new Set(visible(hub.current(), principal, new Date()))
    const rows = [...hub.current().offers.values()].map((offer) => ({
      name: offer.name,
      class: offer.facts.class,
      state: offer.state,
      why: offer.why,
      instance: offer.instance,
      visible: seen.has(offer),
      read_only: hub.current().readOnly.get(offer.instance),
    }))
    if (options.json === true) return printJson(rows)
    const cells = rows.map((row) => [row.name, row.class, row.state, row.visible ? 'yes' : 'no', row.instance, row.why])
    print(table(['tool', 'class', 'state', `${principal.id} sees it`, 'instance', 'why'], cells))
    for (const [instance, why] of hub.current().readOnly) print(`\n${oneLine(instance)}: ${oneLine(why)}`)
  })
}

async function toggle(name: string, on: boolean, options: CommonOptions): Promise<void> {
  await withHub(options, async (hub) => {
    const { setTool } = await import('../config/edit.ts')
    const { problemText } = await import('../config/problem.ts')
    const edited = await setTool(hub.config().file, await instanceOf(hub, name), name, on)
    if (!edited.ok) {
      for (const problem of edited.problems) process.stderr.write(`${oneLine(problemText(problem))}\n`)
      process.exitCode = exitCodes.failed
      return
    }
    const { changed, file } = edited.value
    if (options.json === true) return printJson({ file, changed })
    if (changed.length === 0) return print(`${name} is ${on ? 'on' : 'off'} in ${oneLine(file)} already.`)
    print(
      [
        `${name} is now ${on ? 'on' : 'off'}. ${oneLine(file)}:`,
        ...changed.map((line) => `${String(line.line).padStart(5)} ${line.sign} ${oneLine(line.text)}`),
      ].join('\n'),
    )
  })
}

/** Where a toggle of this tool belongs in the file. */
async function instanceOf(hub: Hub, name: string): Promise<string> {
  const offers = hub.current().offers
  const offer = offers.get(name)
  if (offer === undefined) {
    const { nearest } = await import('../kit/nearest.ts')
    const meant = nearest(name, offers.keys())
    throw new UsageError(
      `There is no tool "${name}". ${meant === undefined ? 'toolgate tools lists them.' : `Did you mean ${meant}?`}`,
    )
  }
  if (!hub.config().instances.some(({ id }) => id === offer.instance)) {
    throw new UsageError(`${name} belongs to the hub itself and cannot be turned off.`)
  }
  return offer.instance
}
