// What a failure of SQLite means, in sentences for whoever runs the hub.

// https://www.sqlite.org/rescode.html
const busy = 5
const locked = 6
const readOnly = 8
const ioError = 10
const corrupt = 11
const full = 13
const cannotOpen = 14
const notADatabase = 26

/** Codes that concern one statement only: what was asked does not fit, and the database is well. */
const ownFault: readonly (number | undefined)[] = [1, 18, 19, 20, 25]

/** Whether the request alone is wrong, so that the others of its batch can go on. */
export function isOwnFault(error: unknown): boolean {
  if (error instanceof Unusable) return false
  const code = primaryCode(error)
  return code === undefined || ownFault.includes(code)
}

export function isBusy(error: unknown): boolean {
  const code = primaryCode(error)
  return code === busy || code === locked
}

export function isFull(error: unknown): boolean {
  return primaryCode(error) === full
}

/** Why the database takes no changes now, and what can be done. Names no path: an agent may read it. */
export function whyBroken(error: unknown): string {
  if (error instanceof Unusable) return error.message
  switch (primaryCode(error)) {
    case busy:
    case locked:
      return 'The hub cannot record anything now: another process holds its database. It goes on by itself when that process lets go.'
    case readOnly:
      return 'The hub cannot record anything now: its database is read-only. It goes on by itself when the file and its folder can be written again.'
    case full:
      return 'The hub cannot record anything now: the disk of its database is full. It goes on by itself when there is space again.'
    case corrupt:
    case notADatabase:
      return 'The hub cannot record anything now: its database is damaged. Restore it from a backup; `toolgate audit verify` says how far it can be read.'
    case cannotOpen:
      return 'The hub cannot record anything now: its database cannot be opened. It goes on by itself when the file is there and can be written again.'
    case ioError:
      return 'The hub cannot record anything now: the disk of its database reports errors. It goes on by itself when writes succeed again.'
    default:
      return 'The hub cannot record anything now: its database refuses to write. The log says why.'
  }
}

/** The database is not what was written, as found by looking at it. */
export class Unusable extends Error {}

export const lost =
  'The hub cannot record anything now: its database no longer holds all that was recorded in it. Put the missing part back, or start the hub again to go on without it.'

function primaryCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return undefined
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined
}
