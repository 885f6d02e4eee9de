// Plays a story on the world, and says in words which promises it broke.
import { approve } from '../../src/call/approvals.ts'
import type { Answer, Call } from '../../src/call/call.ts'
import { handle } from '../../src/call/handle.ts'
import { settleOverdue } from '../../src/call/ledger.ts'
import { reconcile } from '../../src/call/reconcile.ts'
import { makeId } from '../../src/hub/id.ts'
import { luckOf, wishNames } from './story.ts'
import type { Luck, Step, Story, WishName } from './story.ts'
import type { Run, World } from './world.ts'

export interface Wish {
  readonly tool: string
  readonly args: Readonly<Record<string, unknown>>
  /** The writes that it asks for, as the vendor counts them. */
  readonly marks: readonly string[]
  /** Who has to say yes: nobody, an approver, or it may never happen. */
  readonly needs: 'nothing' | 'approval' | 'never'
}

export interface Made {
  readonly wish: Wish
  readonly call: Call
  readonly answer: Answer
  readonly died: boolean
}

export interface Played {
  readonly calls: readonly Made[]
  readonly executions: ReadonlyMap<string, number>
  /** Promises that were broken. */
  readonly wrong: readonly string[]
}

/** Each story is of a tenant of its own, who is called so. */
export async function play(world: World, name: string, story: Story, luck: Luck = luckOf(story)): Promise<Played> {
  world.mendVendor()
  const run: Run = {
    luck,
    dead: false,
    now: new Date(Date.UTC(2026, 0, 1)),
    version: world.versions.open,
    violations: [],
    lostEntries: new Set(),
    shutOut: new Set(),
  }
  const calls: Made[] = []
  const approved = new Set<string>()
  for (const [index, step] of story.steps.entries()) {
    const wish = wishOf(step, `${name}w${index}`)
    for (const { twice, vendor, approved: yes, later } of step.tries) {
      run.dead = false
      run.version = world.versions.open
      run.shutOut.clear()
      if (vendor !== undefined) world.breakVendor(vendor)
      const tried = await Promise.all(Array.from({ length: twice ? 2 : 1 }, () => attempt(world, name, wish, run)))
      calls.push(...tried)
      const held = tried.find(({ answer }) => answer.status === 'held')
      if (held && yes) await letGo(world, name, held, run, approved)
      // Without a key, an equal call after the repeat window is a new one; with a key it never is.
      const longMs = step.key ? 100_000 : 20_000
      run.now = new Date(run.now.getTime() + (later ? longMs : 500))
    }
  }
  const executions = world.executions()
  const wrong = [
    ...run.violations,
    ...judge(calls, approved, executions),
    ...(await untraced(world, name, calls, run, executions)),
  ]
  return { calls, executions, wrong }
}

/** Everything that can be wished for, once each, and tried twice. */
export const calm: Story = {
  steps: wishNames.map((wish) => {
    const each = { twice: false, vendor: undefined, approved: true, later: false }
    return { wish, key: false, tries: [each, each] }
  }),
  breaks: [],
}

/** Bears the mark wherever something is written, so that the vendor's record can be asked for it. */
type Wishing = (mark: string, key: object) => Wish

const send =
  (desk: string, needs: Wish['needs'], more: object = {}): Wishing =>
  (mark, key) => ({
    tool: 'desk_note_send',
    args: { desk, text: mark, ...key, ...more },
    marks: [`${mark} ${desk}`],
    needs,
  })

const stray =
  (tool: string): Wishing =>
  (mark) => ({ tool, args: { text: mark }, marks: [`${mark} front`], needs: 'never' })

const wishes: Readonly<Record<WishName, Wishing>> = {
  plain: send('front', 'nothing'),
  outside: send('outside', 'never'),
  asked: send('back', 'approval'),
  dry: send('front', 'never', { dry_run: true }),
  double: (mark, key) => ({
    ...send('front', 'nothing', { copy: 'side' })(mark, key),
    marks: [`${mark} front`, `${mark} side`],
  }),
  list: () => ({ tool: 'desk_note_list', args: {}, marks: [], needs: 'nothing' }),
  'plan writes': stray('rogue_plan_writes'),
  strays: stray('rogue_apply_strays'),
}

function wishOf({ wish, key }: Step, mark: string): Wish {
  return wishes[wish](mark, key ? { idempotency_key: mark } : {})
}

