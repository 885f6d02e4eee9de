// The writer's thread: takes a batch into one transaction and answers when it is durable.
import { parentPort, workerData } from 'node:worker_threads'
import type { ChainHead } from '../../kit/chain.ts'
import { openConnection } from './connection.ts'
import type { Connection } from './connection.ts'
import { whyBroken } from './failure.ts'
import type { FromWriter, Request, ToWriter, WriterData } from './messages.ts'

const probeEveryMs = 250

const port = parentPort!
const { file, seed } = workerData as WriterData

/** What was answered as durable must still be there whenever the database is opened again. */
const heads = new Map<string, ChainHead>()
let identity: string | undefined
let connection: Connection | undefined
let probing: NodeJS.Timeout | undefined
/** Why nothing can be written; undefined when all is well. */
let broken: FromWriter['broken']

port.on('message', (message: ToWriter) => {
  if (message === 'close') return finish()
  return commit(message)
})
open()

function commit(requests: readonly Request[]): void {
  // Made while the news that the database is broken was on its way.
  if (!connection) return post({ replies: [], ...(broken && { broken }) })
  try {
    connection.turns.pause()
    connection.check()
    post({ replies: connection.commit(requests) })
  } catch (error) {
    fail(error)
  }
}

function open(): void {
  try {
    connection = openConnection(file, seed, { identity, heads })
    identity ??= connection.identity
    if (broken) connection.probe()
    broken = undefined
    post({ replies: [], ready: true })
  } catch (error) {
    fail(error)
  }
}

/**
 * After a failed write nobody knows which pages reached the disk, so that the connection is given up, and a new one
 * looks whether all that was promised is there.
 */
function fail(error: unknown): void {
  broken = { sentence: whyBroken(error), cause: String(error) }
  letGo()
  post({ replies: [], broken })
  probing = setTimeout(open, probeEveryMs)
}

function letGo(): void {
  for (const [tenant, head] of connection?.durable ?? []) heads.set(tenant, head)
  try {
    connection?.close()
  } catch {
    // It is of no use any more either way.
  }
  connection = undefined
}

function finish(): void {
  clearTimeout(probing)
  letGo()
  port.close()
}

function post(message: FromWriter): void {
  port.postMessage(message)
}
