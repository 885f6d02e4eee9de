// `toolgate policy test`: whether the policies do what their scenarios say.
import path from 'node:path'
import process from 'node:process'
import type { Command } from 'commander'
import { print, printJson, subcommand, withHub } from './command.ts'
import type { CommonOptions } from './command.ts'
import { oneLine } from './escape.ts'
import { exitCodes, plainExitCodesHelp } from './exit.ts'

const description = `Runs scenarios through the whole hub: each is a call, and what is to become of it. They run on fresh sandboxes and
a store that is thrown away, whatever the configuration says; no account is touched.`

export function command(): Command {
  const policy = subcommand('policy', description, examples, plainExitCodesHelp).option('--json', 'print JSON')
  policy
    .command('test')
    .argument('[files...]', 'scenario files (default: every *.test.yaml beside the configured policies)')
    .description('run the scenarios')
    .action((files: readonly string[]) => test(files, policy.opts()))
  return policy
}

const examples = ['toolgate policy test', 'toolgate policy test policies/support.test.yaml']

async function test(files: readonly string[], options: CommonOptions): Promise<void> {
  await withHub(options, async (hub) => {
    const results = await hub.runScenarios(files.length === 0 ? undefined : files.map((file) => path.resolve(file)))
    const failed = results.filter(({ passed }) => !passed)
    if (failed.length > 0) process.exitCode = exitCodes.failed
    if (options.json === true) {
      return printJson(
        results.map(({ scenario, passed, reasons }) => ({ at: scenario.at, name: scenario.name, passed, reasons })),
      )
    }
    for (const { scenario, passed, reasons } of results) {
      print(`${passed ? 'ok    ' : 'FAILED'}  ${oneLine(scenario.at)}  ${oneLine(scenario.name)}`)
      for (const reason of reasons) print(`          ${oneLine(reason)}`)
    }
    print(`\n${results.length - failed.length} of ${results.length} scenarios hold.`)
  })
}