async function attempt(world: World, tenant: string, wish: Wish, run: Run): Promise<Made> {
  const call: Call = {
    id: makeId('call', run.now),
    door: 'test',
    principal: { tenant, id: 'maya', roles: ['member'] },
    tool: wish.tool,
    arguments: wish.args,
    signal: new AbortController().signal,
  }
  const { answer } = await handle(call, world.services(run))
  return { wish, call, answer, died: run.dead }
}

async function letGo(world: World, tenant: string, { wish, answer }: Made, run: Run, approved: Set<string>): Promise<void> {
  for (const mark of wish.marks) approved.add(mark)
  const lead = { tenant, id: 'lea', channel: 'terminal' } as const
  const digest = (await world.store.operation(answer.operation_id ?? ''))?.planDigest ?? ''
  // A release that fails is one more thing that must leave the promises whole.
  await approve(answer.operation_id ?? '', lead, { digest }, world.services(run)).catch(() => undefined)
}

function judge(calls: readonly Made[], approved: ReadonlySet<string>, executions: ReadonlyMap<string, number>): string[] {
  return [...new Set(calls.map(({ wish }) => wish))].flatMap((wish) => {
    const tries = calls.filter((made) => made.wish === wish)
    const answers = tries.filter(({ died }) => !died).map(({ answer }) => answer)
    const last = tries.at(-1)
    return wish.marks.flatMap((mark) => {
      const times = executions.get(mark) ?? 0
      const wrong: string[] = []
      if (times > 1) wrong.push(`${mark} happened ${times} times`)
      if (times > 0 && wish.needs === 'never') wrong.push(`${mark} happened although it may not`)
      if (times > 0 && wish.needs === 'approval' && !approved.has(mark))
        wrong.push(`${mark} happened although nobody approved it`)
      if (times === 0 && answers.some(({ status }) => status === 'done'))
        wrong.push(`${mark} was called done and did not happen`)
      // A try that died told nobody what it did, so only what the last one said can be wrong.
      const failed = last && !last.died && last.answer.status === 'failed' && last.answer.error?.code !== 'conflict'
      if (times > 0 && failed && last.answer.operation_id !== undefined) wrong.push(`${mark} was called failed and happened`)
      return wrong
    })
  })
}

/** Every call has an entry when it came and one when it went, and every execution has an intent before it. */
async function untraced(
  world: World,
  tenant: string,
  calls: readonly Made[],
  run: Run,
  executions: ReadonlyMap<string, number>,
): Promise<string[]> {
  const wrong: string[] = []
  for (const { call, wish, died } of calls) {
    const kinds = (await world.store.entriesOf(call.id)).map(({ kind }) => kind)
    for (const kind of ['call.opened', 'call.closed']) {
      if (!died && !kinds.includes(kind) && !run.lostEntries.has(`${kind} ${call.id}`))
        wrong.push(`${wish.tool} has no ${kind}`)
    }
  }
  const operations = await world.store.operations({ tenant, limit: 1000 })
  const intents = new Set<string>()
  for await (const entry of world.store.entries(tenant)) {
    if (entry.kind === 'operation.intent') intents.add(text(entry.payload['operation']))
  }
  for (const operation of operations) {
    const happened = JSON.stringify(operation.args).includes('"text"') ? (executions.get(markOf(operation.args)) ?? 0) : 0
    if (happened > 0 && !intents.has(operation.id)) wrong.push(`${operation.id} happened without an intent`)
    const unbroken = world.services({ ...run, luck: () => undefined, dead: false, version: world.versions.open })
    const whole = { ...unbroken, now: () => farFuture }
    const overdue = (await settleOverdue(operation, whole)) ?? operation
    const settled = await reconcile(overdue, { id: 'call_reconcile', signal: new AbortController().signal }, whole)
    if (happened > 0 && settled?.state === 'failed') wrong.push(`${operation.id} happened and is recorded as failed`)
    if (happened === 0 && settled?.state === 'reconciled')
      wrong.push(`${operation.id} never happened and is recorded as done`)
    if (settled && ['intent', 'sending'].includes(settled.state)) wrong.push(`${operation.id} never ends: ${settled.state}`)
  }
  return wrong
}

const farFuture = new Date(Date.UTC(2030, 0, 1))

function markOf(args: Readonly<Record<string, unknown>>): string {
  return `${text(args['text'])} ${text(args['desk'])}`.trim()
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
