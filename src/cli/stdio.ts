// `toolgate stdio`: MCP over standard input and output, as desktop clients start it.
import process from 'node:process'
import type { Command } from 'commander'
import { standardErrorLog } from '../hub/log.ts'
import { configPath, endOnSurprise, logLevel, reporting, subcommand } from './command.ts'
import type { CommonOptions } from './command.ts'
import { plainExitCodesHelp } from './exit.ts'
import { refuseExposed } from './exposed.ts'

interface Options extends CommonOptions {
  readonly as?: string
  readonly logLevel: string
}

const description = `Speaks MCP over standard input and output: this is what Claude Desktop, Claude Code, Cursor and VS Code start.
Logs go to standard error. It ends when its input ends or on SIGTERM, after the calls that are under way.`

export function command(): Command {
  return subcommand('stdio', description, examples, plainExitCodesHelp)
    .option('--as <person>', 'act for this person of the configuration instead of the local one')
    .option('--log-level <level>', 'silent, fatal, error, warn, info, debug or trace', logLevel, 'warn')
    .action(run)
}

const examples = ['toolgate stdio', 'toolgate stdio --config ~/toolgate/mcp.config.json --log-level info']

async function run(options: Options): Promise<void> {
  await reporting(async () => {
    const [{ openHub }, { serveStdioDoor }] = await Promise.all([import('../hub.ts'), import('../serve/stdio.ts')])
    const plainLog = standardErrorLog(options.logLevel)
    const hub = await openHub({ configPath: configPath(options), log: plainLog, watch: true, probe: true })
    endOnSurprise(hub)
    const { log } = hub
    try {
      refuseExposed(hub, log)
      const door = await serveStdioDoor({ dispatcher: hub.dispatcher, principal: () => hub.person(options.as), log })
      for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => void door.close())
      await door.closed
    } finally {
      await hub.close()
    }
  })
  // Standard input may still be open on a terminal, and would keep the process.
  process.stdin.destroy()
}
