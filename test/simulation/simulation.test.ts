// Never twice, never unasked, never untraced: a thousand runs in which every step breaks at random.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { approve } from '../../src/call/approvals.ts'
import type { Answer, Call } from '../../src/call/call.ts'
import { handle } from '../../src/call/handle.ts'
import { settleOverdue } from '../../src/call/ledger.ts'
import { reconcile } from '../../src/call/reconcile.ts'
import { makeId } from '../../src/hub/id.ts'
import { verifyChain } from '../../src/call/verify.ts'
import { randomOf } from './random.ts'
import { openWorld } from './world.ts'
import type { Run, World } from './world.ts'

const seeds = Number(process.env['TOOLGATE_SEEDS'] ?? 1000)
const firstSeed = Number(process.env['TOOLGATE_FIRST_SEED'] ?? 1)

let world: World
beforeAll(async () => void (world = await openWorld()))
afterAll(async () => await world.close())

interface Wish {
  readonly tool: string
  readonly args: Readonly<Record<string, unknown>>
  /** The writes that it asks for, as the vendor counts them. */
  readonly marks: readonly string[]
  /** Who has to say yes: nobody, an approver, or it may never happen. */
  readonly needs: 'nothing' | 'approval' | 'never'
}

interface Made {
  readonly wish: Wish
  readonly call: Call
  readonly answer: Answer
  readonly died: boolean
}

test('in every run: never twice, never unasked, never untraced', async () => {
  const wrong: string[] = []
  const made: { seed: number; run: Run; calls: readonly Made[]; approved: ReadonlySet<string> }[] = []
  for (let seed = firstSeed; seed < firstSeed + seeds; seed += 1) made.push({ seed, ...(await play(seed)) })
  const executions = world.executions()
  for (const { seed, run, calls, approved } of made) {
    const found = [...run.violations, ...judge(calls, approved, executions), ...(await untraced(calls, run, executions))]
    wrong.push(...found.map((violation) => `seed ${seed}: ${violation}`))
  }
  expect(wrong.slice(0, 20).join('\n')).toBe('')
}, 240_000)

test('with nothing broken, what is allowed is done once, and what is asked is done when it is approved', async () => {
  const { calls } = await play(900_001, 0)
  const executions = world.executions()
  for (const { wish, answer } of calls) {
    // Of two at once, the other one hears that the same call is under way.
    const twin = answer.error?.code === 'conflict'
    if (wish.needs === 'nothing' && !twin)
      expect([wish.tool, wish.marks, answer.status]).toEqual([wish.tool, wish.marks, 'done'])
    for (const mark of wish.needs === 'never' ? [] : wish.marks) expect([mark, executions.get(mark)]).toEqual([mark, 1])
  }
})

test('after all that, every chain verifies', async () => {
  const results = await Promise.all((await world.store.tenants()).map((tenant) => verifyChain(world.store, tenant)))
  expect(results.filter(({ ok }) => !ok)).toEqual([])
})

async function play(seed: number, rate?: number) {
  world.mendVendor()
  const random = randomOf(seed)
  const run: Run = {
    random,
    rate: rate ?? random.pick([0, 0.02, 0.05, 0.15]),
    dead: false,
    now: new Date(Date.UTC(2026, 0, 1) + seed * 1000),
    version: world.versions.open,
    violations: [],
    lostEntries: new Set(),
    shutOut: new Set(),
  }
  const calls: Made[] = []
  const approved = new Set<string>()
  for (const wish of wishes(seed, run)) {
    const attempts = rate === 0 ? 2 : 1 + Math.floor(random.next() * 3)
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      run.dead = false
      run.version = world.versions.open
      run.shutOut.clear()
      if (run.rate > 0 && random.chance(0.2)) world.breakVendor(random.pick(['drop', '429', '500', '500-after'] as const))
      const twins = random.chance(0.25) ? 2 : 1
      const tried = await Promise.all(Array.from({ length: twins }, () => attemptOnce(seed, wish, run)))
      calls.push(...tried)
      const held = tried.find(({ answer }) => answer.status === 'held')
      if (held && (rate === 0 || random.chance(0.6))) await letGo(seed, held, run, approved)
      // Without a key, an equal call after the repeat window is a new one; with a key it never is.
      const later = 'idempotency_key' in wish.args ? 100_000 : 20_000
      run.now = new Date(run.now.getTime() + (random.chance(0.3) ? later : 500))
    }
  }
  return { run, calls, approved }
}

