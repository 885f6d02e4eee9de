// Checks a whole export with several threads at once. Only `whole` or not: what is wrong is for a closer look.
import { stat } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import { joined } from '../kit/chain.ts'
import type { ChainHead } from '../kit/chain.ts'
import { checkLines } from './check-lines.ts'
import type { CheckedLines, LineRange } from './check-lines.ts'

export interface CheckedExport {
  readonly whole: boolean
  readonly tenant: string | undefined
  readonly head: ChainHead
  readonly heads: ReadonlyMap<number, string>
}

/** Below this a thread costs more than it brings. */
const rangeBytesMin = 16 * 1024 * 1024

/** @param counts places whose hashes are wanted */
export async function checkExport(file: string, counts: readonly number[]): Promise<CheckedExport> {
  const { size } = await stat(file)
  const parts = Math.max(1, Math.min(availableParallelism(), 8, Math.floor(size / rangeBytesMin)))
  const each = Math.ceil(size / parts)
  const ranges = Array.from({ length: parts }, (_, part): LineRange => {
    return { file, from: part * each, to: Math.min(size, (part + 1) * each), counts }
  })
  const checked = parts === 1 ? ranges.map(checkLines) : await Promise.all(ranges.map(checkedBeside))
  const tenants = new Set(checked.map(({ tenant }) => tenant))
  const chain = joined(checked)
  return { ...chain, whole: chain.whole && tenants.size === 1, tenant: checked[0]?.tenant }
}

async function checkedBeside(range: LineRange): Promise<CheckedLines> {
  const worker = new Worker(new URL(`./lines-worker${path.extname(import.meta.url)}`, import.meta.url), {
    workerData: range,
    env: {},
    name: 'toolgate-verify',
  })
  return await new Promise((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
}
