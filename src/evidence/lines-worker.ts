// A thread that checks one stretch of an export.
import { parentPort, workerData } from 'node:worker_threads'
import { checkLines } from './check-lines.ts'
import type { LineRange } from './check-lines.ts'

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window and has no origin
parentPort!.postMessage(checkLines(workerData as LineRange))
