// Room that is kept on the disk while all is well, so that on a full one the ends of what has begun can still be recorded.
import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, ftruncateSync, openSync, rmSync, statSync, writeSync } from 'node:fs'

export interface Ballast {
  /** Takes the room, where there is enough. Whether it is held now. */
  take(): boolean
  /** Gives it up. Whether there was any. */
  release(): boolean
}

const blockBytes = 256 * 1024
/** So much more must have been free: a disk that has just enough for the reserve is full. */
const spareBytes = 2 * 1024 * 1024

export function ballastBeside(file: string, bytes: number): Ballast {
  const name = `${file}-ballast`
  const held = () => (statSync(name, { throwIfNoEntry: false })?.size ?? 0) >= bytes
  const release = () => {
    if (bytes === 0 || statSync(name, { throwIfNoEntry: false }) === undefined) return false
    rmSync(name, { force: true })
    return true
  }
  return {
    take() {
      if (bytes === 0 || held()) return true
      try {
        fill(name, bytes)
        return true
      } catch {
        release()
        return false
      }
    },
    release() {
      try {
        return release()
      } catch {
        return false
      }
    },
  }
}

/** With chance, because a file system may keep nothing of what it can compress. */
function fill(name: string, bytes: number): void {
  const handle = openSync(name, 'w', 0o600)
  try {
    for (let written = 0; written < bytes + spareBytes;) written += writeSync(handle, randomBytes(blockBytes))
    ftruncateSync(handle, bytes)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
