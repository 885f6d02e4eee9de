// The thread that searches the audit: bounded in time, newest first, from a place on.
import { DatabaseSync } from 'node:sqlite'
import type { SQLOutputValue } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'

export interface CallQuery {
  readonly tenant: string
  /** Entries before this place. */
  readonly before?: number | undefined
  readonly status?: string | undefined
  readonly tool?: string | undefined
  readonly principal?: string | undefined
  /** A part of anything that was recorded, as it stands there. */
  readonly text?: string | undefined
  readonly limit: number
}

export interface CallLines {
  readonly calls: readonly {
    readonly seq: number
    readonly call: string
    readonly at: string
    readonly tool: string
    readonly principal: string
    readonly status: string
    readonly ms: number
    readonly rule: string | undefined
    readonly operation: string | undefined
  }[]
  /** Where to look on; undefined at the beginning of the audit. */
  readonly next: number | undefined
  readonly searchedTo: string | undefined
}

export interface CountQuery {
  readonly tenant: string
  /** UTC, RFC 3339. */
  readonly since: string
  readonly until: string
  readonly bucketMs: number
  readonly by: 'tool' | 'principal' | 'instance'
}

const outcomes = ['done', 'previewed', 'held', 'denied', 'failed', 'unknown'] as const
type Outcome = (typeof outcomes)[number]

export interface Counts extends Readonly<Record<Outcome, number>> {
  readonly vendorErrors: number
  readonly p50: number
  readonly p95: number
}

export interface Counted {
  readonly buckets: readonly (Counts & { readonly at: number })[]
  readonly rows: readonly (Counts & { readonly name: string; readonly calls: number; readonly lastAt: string })[]
  /** Later than was asked, when there was too much to count. */
  readonly since: string
  readonly entries: number
}

/** How long one search may take, how many places it looks at between two looks at the clock, and the most that is counted. */
const searchMs = 100
const windowPlaces = 4000
const countedMax = 200_000

export interface TakenQuery {
  readonly keys: readonly { readonly key: string; readonly windowMs: number }[]
  /** Milliseconds since 1970. */
  readonly now: number
}

interface Question {
  readonly id: number
  readonly do: 'calls' | 'counted' | 'taken'
  readonly query: never
}

const port = parentPort
let database: DatabaseSync | undefined

port?.on('message', (question: Question) => {
  try {
    database ??= new DatabaseSync(String(workerData), { readOnly: true, timeout: 1000 })
    const value = { calls, counted, taken }[question.do](database, question.query)
    port.postMessage({ id: question.id, value })
  } catch (error) {
    port.postMessage({ id: question.id, error: String(error) })
  }
})

/** Rate limits: what was taken and still counts. */
function taken(open: DatabaseSync, { keys, now }: TakenQuery): readonly number[] {
  const count = open.prepare('select count(*) as count from taken where key = ? and at > ?')
  return keys.map(({ key, windowMs }) => Number(count.get(key, now - windowMs)?.['count'] ?? 0))
}

// A payload may have been erased, or be anything where somebody tampered with it.
const facts = `json_extract(case when json_valid(payload) then payload else '{}' end, '$.status', '$.tool', '$.principal', '$.ms', '$.rule', '$.operation', '$.vendor')`
const closed = `from audit where tenant = ? and seq < ? and seq >= ? and kind = 'call.closed'`

function calls(open: DatabaseSync, query: CallQuery): CallLines {
  const { tenant, limit } = query
  const began = performance.now()
  const found = open.prepare(`select seq, at, call, ${facts} as facts ${closed} ${filters(query)} order by seq desc limit ?`)
  const given = [query.status, query.tool, query.principal].filter((value) => value !== undefined)
  const text = query.text === undefined ? [] : [query.text]
  const lines: CallLines['calls'][number][] = []
  let upper = Math.min(query.before ?? Number.MAX_SAFE_INTEGER, lastPlace(open, tenant) + 1)
  while (upper > 1) {
    const lower = Math.max(1, upper - windowPlaces)
    const rows = found.all(tenant, upper, lower, ...given, ...text, limit - lines.length)
    lines.push(...rows.map(lineOf))
    if (lines.length >= limit) return pageOf(open, tenant, lines, Number(rows.at(-1)?.['seq']))
    upper = lower
    if (performance.now() - began > searchMs) break
  }
  return pageOf(open, tenant, lines, upper)
}

function filters(query: CallQuery): string {
  const field = (name: string) =>
    `and json_extract(case when json_valid(payload) then payload else '{}' end, '$.${name}') = ?`
  return [
    query.status === undefined ? '' : field('status'),
    query.tool === undefined ? '' : field('tool'),
    query.principal === undefined ? '' : field('principal'),
    query.text === undefined ? '' : 'and instr(lower(payload), lower(?)) > 0',
  ].join(' ')
}

