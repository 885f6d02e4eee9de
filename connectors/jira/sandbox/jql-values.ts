// The values of a query that have a syntax of their own: times and words.
import { badRequest } from './answer.ts'

const units: Readonly<Record<string, number>> = { w: 7 * 24 * 60, d: 24 * 60, h: 60, m: 1 }

/** `-5d`, `"-90m"`, `2026-01-31`, `2026/01/31 14:05`; in UTC, the time zone of the hub's account. */
export function relativeTo(now: Date, text: string, field: string): number {
  if (/^[+-]?(?:\d{1,9}[wdhm]\s*)+$/.test(text)) {
    const minutes = [...text.matchAll(/(\d+)([wdhm])/g)].reduce(
      (sum, [, count, unit = '']) => sum + Number(count) * (units[unit] ?? 0),
      0,
    )
    return now.getTime() + (text.startsWith('-') ? -1 : 1) * minutes * 60_000
  }
  const [, year, month, day, clock = '00:00'] = /^(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?: (\d{2}:\d{2}))?$/.exec(text) ?? []
  const at = Date.parse(`${year}-${month?.padStart(2, '0')}-${day?.padStart(2, '0')}T${clock}:00Z`)
  if (!Number.isNaN(at)) return at
  throw badRequest(
    `Date value '${text}' for field '${field}' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'.`,
  )
}

/** `startOfWeek(-1)`, `endOfDay()`: weeks begin on Monday, an offset without a unit is in that of the function. */
export function edgeOf(now: Date, name: string, [offset = '0', ...more]: readonly string[]): number | undefined {
  const [, side, unit] = /^(startof|endof)(day|week|month|year)$/.exec(name.toLowerCase()) ?? []
  const [, count, of] = /^([+-]?\d+)([yMwdhm]?)$/.exec(offset) ?? []
  if (unit === undefined || count === undefined || more.length > 0) return undefined
  const at = new Date(now)
  const moves: Readonly<Record<string, (by: number) => void>> = {
    y: (by) => at.setUTCFullYear(at.getUTCFullYear() + by),
    M: (by) => at.setUTCMonth(at.getUTCMonth() + by),
    w: (by) => at.setUTCDate(at.getUTCDate() + 7 * by),
    d: (by) => at.setUTCDate(at.getUTCDate() + by),
    h: (by) => at.setUTCHours(at.getUTCHours() + by),
    m: (by) => at.setUTCMinutes(at.getUTCMinutes() + by),
  }
  const own = { day: 'd', week: 'w', month: 'M', year: 'y' }[unit] ?? 'd'
  const floor = () => {
    at.setUTCHours(0, 0, 0, 0)
    if (unit === 'week') at.setUTCDate(at.getUTCDate() - ((at.getUTCDay() + 6) % 7))
    if (unit === 'month' || unit === 'year') at.setUTCDate(1)
    if (unit === 'year') at.setUTCMonth(0)
  }
  floor()
  moves[of === undefined || of === '' ? own : of]?.(Number(count))
  if (side === 'startof') return at.getTime()
  moves[own]?.(1)
  return at.getTime() - 1
}

/**
 * All words, whole or with a trailing `*`, or one phrase in quotes. Operators of Jira's text search beyond these are refused. Words
 * are not stemmed, which Jira does.
 */
export function textMatcher(query: string, field: string): (texts: readonly string[]) => boolean {
  const phrase = /^"([^"\\]+)"$/.exec(query.trim())?.[1]
  const rest = phrase ?? query
  if (/[+\-&|!(){}[\]^~?\\:"]|\*(?!\s|$)|(?:^|\s)\*|\b(?:AND|OR|NOT)\b/.test(rest) || wordsIn(rest).length === 0) {
    throw badRequest(`Unable to parse the text '${query}' for field '${field}'.`)
  }
  if (phrase !== undefined) {
    const wanted = ` ${wordsIn(phrase).join(' ')} `
    return (texts) => texts.some((text) => ` ${wordsIn(text).join(' ')} `.includes(wanted))
  }
  const wanted = rest.split(/\s+/).flatMap((part) => wordsIn(part).map((word) => ({ word, prefix: part.endsWith('*') })))
  return (texts) => {
    const words = texts.flatMap(wordsIn)
    return wanted.every(({ word, prefix }) => words.some((each) => (prefix ? each.startsWith(word) : each === word)))
  }
}

function wordsIn(text: string): readonly string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []
}
