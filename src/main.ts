// The `toolgate` command: finds the subcommand and runs it, and loads no other.
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { exitCodes } from './cli/exit.ts'

interface Subcommand {
  readonly what: string
  load(): Promise<{ command(): { parseAsync(words: string[], options: { from: 'user' }): Promise<unknown> } }>
}

const subcommands: Readonly<Record<string, Subcommand>> = {
  serve: { what: 'Listen for agents over HTTP, and say how to connect', load: () => import('./cli/serve.ts') },
  stdio: { what: 'Speak MCP over standard input and output; what clients start', load: () => import('./cli/stdio.ts') },
  call: { what: 'Call a tool, as an agent would', load: () => import('./cli/call.ts') },
  explain: { what: 'Show what every rule says of a call, and write nothing', load: () => import('./cli/explain.ts') },
  tools: { what: 'List the tools and why each is on or off; turn one on or off', load: () => import('./cli/tools.ts') },
  scopes: { what: 'Print what a vendor must grant for the tools that are on', load: () => import('./cli/scopes.ts') },
  check: { what: 'Check the configuration, the policies and the connectors', load: () => import('./cli/check.ts') },
  policy: { what: 'Run the scenarios of the policies', load: () => import('./cli/policy.ts') },
  approvals: { what: 'List, approve and deny calls that wait for a person', load: () => import('./cli/approvals.ts') },
  stop: {
    what: 'Stop everything of an agent, a connector or a tool, or all; list what is stopped',
    load: () => import('./cli/stop.ts'),
  },
  resume: { what: 'Let go on what was stopped', load: () => import('./cli/resume.ts') },
  notifications: {
    what: 'List the webhooks that were sent, and send one once more',
    load: () => import('./cli/notifications.ts'),
  },
  admin: { what: 'Open the admin app: approvals, tools, calls, policies, usage', load: () => import('./cli/admin.ts') },
  operations: { what: 'List and show what was written, or may have been', load: () => import('./cli/operations.ts') },
  connect: { what: 'Connect a person’s own account at a vendor', load: () => import('./cli/connect-account.ts') },
  connections: {
    what: 'List the accounts that people have connected, and take one back',
    load: () => import('./cli/connections.ts'),
  },
  key: { what: 'Make, list and revoke keys of service agents', load: () => import('./cli/key.ts') },
  secret: { what: 'Keep, list and replace secrets; look whether their places work', load: () => import('./cli/secret.ts') },
  undo: { what: 'Take back what an operation did', load: () => import('./cli/undo.ts') },
  audit: { what: 'Read, verify and export the audit log', load: () => import('./cli/audit.ts') },
  sandbox: {
    what: 'Look into the sandboxes, break them on purpose, start them over',
    load: () => import('./cli/sandbox.ts'),
  },
}

await main(process.argv.slice(2))

async function main([name, ...rest]: readonly string[]): Promise<void> {
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') return help(rest[0])
  if (name === '--version' || name === '-V') return print(`toolgate ${version()} (Node ${process.versions.node})`)
  const subcommand = Object.hasOwn(subcommands, name) ? subcommands[name] : undefined
  if (subcommand === undefined) return await unknown(name)
  // `toolgate audit | head` closes our output early, which is no failure; the doors have a reader to say goodbye to.
  if (name !== 'stdio' && name !== 'serve') process.stdout.on('error', () => process.exit())
  await (await subcommand.load()).command().parseAsync([...rest], { from: 'user' })
}

async function help(name: string | undefined): Promise<void> {
  if (name !== undefined && Object.hasOwn(subcommands, name)) return await main([name, '--help'])
  const width = Math.max(...Object.keys(subcommands).map((each) => each.length))
  const rows = Object.entries(subcommands).map(([each, { what }]) => `  ${each.padEnd(width)}  ${what}`)
  print(
    [
      'Toolgate lets agents work in Salesforce, Jira and Slack through one policy layer.',
      '',
      'Usage: toolgate COMMAND [OPTIONS]',
      '',
      ...rows,
      '',
      'toolgate COMMAND --help teaches a command. Each takes --config PATH; without it, ./mcp.config.json of the current',
      'folder is used if there is one, else the one that comes with Toolgate.',
    ].join('\n'),
  )
}

async function unknown(name: string): Promise<void> {
  const { nearest } = await import('./config/problem.ts')
  const { oneLine } = await import('./cli/escape.ts')
  const meant = nearest(name, Object.keys(subcommands))
  const hint = meant === undefined ? 'toolgate --help lists the commands.' : `Did you mean "toolgate ${meant}"?`
  process.stderr.write(`There is no command "${oneLine(name)}". ${hint}\n`)
  process.exitCode = exitCodes.usage
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : 'unknown'
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
