// The writer's thread: takes a batch into one transaction and answers when it is durable.
import { parentPort, workerData } from 'node:worker_threads'
import type { ChainHead } from '../../kit/chain.ts'
import { ballastBeside } from './ballast.ts'
import { openConnection } from './connection.ts'
import type { Connection } from './connection.ts'
import { isFull, whyBroken } from './failure.ts'
import { isEnding } from './messages.ts'
import type { Broken, FromWriter, Reply, Request, ToWriter, WriterData } from './messages.ts'

const probeEveryMs = 250
/** A process that only looks something up is gone by then. */
const ballastAfterMs = 1000

const port = parentPort!
const { file, seed, ballastBytes } = workerData as WriterData
const ballast = ballastBeside(file, ballastBytes)

/** What was answered as durable must still be there whenever the database is opened again. */
const heads = new Map<string, ChainHead>()
let identity: string | undefined
let connection: Connection | undefined
let probing: NodeJS.Timeout | undefined
/** Why nothing can be written; undefined when all is well. */
let broken: Broken | undefined

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
    post({ replies: connection.commit(requests), ...(broken && { broken }) })
  } catch (error) {
    if (isFull(error) && ballast.release()) return endOnly(requests, told(error))
    fail(error)
  }
}

/** The disk is full, but room was kept for this: what has begun is brought to its end, and nothing new begins. */
function endOnly(requests: readonly Request[], why: Broken): void {
  letGo()
  try {
    connection = openConnection(file, seed, { identity, heads })
    const ended = connection.commit(requests.filter(isEnding)).values()
    const replies = requests.map((request): Reply => (isEnding(request) ? ended.next().value! : { noRoom: true }))
    broken = { ...why, endings: true }
    post({ replies, broken })
    probing = setTimeout(regain, probeEveryMs)
  } catch (again) {
    fail(again)
  }
}

/** All is well only when the room for the next time is there again. */
function regain(): void {
  const why = broken
  if (!connection || !why) return
  if (!ballast.take()) {
    probing = setTimeout(regain, probeEveryMs)
    return
  }
  try {
    connection.probe()
    broken = undefined
    post({ replies: [], ready: true })
  } catch (error) {
    // There was room for the reserve alone, which is what had been given up.
    if (isFull(error) && ballast.release()) endOnly([], why)
    else fail(error)
  }
}

function open(): void {
  try {
    connection = openConnection(file, seed, { identity, heads })
    identity ??= connection.identity
    if (broken) {
      connection.probe()
      if (!ballast.take()) return endOnly([], broken)
    } else if (ballastBytes > 0) setTimeout(() => broken ?? ballast.take(), ballastAfterMs)
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
  broken = told(error)
  clearTimeout(probing)
  letGo()
  post({ replies: [], broken })
  probing = setTimeout(open, probeEveryMs)
}

function told(error: unknown): Broken {
  return { sentence: whyBroken(error), cause: String(error) }
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