function wishes(seed: number, run: Run): Wish[] {
  const mark = (index: number) => `s${seed}w${index}`
  const key = (index: number) => (run.random.chance(0.5) ? { idempotency_key: `k-${seed}-${index}` } : {})
  const send = (index: number, desk: string, needs: Wish['needs'], more: object = {}): Wish => ({
    tool: 'desk_note_send',
    args: { desk, text: mark(index), ...key(index), ...more },
    marks: [`${mark(index)} ${desk}`],
    needs,
  })
  const all: Wish[] = [
    send(1, 'front', 'nothing'),
    send(2, 'outside', 'never'),
    send(3, 'back', 'approval'),
    send(4, 'front', 'never', { dry_run: true }),
    { ...send(5, 'front', 'nothing', { copy: 'side' }), marks: [`${mark(5)} front`, `${mark(5)} side`] },
    { tool: 'desk_note_list', args: {}, marks: [], needs: 'nothing' },
    { tool: 'rogue_plan_writes', args: { text: mark(6) }, marks: [`${mark(6)} front`], needs: 'never' },
    { tool: 'rogue_apply_strays', args: { text: mark(7) }, marks: [`${mark(7)} front`], needs: 'never' },
  ]
  return run.rate === 0 ? all : all.filter(() => run.random.chance(0.5))
}

async function attemptOnce(seed: number, wish: Wish, run: Run): Promise<Made> {
  const call: Call = {
    id: makeId('call', run.now),
    door: 'test',
    principal: { tenant: `seed-${seed}`, id: 'maya', roles: ['member'] },
    tool: wish.tool,
    arguments: wish.args,
    signal: new AbortController().signal,
  }
  const { answer } = await handle(call, world.services(run))
  return { wish, call, answer, died: run.dead }
}

async function letGo(seed: number, { wish, answer }: Made, run: Run, approved: Set<string>): Promise<void> {
  for (const mark of wish.marks) approved.add(mark)
  const lead = { tenant: `seed-${seed}`, id: 'lea', channel: 'terminal' } as const
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
async function untraced(calls: readonly Made[], run: Run, executions: ReadonlyMap<string, number>): Promise<string[]> {
  const wrong: string[] = []
  for (const { call, wish, died } of calls) {
    const kinds = (await world.store.entriesOf(call.id)).map(({ kind }) => kind)
    for (const kind of ['call.opened', 'call.closed']) {
      if (!died && !kinds.includes(kind) && !run.lostEntries.has(`${kind} ${call.id}`))
        wrong.push(`${wish.tool} has no ${kind}`)
    }
  }
  const tenant = calls[0]?.call.principal.tenant
  if (tenant === undefined) return wrong
  const operations = await world.store.operations({ tenant, limit: 1000 })
  const intents = new Set<string>()
  for await (const entry of world.store.entries(tenant)) {
    if (entry.kind === 'operation.intent') intents.add(text(entry.payload['operation']))
  }
  for (const operation of operations) {
    const happened = JSON.stringify(operation.args).includes('"text"') ? (executions.get(markOf(operation.args)) ?? 0) : 0
    if (happened > 0 && !intents.has(operation.id)) wrong.push(`${operation.id} happened without an intent`)
    const calm = world.services({ ...run, rate: 0, dead: false, version: world.versions.open })
    const whole = { ...calm, now: () => farFuture }
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
