// One write of each vendor, cut at every byte of its request and of its answer: what the hub says of it, and what is so.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Answer } from '../../src/call/call.ts'
import { resetSandbox } from '../../src/sandbox/admin.ts'
import { testHub } from '../hub.ts'
import type { Cut } from './proxy.ts'
import { everything, isWriteOf, vendorLab, writes } from './vendors.ts'
import type { WriteUnderTest } from './vendors.ts'

export interface Tally {
  readonly tool: string
  readonly requestBytes: number
  readonly responseBytes: number
  cuts: number
  /** Said `failed` while the vendor had done it. */
  wrongFailed: number
  /** Said `done` while the vendor had not, or had twice. */
  wrongDone: number
  /** Done more than once. */
  twice: number
  /** Cut before the first byte or after the last, and said `unknown` all the same. */
  needlesslyUnknown: number
  unknown: number
  /** Of those: known after the vendor was asked. */
  resolved: number
  /** Of those: the vendor's answer contradicted what is so. */
  wronglyResolved: number
  readonly examples: string[]
}

const chosen = ['jira_comment_add', 'sf_record_create', 'slack_message_send']

// IDEM-11
/** @param step 1 for every byte; more for a sample, which always has the first and the last ten */
export async function cutEveryByte(step: number): Promise<readonly Tally[]> {
  const tallies: Tally[] = []
  for (const write of writes.filter(({ name }) => chosen.includes(name))) tallies.push(await cutOne(write, step))
  return tallies
}

async function cutOne(write: WriteUnderTest, step: number): Promise<Tally> {
  const folder = mkdtempSync(path.join(tmpdir(), 'toolgate-bytes-'))
  const file = path.join(folder, 'vendors.db')
  let aheadMs = 0
  const now = () => new Date(Date.now() + aheadMs)
  const lab = await vendorLab(file, now)
  const hub = await testHub({ connectors: everything(), now, sandboxBase: lab.sandboxBase })
  const isWrite = isWriteOf(write)
  const example = write.tool.example as Record<string, unknown>
  let nth = 0
  const call = async (): Promise<Answer> => {
    nth += 1
    // Another text each time, so that no answer is that of a call before.
    const input = Object.fromEntries(
      Object.entries(example).map(([key, value]) => [
        key,
        isText(key, value) ? `${value} ${String(nth).padStart(6, '0')}` : value,
      ]),
    )
    return await hub.call(write.name, { ...input, idempotency_key: `cut-${nth}` })
  }

  const whole = lab.proxy.arm(isWrite)
  const first = await call()
  if (first.status !== 'done') throw new Error(`${write.name} is ${first.status} without a cut: ${first.message}`)
  const { request, response } = await whole
  const tally: Tally = {
    tool: write.name,
    requestBytes: request.length,
    responseBytes: response.length,
    cuts: 0,
    wrongFailed: 0,
    wrongDone: 0,
    twice: 0,
    needlesslyUnknown: 0,
    unknown: 0,
    resolved: 0,
    wronglyResolved: 0,
    examples: [],
  }

  async function meet(what: string, clean: boolean): Promise<void> {
    const before = lab.changes()
    const answer = await call()
    tally.cuts += 1
    await settled()
    const executions = lab.changes() - before
    const note = () => void tally.examples.push(`${what}: ${answer.status}, executed ${executions} times`)
    const wrong = judge(answer, executions, tally)
    if (answer.status === 'unknown') {
      tally.unknown += 1
      if (clean) tally.needlesslyUnknown += 1
      if (!(await resolve(answer, executions, tally))) note()
    }
    if (wrong || (clean && answer.status === 'unknown')) note()
    // Recorded requests and what they made would slow down every run after them.
    if (tally.cuts % 100 === 0) resetSandbox(file)
  }

  async function resolve(answer: Answer, executions: number, into: Tally): Promise<boolean> {
    aheadMs += (write.tool.settlesMs ?? 10 * 60_000) + 1_000
    const asked = await hub.call('operation_get', { id: answer.operation_id })
    const state = (asked.result as { state?: string } | undefined)?.state
    if (state === 'reconciled' || state === 'failed') into.resolved += 1
    const right = state === 'reconciled' ? executions === 1 : state === 'failed' ? executions === 0 : true
    if (!right) into.wronglyResolved += 1
    return right
  }

  try {
    for (const bytes of places(request.length, step)) {
      const cut: Cut = { at: 'request', bytes }
      void lab.proxy.arm(isWrite, cut)
      await meet(`request cut after ${bytes} of ${request.length} bytes`, false)
    }
    for (const bytes of places(response.length, step)) {
      void lab.proxy.arm(isWrite, { at: 'response', bytes })
      await meet(`answer cut after ${bytes} of ${response.length} bytes`, false)
    }
    for (let run = 0; run < 3; run += 1) {
      void lab.proxy.arm(isWrite)
      await meet('nothing cut', true)
      void lab.proxy.arm(isWrite, { at: 'late' })
      await meet('answer dropped, request late', false)
      await lab.proxy.refuse()
      await meet('nobody listens', true)
      await lab.proxy.accept()
    }
    return tally
  } finally {
    await hub.close()
    await lab.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

function judge(answer: Answer, executions: number, tally: Tally): boolean {
  const wrongFailed = answer.status === 'failed' && executions > 0
  const wrongDone = answer.status === 'done' && executions !== 1
  const twice = executions > 1
  if (wrongFailed) tally.wrongFailed += 1
  if (wrongDone) tally.wrongDone += 1
  if (twice) tally.twice += 1
  return wrongFailed || wrongDone || twice
}

/** What the vendor has on its way, it finishes. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 5))
}

function isText(key: string, value: unknown): value is string {
  return typeof value === 'string' && ['body', 'text', 'message', 'Name', 'subject'].includes(key)
}

/** The first and the last ten places, and every `step`th between. */
function places(length: number, step: number): readonly number[] {
  const all = Array.from({ length }, (_, place) => place)
  return all.filter((place) => place < 10 || place >= length - 10 || place % step === 0)
}
