// `toolgate approvals`: the calls that wait for a person.
import process from 'node:process'
import type { Command } from 'commander'
import type { ApprovalView } from '../call/approval-view.ts'
import { print, printJson, subcommand, table, UsageError, withHub } from './command.ts'
import type { CommonOptions } from './command.ts'
import { visible } from './escape.ts'
import { exitCodeOf, exitCodesHelp } from './exit.ts'
import { login, logout, sessionHelp, signedIn } from './session.ts'

const description = `Lists the calls that are held, and decides them. Approving carries the call out, exactly as it was shown: the digest
that "show" ends with says which bytes are meant.

${sessionHelp}`

export function command(): Command {
  const approvals = subcommand('approvals', description, examples, exitCodesHelp).option('--json', 'print JSON')
  const own = () => approvals.opts<Options>()
  approvals
    .command('list', { isDefault: true })
    .description('list what is held')
    .action(() => list(own()))
  approvals
    .command('show')
    .argument('<id>', 'the operation')
    .description('show all of it, and its digest')
    .action((id: string) => show(id, own()))
  approvals
    .command('approve')
    .argument('<id>', 'the operation')
    .requiredOption('--digest <digest>', 'the digest that "show" gave, or its first 12 digits or more')
    .description('say yes to what was shown')
    .action((id: string, { digest }: { readonly digest: string }) => approve(id, digest, own()))
  approvals
    .command('deny')
    .argument('<id>', 'the operation')
    .option('--reason <text>', 'why; the caller reads it')
    .description('never carry it out')
    .action((id: string, { reason }: { readonly reason?: string }) => deny(id, reason, own()))
  approvals
    .command('login')
    .argument('<code>', 'a one-time code')
    .description('open your session on this terminal')
    .action((code: string) => signIn(code, own()))
  approvals
    .command('logout')
    .description('end it')
    .action(() => withHub(own(), logout))
  return approvals
}

const examples = [
  'toolgate approvals',
  'toolgate approvals login CODE',
  'toolgate approvals show op_01jd3',
  'toolgate approvals approve op_01jd3 --digest 5f2c9a77e01b',
  'toolgate approvals deny op_01jd3 --reason "The customer has not agreed yet."',
]

type Options = CommonOptions

async function list(options: Options): Promise<void> {
  await withHub(options, async (hub) => {
    const { items } = await hub.approvals.page({ limit: 200 })
    if (options.json === true) return printJson(items)
    if (items.length === 0) return print('Nothing is held.')
    const rows = items.map(({ id, createdAt, principal, tool, needs, summary }) => [
      id,
      createdAt,
      principal,
      tool,
      needs,
      summary,
    ])
    print(table(['operation', 'since', 'caller', 'tool', 'waits for', 'what'], rows))
  })
}

async function show(id: string, options: Options): Promise<void> {
  await withHub(options, async (hub) => {
    const view = await hub.approvals.view(id)
    if (options.json === true) return printJson(view)
    print(visible(shown(view).join('\n')))
  })
}

async function approve(id: string, digest: string, options: Options): Promise<void> {
  await withHub(options, async (hub) => {
    const { approver } = await signedIn(hub)
    const view = await hub.approvals.view(id, approver)
    const meant = digest.toLowerCase()
    if (!/^[0-9a-f]{12,64}$/.test(meant))
      throw new UsageError('A digest has 12 to 64 hexadecimal digits; "toolgate approvals show" gives it.')
    // What does not fit is handed on as it is, and refused by the hub.
    const answer = await hub.approvals.approve(id, approver, { digest: view.digest.startsWith(meant) ? view.digest : meant })
    const { renderAnswer } = await import('./render.ts')
    if (options.json === true) printJson(answer)
    else print(renderAnswer(answer))
    process.exitCode = exitCodeOf(answer.status)
  })
}

async function deny(id: string, reason: string | undefined, options: Options): Promise<void> {
  await withHub(options, async (hub) => {
    const { approver } = await signedIn(hub)
    const answer = await hub.approvals.deny(id, approver, reason)
    const { renderAnswer } = await import('./render.ts')
    if (options.json === true) return printJson(answer)
    print(renderAnswer(answer))
  })
}

async function signIn(code: string, options: Options): Promise<void> {
  await withHub(options, async (hub) => {
    const { approver, endsAt } = await login(hub, code)
    print(`Signed in as ${approver.id} until ${endsAt}.`)
  })
}

/** Everything, with what comes from elsewhere in JSON, so that no line of it looks like one of ours. */
function shown(view: ApprovalView): string[] {
  const { audience } = view
  return [
    `${view.id}: ${view.tool} for ${view.principal} (${view.state}, until ${view.expiresAt})`,
    `Summary: ${JSON.stringify(view.summary)}`,
    ...view.effects.flatMap(({ verb, target, before, after }) => [
      `  ${verb} ${JSON.stringify(target)}`,
      ...[...new Set([...Object.keys(before), ...Object.keys(after)])].map(
        (field) => `    ${field}: ${spoken(before[field])} → ${spoken(after[field])}`,
      ),
    ]),
    ...(audience
      ? [
          `Seen by: ${JSON.stringify(audience.where)}, ${audience.people} people${audience.external ? ', some outside the company' : ''}${audience.massMention ? ', mentions everybody' : ''}`,
        ]
      : []),
    ...view.warnings.map((warning) => `Warning: ${JSON.stringify(warning)}`),
    `Risk: ${view.risk}. Undo: ${view.undo ?? 'nothing to undo'}.`,
    `Rules: ${view.rules.map(({ rule, effect }) => `${rule} (${effect})`).join(', ') || view.rule}`,
    `Waits for: ${view.needs}. Yes so far: ${view.granted.map(({ by, channel }) => `${by} (${channel})`).join(', ') || 'nobody'}.`,
    `The agent's own arguments, not to be believed: ${JSON.stringify(view.untrusted.arguments)}`,
    `What would be sent: ${view.request}`,
    `Digest: ${view.digest}`,
  ]
}

function spoken(value: unknown): string {
  return value === undefined ? '(nothing)' : JSON.stringify(value)
}
