// `toolgate key`: makes, lists and revokes the keys with which service agents come in.
import { Command, InvalidArgumentError } from 'commander'
import { print, printJson, subcommand, table, UsageError, withHub } from './command.ts'
import type { CommonOptions } from './command.ts'
import { plainExitCodesHelp } from './exit.ts'

interface CreateOptions extends CommonOptions {
  readonly principal: string
  readonly roles?: readonly string[]
  readonly tools?: readonly string[]
  readonly expires: number
  readonly tenant?: string
}

const description = `The keys of service agents, for "people": { "apiKeys": true }. A key is shown once, when it is made; the hub keeps its SHA-256 only.
It acts as its principal, with its roles, on its tools, until it expires or is revoked.`

const examples = [
  "toolgate key create --principal nightly-report --roles member,support --tools 'jira_*' --expires 30d",
  'toolgate key list',
  'toolgate key revoke 4tq0m2xk9v7c',
]

export function command(): Command {
  const key = subcommand('key', description, examples, plainExitCodesHelp)
  key.addCommand(
    common(new Command('create').description('make a key and show it, this once'))
      .requiredOption('--principal <id>', 'who acts with it, as policies and the audit log name them')
      .option('--roles <roles>', 'the roles it has, separated by commas', names)
      .option('--tools <patterns>', 'the only tools it reaches, separated by commas: jira_*,slack_message_get', patterns)
      .option('--expires <time>', 'when it ends: 12h, 30d; at most 400d', duration, 30 * dayMs)
      .option('--tenant <tenant>', 'whose it is; the one of the configuration where left out')
      .action(create),
  )
  key.addCommand(
    common(new Command('list').description('list the keys, without what is secret'))
      .option('--tenant <tenant>')
      .action(list),
  )
  key.addCommand(
    common(new Command('revoke').description('end a key at once'))
      .argument('<id>')
      .option('--tenant <tenant>')
      .action(revoke),
  )
  return key
}

function common(made: Command): Command {
  return made.option('--config <path>', 'the configuration file').option('--json', 'print JSON')
}

async function create(options: CreateOptions, self: Command): Promise<void> {
  const { principal, roles = [], tools = ['*'], expires, json } = options
  await withHub(inherited(options, self), async (hub) => {
    const { tenant: own, people } = hub.config()
    if (!/^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/.test(principal))
      throw new UsageError('A principal has 1 to 64 letters, digits, dots, dashes, underscores or @.')
    // A key that acts as a person could decide on what that person asked for.
    if (principal === people.local.id || people.directory.has(principal))
      throw new UsageError(`${principal} is a person. Give the agent a name of its own, such as ${principal}-agent.`)
    const tenant = options.tenant ?? own
    const by = `cli:${people.local.id}`
    const expiresAt = new Date(Date.now() + expires)
    const { key, made } = await (await hub.keys()).create({ tenant, principal, roles, tools, expiresAt, by })
    if (json) return printJson({ key, ...made })
    const off = people.apiKeys ? '' : '\nIt is not accepted yet: set "people": { "apiKeys": true } in the configuration.'
    print(
      `${key}\n\nThis is the only time it is shown. It acts as ${principal} until ${made.expiresAt}; its id is ${made.id}.${off}`,
    )
  })
}

async function list(options: CommonOptions & { readonly tenant?: string }, self: Command): Promise<void> {
  await withHub(inherited(options, self), async (hub) => {
    const found = await (await hub.keys()).list(options.tenant ?? hub.config().tenant)
    if (options.json) return printJson(found)
    if (found.length === 0) return print('There are no keys. `toolgate key create --help` makes one.')
    const state = (expiresAt: string, revokedAt: string | undefined) =>
      revokedAt !== undefined
        ? `revoked ${revokedAt}`
        : Date.parse(expiresAt) <= Date.now()
          ? 'expired'
          : `until ${expiresAt}`
    print(
      table(
        ['id', 'principal', 'roles', 'tools', 'state'],
        found.map(({ id, principal, roles, tools, expiresAt, revokedAt }) => [
          id,
          principal,
          roles.join(', '),
          tools.join(', '),
          state(expiresAt, revokedAt),
        ]),
      ),
    )
  })
}

async function revoke(id: string, options: CommonOptions & { readonly tenant?: string }, self: Command): Promise<void> {
  await withHub(inherited(options, self), async (hub) => {
    const { tenant, people } = hub.config()
    const key = await (await hub.keys()).revoke(options.tenant ?? tenant, id, `cli:${people.local.id}`)
    if (options.json) return printJson(key)
    print(`The key ${id} of ${key.principal} is revoked and lets nobody in any more.`)
  })
}

/** `--config` may stand before the subcommand or after it. */
function inherited<Options extends CommonOptions>(options: Options, self: Command): Options {
  return { ...self.parent?.opts<CommonOptions>(), ...options }
}

const dayMs = 24 * 60 * 60_000

function duration(text: string): number {
  const [, count, unit] = /^(\d{1,5})([hd])$/.exec(text) ?? []
  const ms = Number(count) * (unit === 'h' ? dayMs / 24 : dayMs)
  if (count === undefined || ms <= 0 || ms > 400 * dayMs)
    throw new InvalidArgumentError('It is a time such as 12h or 30d, at most 400d.')
  return ms
}

function names(text: string): readonly string[] {
  return each(text, /^[a-zA-Z0-9][a-zA-Z0-9._@-]{0,63}$/, 'Roles are names, separated by commas.')
}

function patterns(text: string): readonly string[] {
  return each(text, /^[a-z0-9_*]{1,64}$/, 'Tools are names or patterns with *, separated by commas.')
}

function each(text: string, shape: RegExp, sentence: string): readonly string[] {
  const found = text.split(',').map((part) => part.trim())
  if (found.every((part) => shape.test(part))) return found
  throw new InvalidArgumentError(sentence)
}
