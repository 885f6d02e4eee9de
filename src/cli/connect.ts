// How to connect the usual clients, with the paths of this installation filled in.
import path from 'node:path'
import process from 'node:process'
import { packageRoot } from './command.ts'

export interface ConnectOptions {
  readonly url: string
  /** Given to `--config`, unless it is the one that comes with Toolgate. */
  readonly config: string
}

export function howToConnect({ url, config }: ConnectOptions): string {
  const launcher = path.join(packageRoot, 'bin', 'toolgate.cjs')
  const configured = config === path.join(packageRoot, 'mcp.config.json') ? [] : ['--config', config]
  // Windows does not run a script by its first line.
  const [command, ...args] = [...(process.platform === 'win32' ? ['node'] : []), launcher, 'stdio', ...configured]
  const server = JSON.stringify({ command, args })
  const shell = [command, ...args].map((word) => quoted(word ?? '')).join(' ')
  return `Clients that start it themselves, over stdio:
  Claude Code      claude mcp add toolgate -- ${shell}
  Claude Desktop   in claude_desktop_config.json:
                   { "mcpServers": { "toolgate": ${server} } }
  Cursor           the same in ~/.cursor/mcp.json
  VS Code          code --add-mcp ${quoted(JSON.stringify({ name: 'toolgate', command, args }))}

Agents that connect to this process, over HTTP:
  Claude Code      claude mcp add --transport http toolgate ${url}
  curl             curl -s ${url} -H 'content-type: application/json' \\
                     -H 'accept: application/json, text/event-stream' -H 'mcp-protocol-version: 2026-07-28' \\
                     -H 'mcp-method: tools/list' -d '${JSON.stringify(toolsList)}'`
}

const toolsList = {
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/list',
  params: {
    _meta: {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
    },
  },
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}
