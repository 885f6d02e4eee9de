// Fills the disk of a file until nothing more goes there.
import { closeSync, openSync, writeSync } from 'node:fs'

export function fillDisk(file: string): void {
  const handle = openSync(file, 'w')
  try {
    for (;;) writeSync(handle, Buffer.alloc(16 * 1024, 1))
  } catch {
    closeSync(handle)
  }
}
