// The hub's log: pino on standard error, loaded when there is something to say.
import { createRequire } from 'node:module'
import type * as Pino from 'pino'
import type { LogFn, Logger } from 'pino'

export type Log = Pick<Logger, 'error' | 'warn' | 'info'>

const levels = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace']
const require = createRequire(import.meta.url)

/** Writes at once: standard output belongs to the protocol, and a crash must not lose the last lines. */
export function standardErrorLog(level: string): Log {
  let opened: Logger | undefined
  const open = () => {
    const { pino } = require('pino') as typeof Pino
    return (opened ??= pino({ level }, pino.destination({ fd: 2, sync: true })))
  }
  const at = (name: keyof Log): LogFn => {
    if (levels.indexOf(name) > levels.indexOf(level)) return () => undefined
    return (...said: Parameters<LogFn>) => open()[name](...said)
  }
  return { error: at('error'), warn: at('warn'), info: at('info') }
}
