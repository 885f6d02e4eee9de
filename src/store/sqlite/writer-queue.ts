// The main thread's end of the writer: gathers requests while a batch is under way, and settles their promises.
import { getCompileCacheDir } from 'node:module'
import path from 'node:path'
import { setImmediate } from 'node:timers'
import { Worker } from 'node:worker_threads'
import { HubError } from '../../kit/error.ts'
import { isEnding } from './messages.ts'
import type { Broken, FromWriter, NoRoom, Refused, Reply, Request, ToWriter, WriterData } from './messages.ts'

/** Bounds how long one transaction holds the database. */
const batchMax = 1000
/** How long an entry that nobody waits for may wait for others to share its transaction with. */
const lingerMs = 10
/** More than this many waiting requests are refused: memory is bounded. */
const waitingMax = 20_000
/** The writer is looked after this often; after so many looks without any answer, what it was given counts as failed. */
const lookEveryMs = 250
const looksMax = 6
const restartAfterMs = 1000
const closeWaitMs = 5000

const silent =
  'The hub cannot record anything now: the disk of its database does not answer. It goes on by itself when it does.'
const stopped = 'The hub cannot record anything now: its writer stopped. It starts again by itself.'
const closed = 'The hub is shutting down and records nothing more.'
const full = 'The hub has more to record than its disk takes. Try again in a moment.'

interface Waiting {
  readonly request: Request
  readonly resolve: (reply: never) => void
  readonly reject: (error: Error) => void
}

/** Also by the name under which the compiler writes this folder. */
const writerUrl = new URL(`./writer${path.extname(import.meta.url)}`, import.meta.url)

export class WriterQueue {
  readonly #data: WriterData
  /** In the order in which they were asked. */
  #waiting: Waiting[] = []
  /** The batch that the writer is at, in the same order. */
  #underWay: readonly Waiting[] = []
  #sending = false
  /** Whether any of the waiting may not wait for company. */
  #urgent = false
  #lingering: NodeJS.Timeout | undefined
  #worker: Worker | undefined
  #broken: Broken | undefined
  #closing = false
  #looks = 0
  readonly #watch: NodeJS.Timeout
  readonly #onReady: () => void
  #onOpen: (() => void) | undefined
  #onBroken: ((broken: Broken) => void) | undefined
  #onIdle: (() => void) | undefined

  private constructor(data: WriterData, onReady: () => void) {
    this.#data = data
    this.#onReady = onReady
    this.#start()
    this.#watch = setInterval(() => this.#look(), lookEveryMs).unref()
  }

  /**
   * @param onReady called whenever the writer has opened the database, anew or again
   * @throws Error with a sentence when it cannot be opened
   */
  static async open(data: WriterData, onReady: () => void): Promise<WriterQueue> {
    const queue = new WriterQueue(data, onReady)
    try {
      await new Promise<void>((resolve, reject) => {
        queue.#onOpen = resolve
        queue.#onBroken = ({ sentence, cause }) => reject(new Error(`${sentence} (${data.file}: ${cause})`))
      })
    } catch (error) {
      await queue.close(() => undefined)
      throw error
    }
    queue.#onOpen = undefined
    queue.#onBroken = undefined
    return queue
  }

