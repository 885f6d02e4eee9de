// `toolgate check`: everything that is wrong with the configuration, the policies and the connectors, with its place.
import process from 'node:process'
import type { Command } from 'commander'
import { configPath, print, printJson, subcommand } from './command.ts'
import type { CommonOptions } from './command.ts'
import { oneLine } from './escape.ts'
import { exitCodes, plainExitCodesHelp } from './exit.ts'

const description =
  'Checks the configuration, the policies and the connectors, and says all that is wrong and where. Opens nothing.'

export function command(): Command {
  return subcommand(
    'check',
    description,
    ['toolgate check', 'toolgate check --config ./mcp.config.json --json'],
    plainExitCodesHelp,
  )
    .option('--json', 'print JSON')
    .action(run)
}

async function run(options: CommonOptions): Promise<void> {
  const file = configPath(options)
  const { ConfigError, loadVersion } = await import('../hub/version.ts')
  try {
    const { config, version, warnings } = await loadVersion({ configPath: file, vendors: () => unopened })
    const found = {
      file,
      ok: true,
      instances: config.instances.length,
      tools: version.offers.size,
      policies: config.policies.length,
      warnings,
      problems: [],
    }
    if (options.json === true) return printJson(found)
    for (const warning of warnings) print(`warning: ${oneLine(warning)}`)
    print(`${oneLine(file)} is good: ${found.instances} instances, ${found.tools} tools, ${found.policies} policy files.`)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.exitCode = exitCodes.usage
    if (options.json === true) return printJson({ file, ok: false, problems: error.problems })
    for (const problem of error.problems) process.stderr.write(`${oneLine(problem)}\n`)
  }
}

/** Checking makes no call, so that no vendor is ever opened. */
const unopened = {
  describe: refuse,
  forReading: refuse,
  forWriting: refuse,
}

function refuse(): never {
  throw new TypeError('A configuration that is only checked opens no vendor.')
}
