// A thread that checks one stretch of a chain.
import { parentPort, workerData } from 'node:worker_threads'
import { checkRange } from './check-range.ts'
import type { Range } from './check-range.ts'

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window and has no origin
parentPort!.postMessage(checkRange(workerData as Range))
