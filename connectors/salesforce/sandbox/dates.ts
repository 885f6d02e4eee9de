// The spans of time that SOQL's date literals mean, in the org's time zone, which is UTC. Weeks begin on Sunday.
// https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_select_dateformats.htm

/** From its first moment up to, not including, its end. */
export interface Span {
  readonly start: number
  readonly end: number
}

const dayMs = 86_400_000

/** Undefined for a literal that the sandbox does not know. */
export function spanOf(literal: string, now: Date): Span | undefined {
  const today = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate())
  const [name = '', count] = literal.toUpperCase().split(':')
  const n = count === undefined ? undefined : Number(count)
  if (n !== undefined) return counted(name, n, today)
  const offset = { LAST: -1, THIS: 0, NEXT: 1 }[name.split('_')[0] ?? '']
  if (name === 'TODAY') return days(today, 0, 1)
  if (name === 'YESTERDAY') return days(today, -1, 0)
  if (name === 'TOMORROW') return days(today, 1, 2)
  return offset === undefined ? undefined : calendar(name.replace(/^(?:LAST|THIS|NEXT)_/, ''), offset, today)
}

function counted(name: string, n: number, today: number): Span | undefined {
  // Both the day that it begins with and the n days before it.
  if (name === 'LAST_N_DAYS') return days(today, -n, 1)
  if (name === 'NEXT_N_DAYS') return days(today, 1, n + 1)
  if (name === 'N_DAYS_AGO') return days(today, -n, -n + 1)
  return undefined
}

function calendar(unit: string, offset: number, today: number): Span | undefined {
  const date = new Date(today)
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()]
  if (unit === 'WEEK') return days(today - date.getUTCDay() * dayMs, offset * 7, (offset + 1) * 7)
  if (unit === 'MONTH') return { start: Date.UTC(year, month + offset, 1), end: Date.UTC(year, month + offset + 1, 1) }
  const quarter = Math.floor(month / 3) + offset
  if (unit === 'QUARTER') return { start: Date.UTC(year, quarter * 3, 1), end: Date.UTC(year, quarter * 3 + 3, 1) }
  if (unit === 'YEAR') return { start: Date.UTC(year + offset, 0, 1), end: Date.UTC(year + offset + 1, 0, 1) }
  return undefined
}

function days(from: number, first: number, end: number): Span {
  return { start: from + first * dayMs, end: from + end * dayMs }
}
