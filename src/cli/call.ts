// `toolgate call`: one tool, once, through the same pipeline as an agent's call.
import process from 'node:process'
import type { Command } from 'commander'
import type { Offer } from '../call/call.ts'
import { jsonArgument, print, printJson, subcommand, UsageError, withHub } from './command.ts'
import type { CommonOptions } from './command.ts'
import { oneLine } from './escape.ts'
import { exitCodeOf, exitCodesHelp } from './exit.ts'

interface Options extends CommonOptions {
  readonly dryRun?: boolean
  readonly idempotencyKey?: string
  readonly as?: string
}

const description = `Calls a tool as an agent would: policies decide, and the audit log keeps what happened.
ARGUMENTS is a JSON object, @file, or - for standard input.`

export function command(): Command {
  return subcommand('call', description, examples, exitCodesHelp)
    .argument('<tool>', 'the name of the tool, as `toolgate tools` lists it')
    .argument('[arguments]', 'the arguments', '{}')
    .option('--dry-run', 'show exactly what would change, and send nothing')
    .option('--idempotency-key <key>', 'calls with the same key are carried out once')
    .option('--as <person>', 'call as a person of the configuration instead of the local one')
    .option('--json', 'print the answer as JSON')
    .action(run)
}

const examples = [
  `toolgate call jira_issue_get '{"key": "OPS-42"}'`,
  `toolgate call jira_issue_transition '{"key": "OPS-42", "to_status": "Done"}' --dry-run`,
  'toolgate call slack_message_send @message.json --json',
]

async function run(tool: string, text: string, options: Options): Promise<void> {
  await withHub(options, async (hub) => {
    const { renderAnswer } = await import('./render.ts')
    const given = withOptions(await jsonArgument(text), options)
    const stop = new AbortController()
    process.once('SIGINT', () => stop.abort())
    const answer = await hub.call({
      door: 'cli',
      principal: hub.person(options.as),
      tool,
      arguments: given,
      signal: stop.signal,
    })
    if (options.json === true) printJson(answer)
    else print(renderAnswer(answer))
    const offer = hub.current().offers.get(tool)
    // Agents hear the same of every tool that is not there; whoever runs the hub can do something about it.
    if (offer !== undefined && offer.state !== 'on')
      process.stderr.write(`Reason: ${tool} is ${oneLine(stateWords(offer))}.\n`)
    process.exitCode = exitCodeOf(answer.status)
  })
}

function stateWords({ state, why }: Offer): string {
  return state === 'hidden' ? why.replace(/\.$/, '') : `off: ${why}. toolgate tools enable turns it on`
}

function withOptions(given: unknown, { dryRun, idempotencyKey }: Options): unknown {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new UsageError(`The arguments are a JSON object, such as '{"key": "OPS-42"}'.`)
  }
  return {
    ...given,
    ...(dryRun === true && { dry_run: true }),
    ...(idempotencyKey !== undefined && { idempotency_key: idempotencyKey }),
  }
}
