// What the exit codes of every command mean; scripts rely on them.
import type { Status } from '../call/call.ts'

export const exitCodes = {
  done: 0,
  /** The command line, the configuration or a policy is wrong; nothing was called. */
  usage: 1,
  denied: 2,
  held: 3,
  failed: 4,
  unknown: 5,
} as const

/** Appended to the --help of every command that calls a tool. */
export const exitCodesHelp = `
Exit codes:
  0  done, or previewed
  1  the command line, the configuration or a policy is wrong; nothing was called
  2  denied by policy
  3  held until somebody approves
  4  failed: nothing happened
  5  unknown: it may have happened; do not repeat it, ask toolgate operations show ID`

/** Appended to the --help of the others. */
export const plainExitCodesHelp = `
Exit codes:
  0  done
  1  the command line, the configuration or a policy is wrong
  4  it was tried and did not succeed`

export function exitCodeOf(status: Status): number {
  return status === 'previewed' ? exitCodes.done : exitCodes[status]
}
