// The hub's log: pino on standard error, loaded when there is something to say.
import { createRequire } from 'node:module'
import type * as Pino from 'pino'
import type { LogFn, Logger } from 'pino'
import type { Json } from '../kit/json.ts'

export type Log = Pick<Logger, 'error' | 'warn' | 'info'>

const levels = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace']
const require = createRequire(import.meta.url)

/** Writes at once: standard output belongs to the protocol, and a crash must not lose the last lines. */
export function standardErrorLog(level: string): Log {
  let opened: Logger | undefined
  const open = () => {
    if (opened) return opened
    const { pino } = require('pino') as typeof Pino
    const destination = pino.destination({ fd: 2, sync: true })
    // Standard error on a full disk, or closed: what is going on is not told, and goes on.
    destination.on('error', () => undefined)
    return (opened = pino({ level }, destination))
  }
  const at = (name: keyof Log): LogFn => {
    if (levels.indexOf(name) > levels.indexOf(level)) return () => undefined
    return (...said: Parameters<LogFn>) => open()[name](...said)
  }
  return { error: at('error'), warn: at('warn'), info: at('info') }
}

/**
 * The same log, without any secret that the hub knows: what vendors say goes there in their own words. It never throws: what
 * cannot be told must not change what becomes of a call.
 */
export function withoutSecrets(log: Log, scrub: <T extends Json>(value: T) => T): Log {
  const at = (name: keyof Log): LogFn => {
    return (...said: unknown[]) => {
      try {
        const shown = said.map((each) => hidden(each, scrub))
        Reflect.apply(log[name], log, shown)
      } catch {
        // Not even loaded, where no more files may be opened.
      }
    }
  }
  return { error: at('error'), warn: at('warn'), info: at('info') }
}

/** Errors may name each other as their causes in a circle. */
const depthMax = 8

function hidden(value: unknown, scrub: <T extends Json>(value: T) => T, depth = 0): unknown {
  if (typeof value === 'string') return scrub(value)
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  if (depth >= depthMax) return '[too deep]'
  if (Array.isArray(value)) return value.map((item) => hidden(item, scrub, depth + 1))
  if (value instanceof DOMException) return hidden(plainError(value), scrub, depth)
  const clean: Record<string, unknown> =
    value instanceof Error ? (Object.create(Object.getPrototypeOf(value) as object) as never) : {}
  for (const key of Object.getOwnPropertyNames(value)) {
    const shown = hidden((value as Record<string, unknown>)[key], scrub, depth + 1)
    const { enumerable } = Object.getOwnPropertyDescriptor(value, key)!
    Object.defineProperty(clean, scrub(key), {
      value: shown,
      enumerable: enumerable === true,
      configurable: true,
      writable: true,
    })
  }
  return clean
}

/** What the platform aborts with says its words by getters, which throw on everything that is made like it. */
function plainError({ name, message, stack, cause }: DOMException): Error {
  const plain = new Error(message, cause === undefined ? {} : { cause })
  return Object.assign(plain, { name, stack })
}
