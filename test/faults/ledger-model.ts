// The ledger against a model of it: random sequences of steps by two processes on one file, each on what it last saw.
import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import * as fc from 'fast-check'
import type { OperationState } from '../../src/kit/record.ts'
import { openPeer } from './ledger-peer.ts'
import type { Outcome, Peer, Result, Step } from './ledger-peer.ts'

export interface ModelTally {
  readonly seed: number
  readonly sequences: number
  readonly steps: number
  /** Steps that the ledger let through, and those that it refused. */
  readonly taken: number
  readonly refused: number
  readonly sends: number
}

type Who = 0 | 1

interface Entry {
  readonly who: Who
  readonly step: { readonly do: Step['do']; readonly key: 'a' | 'b'; readonly args: 'x' | 'y'; readonly outcome: Outcome }
}

const entries: fc.Arbitrary<readonly Entry[]> = fc.array(
  fc.record({
    who: fc.constantFrom<Who>(0, 1),
    step: fc.record({
      do: fc.constantFrom<Step['do']>('begin', 'begin', 'send', 'send', 'finish', 'overdue'),
      key: fc.constantFrom('a', 'b'),
      args: fc.constantFrom('x', 'x', 'x', 'y'),
      outcome: fc.constantFrom<Outcome>('succeeded', 'failed', 'unknown'),
    }),
  }),
  { minLength: 1, maxLength: 12 },
)

/** @throws the shrunken sequence in which the ledger did not do what the model says */
export async function ledgerAgainstModel(sequences: number, seed = Date.now() % 2 ** 31): Promise<ModelTally> {
  // In memory where there is such a place: what is asked here is the order of things, not the disk.
  const folder = mkdtempSync(path.join(process.platform === 'linux' ? '/dev/shm' : tmpdir(), 'toolgate-model-'))
  const file = path.join(folder, 'toolgate.db')
  const peers: readonly [Peer, Peer] = [await openPeer(file, 'one'), await forkPeer(file, 'two')]
  const tally = { seed, sequences: 0, steps: 0, taken: 0, refused: 0, sends: 0 }
  let nth = 0
  try {
    await fc.assert(
      fc.asyncProperty(entries, async (sequence) => {
        nth += 1
        tally.sequences += 1
        const model = new Model()
        for (const { who, step } of sequence) {
          const asked = { ...step, key: `${nth}-${step.key}` }
          const result = await peers[who].step(asked)
          const expected = model.step(who, asked)
          tally.steps += 1
          if (result === 'refused') tally.refused += 1
          else tally.taken += 1
          if (JSON.stringify(result) !== JSON.stringify(expected))
            throw new Error(`${who} ${JSON.stringify(asked)} is ${JSON.stringify(result)}, not ${JSON.stringify(expected)}`)
        }
        tally.sends += model.sends
      }),
      { numRuns: sequences, seed },
    )
    return tally
  } finally {
    for (const peer of peers) await peer.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Modelled {
  state: OperationState
  fence: number
  readonly args: string
  /** Since the last definite failure: never more than one. */
  sends: number
}

/** What the ledger promises, in as few words as possible. */
class Model {
  readonly #operations = new Map<string, Modelled>()
  /** The fence that each process last saw. */
  readonly #views: readonly [Map<string, number>, Map<string, number>] = [new Map(), new Map()]
  sends = 0

  step(who: Who, step: Step & { args: string; outcome: Outcome }): Result {
    const operation = this.#operations.get(step.key)
    if (step.do === 'begin') return this.#begin(who, step.key, step.args, operation)
    if (step.do === 'overdue') return this.#overdue(operation)
    const seen = this.#views[who].get(step.key)
    if (seen === undefined || !operation) return 'nothing'
    if (step.do === 'send') return this.#send(who, step.key, operation, seen)
    const open = operation.state === 'intent' || operation.state === 'sending'
    if (!open || operation.fence !== seen) return 'refused'
    if (step.outcome === 'failed') operation.sends = 0
    return this.#to(who, step.key, operation, step.outcome)
  }

  #begin(who: Who, key: string, args: string, operation: Modelled | undefined): Result {
    if (!operation) {
      const fresh: Modelled = { state: 'intent', fence: 1, args, sends: 0 }
      this.#operations.set(key, fresh)
      this.#views[who].set(key, 1)
      return { state: 'intent', fence: 1 }
    }
    if (operation.state !== 'failed' || operation.args !== args) return 'refused'
    return this.#to(who, key, operation, 'intent')
  }

  #send(who: Who, key: string, operation: Modelled, seen: number): Result {
    if (operation.state !== 'intent' || operation.fence !== seen) return 'refused'
    operation.sends += 1
    this.sends += 1
    if (operation.sends > 1) throw new Error('The model itself lets an operation be sent twice.')
    return this.#to(who, key, operation, 'sending')
  }

  #overdue(operation: Modelled | undefined): Result {
    if (!operation) return 'nothing'
    if (operation.state === 'intent') Object.assign(operation, { state: 'failed', fence: operation.fence + 1 })
    if (operation.state === 'sending') Object.assign(operation, { state: 'unknown', fence: operation.fence + 1 })
    return { state: operation.state, fence: operation.fence }
  }

  #to(who: Who, key: string, operation: Modelled, state: OperationState): Result {
    operation.state = state
    operation.fence += 1
    this.#views[who].set(key, operation.fence)
    return { state, fence: operation.fence }
  }
}

async function forkPeer(file: string, name: string): Promise<Peer> {
  const child = fork(fileURLToPath(new URL('./ledger-peer.ts', import.meta.url)), ['peer', file, name])
  await new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve())
    child.once('exit', (code) => reject(new Error(`The second process ended with ${code}.`)))
  })
  let n = 0
  return {
    async step(step) {
      n += 1
      const mine = n
      const answered = new Promise<Result>((resolve) => {
        const hear = (message: { readonly n: number; readonly result: Result }) => {
          if (message.n !== mine) return
          child.off('message', hear)
          resolve(message.result)
        }
        child.on('message', hear)
      })
      child.send({ n: mine, step })
      return await answered
    },
    async close() {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.send('close')
      await ended
    },
  }
}
