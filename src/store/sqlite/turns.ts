// How several processes take turns at one database, so that none of them starves.
import type { DatabaseSync } from 'node:sqlite'
import { isBusy } from './failure.ts'

/** After this long in the queue for the database a batch is refused: whoever waits hears of it within two seconds. */
const patienceMs = 1200
/** Once another process was seen to write, this long no batch follows the one before without a pause. */
const crowdedMs = 1000
/** Alone as it seems, a writer without a break still leaves a gap this often: those who wait can only show up in one. */
const unbrokenMs = 50
const gapMs = 2

export interface Turns {
  /** Sleeps as long as is fair to others; call it before a batch is gathered. */
  pause(): void
  /** Starts the transaction of a batch. @throws the error of SQLite when the database stays locked */
  begin(): void
  /** The transaction is over. */
  ended(): void
}

/** SQLite's own way of waiting backs off up to 100 ms, so that of four busy writers three hardly ever get in. */
export function takeTurns(database: DatabaseSync, seed: number): Turns {
  const random = randomFrom(seed)
  const beginImmediate = database.prepare('begin immediate')
  const version = database.prepare('pragma data_version')
  let seenVersion = versionNow()
  let crowdedUntil = 0
  let unbrokenSince = 0
  let endedAt = 0

  /** Changes exactly when another connection has written. */
  function versionNow(): unknown {
    return version.get()?.['data_version']
  }

  return {
    pause() {
      const now = performance.now()
      if (now < crowdedUntil) return sleep(endedAt + 0.3 + random() * 1.2 - now)
      if (now - endedAt > gapMs) unbrokenSince = now
      if (now - unbrokenSince < unbrokenMs) return
      sleep(gapMs)
      unbrokenSince = performance.now()
    },
    begin() {
      const giveUpAt = performance.now() + patienceMs
      for (;;) {
        try {
          beginImmediate.run()
          break
        } catch (error) {
          if (!isBusy(error) || performance.now() > giveUpAt) throw error
          crowdedUntil = performance.now() + crowdedMs
        }
        sleep(0.2 + random())
      }
      const foundVersion = versionNow()
      if (foundVersion !== seenVersion) crowdedUntil = performance.now() + crowdedMs
      seenVersion = foundVersion
    },
    ended() {
      endedAt = performance.now()
    },
  }
}

const never = new Int32Array(new SharedArrayBuffer(4))

/** Blocks the writer's own thread; nothing else runs on it. */
function sleep(ms: number): void {
  if (ms > 0) Atomics.wait(never, 0, 0, ms)
}

/** Numbers from 0 to 1 (xorshift32): processes need only not march in step. */
function randomFrom(seed: number): () => number {
  let state = seed | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}