function pageOf(open: DatabaseSync, tenant: string, lines: CallLines['calls'], lowest: number): CallLines {
  const at = open.prepare('select at from audit where tenant = ? and seq = ?').get(tenant, lowest)?.['at']
  return { calls: lines, next: lowest > 1 ? lowest : undefined, searchedTo: at === undefined ? undefined : String(at) }
}

function lineOf(row: Record<string, SQLOutputValue>): CallLines['calls'][number] {
  const [status, tool, principal, ms, rule, operation] = factsOf(row)
  return {
    seq: Number(row['seq']),
    call: String(row['call']),
    at: String(row['at']),
    tool: textOf(tool) ?? '(erased)',
    principal: textOf(principal) ?? '(erased)',
    status: textOf(status) ?? '(erased)',
    ms: Number(ms ?? 0),
    rule: textOf(rule),
    operation: textOf(operation),
  }
}

function counted(open: DatabaseSync, { tenant, since, until, bucketMs, by }: CountQuery): Counted {
  const last = lastPlace(open, tenant)
  const first = Math.max(firstPlaceSince(open, tenant, since, last), last - countedMax + 1)
  const start = Date.parse(since)
  const buckets = Array.from({ length: Math.max(1, Math.ceil((Date.parse(until) - start) / bucketMs)) }, () => new Tally())
  const rows = new Map<string, Tally>()
  let begins: string | undefined
  const statement = open.prepare(`select at, ${facts} as facts ${closed} order by seq`)
  for (const row of statement.iterate(tenant, last + 1, first)) {
    const at = String(row['at'])
    begins ??= at
    const [status, tool, principal, ms, , , vendor] = factsOf(row)
    const name = by === 'principal' ? String(principal) : by === 'instance' ? String(tool).split('_', 1)[0]! : String(tool)
    const tally = rows.get(name) ?? new Tally()
    rows.set(name, tally)
    const bucket = buckets[Math.min(buckets.length - 1, Math.max(0, Math.floor((Date.parse(at) - start) / bucketMs)))]
    for (const tallied of [tally, bucket]) tallied?.add(String(status), Number(ms ?? 0), vendorErrors(vendor), at)
  }
  return {
    buckets: buckets.map((tally, index) => ({ at: (start + index * bucketMs) / 1000, ...tally.counts() })),
    rows: [...rows]
      .map(([name, tally]) => ({ name, calls: tally.calls, lastAt: tally.lastAt, ...tally.counts() }))
      .sort((left, right) => right.calls - left.calls)
      .slice(0, 500),
    since: begins !== undefined && begins > since && first > 1 && first === last - countedMax + 1 ? begins : since,
    entries: Math.max(0, last - first + 1),
  }
}

/** Calls of one name or one stretch of time. */
class Tally {
  calls = 0
  lastAt = ''
  readonly #took: number[] = []
  readonly #counts = new Map<string, number>()
  #vendorErrors = 0

  add(status: string, ms: number, errors: number, at: string): void {
    this.calls += 1
    this.lastAt = at
    this.#took.push(ms)
    this.#counts.set(status, (this.#counts.get(status) ?? 0) + 1)
    this.#vendorErrors += errors
  }

  counts(): Counts {
    const took = Float64Array.from(this.#took).sort()
    const at = (part: number) => took[Math.min(took.length - 1, Math.floor(took.length * part))] ?? 0
    const of = (outcome: Outcome) => this.#counts.get(outcome) ?? 0
    return {
      done: of('done'),
      previewed: of('previewed'),
      held: of('held'),
      denied: of('denied'),
      failed: of('failed'),
      unknown: of('unknown'),
      vendorErrors: this.#vendorErrors,
      p50: at(0.5),
      p95: at(0.95),
    }
  }
}

/** Requests that the vendor did not answer, or answered with a fault or a limit. */
function vendorErrors(vendor: unknown): number {
  if (!Array.isArray(vendor)) return 0
  return vendor.filter(
    ({ status }: { status?: number | null }) => status === null || status === undefined || status >= 500 || status === 429,
  ).length
}

/** Times hardly ever go back, so the place is found by halving. */
function firstPlaceSince(open: DatabaseSync, tenant: string, since: string, last: number): number {
  const at = open.prepare('select at from audit where tenant = ? and seq = ?')
  let [low, high] = [1, last + 1]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (String(at.get(tenant, middle)?.['at'] ?? '') < since) low = middle + 1
    else high = middle
  }
  return low
}

function lastPlace(open: DatabaseSync, tenant: string): number {
  return Number(open.prepare('select max(seq) as seq from audit where tenant = ?').get(tenant)?.['seq'] ?? 0)
}

function factsOf(row: Record<string, SQLOutputValue>): readonly unknown[] {
  return JSON.parse(String(row['facts'])) as unknown[]
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
