// `toolgate explain`: what every rule says of a call, and what would come of it.
import process from 'node:process'
import type { Command } from 'commander'
import { jsonArgument, print, printJson, subcommand, withHub } from './command.ts'
import type { CommonOptions } from './command.ts'
import { exitCodeOf, exitCodesHelp } from './exit.ts'

interface Options extends CommonOptions {
  readonly as?: string
}

const description = `Shows what every rule says of a call, and why. A write is only planned; nothing is sent.
A read is made, since rules speak of what it finds.`

export function command(): Command {
  return subcommand('explain', description, examples, exitCodesHelp)
    .argument('<tool>', 'the name of the tool')
    .argument('[arguments]', 'the arguments: JSON, @file, or - for standard input', '{}')
    .option('--as <person>', 'as a person of the configuration instead of the local one')
    .option('--json', 'print the decision and the answer as JSON')
    .action(run)
}

const examples = [
  `toolgate explain jira_issue_transition '{"key": "OPS-42", "to_status": "Done"}'`,
  `toolgate explain slack_message_send @message.json --as jonas`,
]

async function run(tool: string, text: string, options: Options): Promise<void> {
  await withHub(options, async (hub) => {
    const { renderAnswer, renderDecision } = await import('./render.ts')
    const given = await jsonArgument(text)
    const { answer, decision } = await hub.explain({ principal: hub.person(options.as), tool, arguments: given })
    if (options.json === true) printJson({ decision, answer })
    else
      print(
        [...(decision === undefined ? ['No rule was asked.'] : [renderDecision(decision)]), renderAnswer(answer)].join(
          '\n\n',
        ),
      )
    process.exitCode = exitCodeOf(answer.status)
  })
}
