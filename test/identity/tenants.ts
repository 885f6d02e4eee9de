// `node test/identity/tenants.ts [--full] [--seed N]`: random calls of two tenants with the same people, ids and keys on one
// hub, approvals and repeats among them; how many answers hold anything of the other one.
import { parseArgs } from 'node:util'
import type { Answer } from '../../src/call/call.ts'
import { HubError } from '../../src/kit/error.ts'
import type { TestHub } from '../hub.ts'
import { approver, deskFolder, testHub } from '../hub.ts'
import { randomOf } from './random.ts'

const canaries = { larkfield: 'canary-of-larkfield-6f1', hollow: 'canary-of-hollow-9c4' } as const
type Tenant = keyof typeof canaries
const tenants = ['larkfield', 'hollow'] as const
const other = { larkfield: 'hollow', hollow: 'larkfield' } as const
const kinds = [
  'echo',
  'send',
  'repeat',
  'hold',
  'ask',
  'ask other',
  'approve',
  'approve other',
  'list',
  'view other',
] as const
const atOnce = 20

export interface Storm {
  readonly seed: number
  readonly answers: number
  /** Answers, and rows of the record, that hold the other's canary. */
  readonly foreign: number
  /** Operations of the other that were found, shown or decided. */
  readonly reached: number
  readonly statuses: Readonly<Record<string, number>>
}

/** Everybody is called lena and jonas, in both; larkfield is the tenant of the configuration. */
export async function storm(seed: number, wanted: number): Promise<Storm> {
  await using desk = await testHub({
    connectors: { desk: { uses: deskFolder, sandbox: true, tenants: [...tenants] } },
    policy:
      'rules:\n  - allow: "*"\n    who: role:member\n  - ask: desk_note_send\n    who: role:member\n    when: args.text.startsWith("hold")\n    approvers: role:lead\n    because: Look first.\n',
    config: { tenant: 'larkfield', approvals: { pendingMax: 100 } },
  })
  const random = randomOf(seed)
  const operations: Record<Tenant, string[]> = { larkfield: [], hollow: [] }
  const statuses: Record<string, number> = {}
  let [answers, foreign, reached] = [0, 0, 0]

  async function step(): Promise<void> {
    const tenant = random.pick(tenants)
    const what = random.pick(kinds)
    const whose = what.endsWith('other') ? other[tenant] : tenant
    const id = operations[whose].length === 0 ? 'op_000000000000' : random.pick(operations[whose].slice(-200))
    const key = `k${Math.floor(random.next() * 40)}`
    const said = await answerTo(desk, { tenant, what, id, key, own: canaries[tenant] })
    answers += 1
    statuses[said.status] = (statuses[said.status] ?? 0) + 1
    if (JSON.stringify(said).includes(canaries[other[tenant]])) foreign += 1
    if (what.endsWith('other') && said.status === 'done') reached += 1
    if (said.operation_id !== undefined && whose === tenant) operations[tenant].push(said.operation_id)
  }

  for (let asked = 0; asked < wanted; asked += atOnce) await Promise.all(Array.from({ length: atOnce }, step))
  for (const tenant of tenants) {
    const rows: unknown[] = [await desk.hub.store.operations({ tenant, limit: 10_000 })]
    for await (const entry of desk.hub.store.entries(tenant)) rows.push(entry)
    foreign += rows.filter((row) => JSON.stringify(row).includes(canaries[other[tenant]])).length
  }
  return { seed, answers, foreign, reached, statuses }
}

interface Step {
  readonly tenant: Tenant
  readonly what: (typeof kinds)[number]
  readonly id: string
  readonly key: string
  readonly own: string
}

async function answerTo(
  desk: TestHub,
  { tenant, what, id, key, own }: Step,
): Promise<Pick<Answer, 'status' | 'operation_id'>> {
  const call = (tool: string, args: object) => desk.call(tool, args, { tenant, id: 'lena', roles: ['member'] })
  const decide = async (work: () => Promise<unknown>) =>
    await work().then(
      (shown) => ({ status: 'done' as const, shown }),
      (error: unknown) => ({ status: 'failed' as const, shown: error instanceof HubError ? error.message : String(error) }),
    )
  const jonas = { ...approver('jonas', 'terminal'), tenant }
  switch (what) {
    case 'echo':
      return await call('desk_note_echo', { text: own })
    case 'send':
      return await call('desk_note_send', { desk: 'front', text: own, idempotency_key: `${key}-${Math.floor(key.length)}` })
    case 'repeat':
      return await call('desk_note_send', { desk: 'front', text: own, idempotency_key: key })
    case 'hold':
      return await call('desk_note_send', { desk: 'front', text: `hold ${own}`, idempotency_key: `h-${key}` })
    case 'ask':
    case 'ask other':
      return await call('operation_get', { id })
    case 'approve':
    case 'approve other':
      return await decide(async () => {
        const digest = (await desk.hub.store.operation(id))?.planDigest ?? ''
        return await desk.hub.approvals.approve(id, jonas, { digest })
      })
    case 'view other':
      // The desk of approvals is that of the tenant of the configuration: what is of the other is not there.
      if (tenant !== 'larkfield') return await call('operation_get', { id })
      return await decide(() => desk.hub.approvals.view(id))
    default:
      if (tenant !== 'larkfield') return await call('desk_note_echo', { text: own })
      return await decide(() => desk.hub.approvals.list())
  }
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({ options: { full: { type: 'boolean' }, seed: { type: 'string' } } })
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31))
  const { answers, foreign, reached, statuses } = await storm(seed, values.full ? 100_000 : 5000)
  console.log(`Seed ${seed}: ${answers} answers, foreign canaries ${foreign}, operations of the other reached ${reached}`)
  console.log(`${JSON.stringify(statuses)}; fewer than ${((3 / answers) * 100).toFixed(4)} % (3/n)`)
  if (foreign + reached > 0) process.exitCode = 1
}