  /**
   * What the writer replies, once it is durable.
   *
   * @param when `soon`: it keeps its place in the line, but need not have the disk to itself
   * @throws HubError with a sentence when it is not
   */
  async ask<R extends Reply>(request: Request, when: 'now' | 'soon' = 'now'): Promise<R> {
    if (this.#closing) throw new HubError('overloaded', closed)
    if (this.#broken && !(this.#broken.endings && isEnding(request))) throw refusal(this.#broken)
    if (this.#waiting.length >= waitingMax) throw new HubError('overloaded', full)
    const reply = await new Promise<R | Refused | NoRoom>((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject })
      if (when === 'now' || this.#waiting.length >= batchMax) this.hurry()
      else this.#lingering ??= setTimeout(() => this.hurry(), lingerMs)
    })
    if (typeof reply === 'object' && 'refused' in reply) throw notRecordable(reply.refused)
    if (typeof reply === 'object' && 'noRoom' in reply) throw refusal(this.#broken ?? { sentence: full })
    return reply
  }

  /** Whatever waits for company goes now. */
  hurry(): void {
    if (this.#waiting.length === 0) return
    this.#urgent = true
    this.#sendSoon()
  }

  broken(): string | undefined {
    return this.#closing ? closed : this.#broken?.sentence
  }

  /**
   * Waits for what was asked for, but not for ever.
   *
   * @param letGo closes every other connection: the last one to close tidies the files up, and only the writer's can
   */
  async close(letGo: () => void): Promise<void> {
    if (this.#closing) return
    this.#closing = true
    if (!this.#idle()) {
      await this.#within((done) => {
        this.#onIdle = done
        this.hurry()
      })
    }
    letGo()
    const worker = this.#worker
    if (worker) {
      await this.#within((done) => {
        worker.once('exit', done)
        post(worker, 'close')
      })
      await worker.terminate()
    }
    clearInterval(this.#watch)
    this.#rejectAll(new HubError('overloaded', closed))
  }

  async #within(start: (done: () => void) => void): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, closeWaitMs)
      start(resolve)
    })
    clearTimeout(timer)
  }

  #start(): void {
    const worker = new Worker(writerUrl, { workerData: this.#data, env: writerEnvironment(), name: 'toolgate-store' })
    worker.on('message', (message: FromWriter) => this.#receive(message))
    worker.on('error', (error) => this.#lose(worker, error))
    worker.on('exit', () => this.#lose(worker, undefined))
    this.#worker = worker
  }

  /** At the end of this tick, so that one message takes all that it asked for. */
  #sendSoon(): void {
    if (this.#sending || this.#underWay.length > 0) return
    this.#sending = true
    setImmediate(() => {
      this.#sending = false
      if (this.#underWay.length === 0) this.#send()
    })
  }

  #send(): void {
    if (!this.#worker || this.#waiting.length === 0) return
    clearTimeout(this.#lingering)
    this.#lingering = undefined
    const batch = this.#waiting.length <= batchMax ? this.#waiting : this.#waiting.slice(0, batchMax)
    this.#waiting = this.#waiting.slice(batch.length)
    this.#urgent = this.#waiting.length > 0
    try {
      post(
        this.#worker,
        batch.map(({ request }) => request),
      )
      this.#underWay = batch
    } catch {
      this.#waiting = [...batch.filter(canBeSent), ...this.#waiting]
      this.hurry()
    }
  }

  #receive({ replies, broken, ready }: FromWriter): void {
    this.#looks = 0
    this.#broken = broken
    if (broken) {
      if (broken.endings) this.#rejectWaiting(refusal(broken), ({ request }) => !isEnding(request))
      else this.#rejectAll(refusal(broken))
      this.#onBroken?.(broken)
    }
    const settled = this.#underWay
    if (replies.length > 0) this.#underWay = []
    for (let index = 0; index < replies.length; index++) settled[index]?.resolve(replies[index] as never)
    if (ready) {
      this.#onReady()
      this.#onOpen?.()
    }
    if (this.#urgent) this.#send()
    if (this.#idle()) this.#onIdle?.()
  }

  #idle(): boolean {
    return this.#waiting.length + this.#underWay.length === 0
  }

  /** Counts looks, not time: while this thread itself is held up, answers may lie unread. */
  #look(): void {
    if (this.#underWay.length === 0 || ++this.#looks < looksMax) return
    this.#broken ??= { sentence: silent }
    // The batch stays under way until the writer speaks again, so that nothing more is sent; nobody waits for it any more.
    for (const { reject } of this.#underWay) reject(refusal(this.#broken))
    this.#rejectWaiting(refusal(this.#broken))
  }

  /** What was under way may or may not be durable; whoever asked hears that it failed. */
  #lose(worker: Worker, cause: unknown): void {
    if (worker !== this.#worker) return
    this.#worker = undefined
    this.#broken = { sentence: stopped, cause: String(cause) }
    this.#rejectAll(refusal(this.#broken))
    this.#onBroken?.(this.#broken)
    if (!this.#closing) setTimeout(() => this.#closing || this.#start(), restartAfterMs).unref()
  }

  #rejectAll(error: Error): void {
    const underWay = this.#underWay
    this.#underWay = []
    for (const { reject } of underWay) reject(error)
    this.#rejectWaiting(error)
    this.#onIdle?.()
  }

  #rejectWaiting(error: Error, which: (waiting: Waiting) => boolean = () => true): void {
    const rejected = this.#waiting.filter(which)
    this.#waiting = this.#waiting.filter((waiting) => !which(waiting))
    for (const { reject } of rejected) reject(error)
  }
}

/** No secret of this process; only where compiled code is kept, which a thread does not learn by itself. */
function writerEnvironment(): Record<string, string> {
  const cache = getCompileCacheDir()
  return cache === undefined ? {} : { NODE_COMPILE_CACHE: path.dirname(cache) }
}

function post(worker: Worker, message: ToWriter): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window and has no origin
  worker.postMessage(message)
}

/** Some things no other thread can be given, such as a function; whoever asked to record one hears so. */
function canBeSent({ request, reject }: Waiting): boolean {
  try {
    structuredClone(request)
    return true
  } catch (error) {
    reject(notRecordable(error instanceof Error ? error.message : String(error)))
    return false
  }
}

function refusal({ sentence, cause }: Broken): HubError {
  return new HubError('overloaded', sentence, { cause })
}

export function notRecordable(cause: string): HubError {
  return new HubError(
    'internal',
    'The hub could not record this: it is not valid JSON, or its id is taken. Nothing of it was recorded or done.',
    {
      cause,
    },
  )
}
