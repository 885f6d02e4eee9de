// One batch of requests in one transaction: each entry gets its place in the chain, each operation its change.
import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { chainStart, entryHash, textHash } from '../../kit/chain.ts'
import type { ChainHead } from '../../kit/chain.ts'
import { canonical } from '../../kit/json.ts'
import { isOwnFault, lost, Unusable } from './failure.ts'
import { limitTaker } from './limit-taker.ts'
import type { Begin, Draft, Move, Place, PutAll, Reply, Request, Stored } from './messages.ts'
import { documentPutter } from './document-putter.ts'
import type { Step as PutStep } from './document-putter.ts'
import { eraser } from './eraser.ts'
import { insertedValues } from './rows.ts'
import type { OperationRow } from './rows.ts'
import type { Turns } from './turns.ts'

interface Prepared {
  readonly entry: Draft
  readonly payloadHash: string
}

/** A document was not at the version that the change was decided on. */
class OutOfDate extends Error {}

const unchanged: Stored = { fresh: false, row: undefined }

/** Runs inside the transaction. */
type Step = () => Reply

export interface Batches {
  /** Where each chain was when its last change became durable here. */
  readonly durable: ReadonlyMap<string, ChainHead>
  /** Durable when it returns. @throws the error of SQLite when nothing of the batch was done */
  commit(requests: readonly Request[]): Reply[]
}

export function openBatches(database: DatabaseSync, turns: Turns): Batches {
  const selectHead = database.prepare('select seq, hash from audit where tenant = ? order by seq desc limit 1')
  const insertEntry = database.prepare(
    'insert into audit (tenant, seq, prev, id, at, kind, call, payload_hash, hash, payload) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
  )
  const insertOperation = database.prepare(insertOperationSql)
  const selectByIdentity = database.prepare(
    'select * from operation where tenant = ? and principal = ? and instance = ? and tool = ? and key = ?',
  )
  const updateOperation = database.prepare(updateOperationSql)
  const savepoint = database.prepare('savepoint one')
  const release = database.prepare('release one')
  const rollbackOne = database.prepare('rollback to one')
  const commitAll = database.prepare('commit')
  const take = limitTaker(database)
  const putter = documentPutter(database)
  const erase = eraser(database)

  const durable = new Map<string, ChainHead>()
  const heads = new Map<string, ChainHead>()

  /** Another process may have written since the last batch, so each one looks anew. */
  function head(tenant: string): ChainHead {
    const known = heads.get(tenant)
    if (known) return known
    const found = (selectHead.get(tenant) as unknown as ChainHead | undefined) ?? chainStart
    if (found.seq < (durable.get(tenant)?.seq ?? 0)) throw new Unusable(lost)
    heads.set(tenant, found)
    return found
  }

  function append({ entry, payloadHash }: Prepared): Place {
    const [tenant, id, at, kind, call, payload] = entry
    const before = head(tenant)
    const place = { seq: before.seq + 1, prev: before.hash, payload_hash: payloadHash }
    const hash = entryHash({ tenant, id, at, kind, call, ...place })
    insertEntry.run(tenant, place.seq, place.prev, id, at, kind, call ?? null, payloadHash, hash, payload)
    heads.set(tenant, { seq: place.seq, hash })
    return { ...place, hash }
  }

  function begin({ operation }: Begin, values: readonly SQLInputValue[], entry: Prepared, puts: readonly PutStep[]): Stored {
    if (insertOperation.run(...values).changes === 1) {
      if (!puts.every((put) => put())) throw new OutOfDate()
      append(entry)
      return { fresh: true, row: undefined }
    }
    const { tenant, principal, instance, tool, key } = operation
    const row = selectByIdentity.get(tenant, principal, instance, tool, key) as unknown as OperationRow
    return { fresh: false, row }
  }

  function move(values: Record<string, SQLInputValue>, entry: Prepared, puts: readonly PutStep[]): Stored {
    const row = updateOperation.get(values) as unknown as OperationRow | undefined
    if (!row) return unchanged
    if (!puts.every((put) => put())) throw new OutOfDate()
    append(entry)
    return { fresh: true, row }
  }

  function putAll(entry: Prepared | undefined, puts: readonly PutStep[]): Reply {
    if (!puts.every((put) => put())) throw new OutOfDate()
    if (entry) append(entry)
    return { put: true }
  }

  /** All of it or nothing, within the transaction of the others. */
  function whole(step: Step, outOfDate: Reply): Reply {
    savepoint.run()
    try {
      return step()
    } catch (error) {
      if (database.isTransaction) rollbackOne.run()
      if (error instanceof OutOfDate) return outOfDate
      throw error
    } finally {
      if (database.isTransaction) release.run()
    }
  }

  /** What can be wrong with a request alone is found before the database is locked. */
  function prepare(request: Request): Step {
    switch (request.do) {
      case 'append': {
        const prepared = prepareEntry(request.entry)
        return () => append(prepared)
      }
      case 'begin': {
        const values = insertedValues(request.operation)
        const prepared = prepareEntry(request.entry)
        const puts = request.also.map(putter)
        return () => whole(() => begin(request, values, prepared, puts), unchanged)
      }
      case 'move': {
        const values = movedValues(request)
        const prepared = prepareEntry(request.entry)
        const puts = request.also.map(putter)
        return () => whole(() => move(values, prepared, puts), unchanged)
      }
      case 'put':
        return preparePut(request)
      case 'erase': {
        const prepared = prepareEntry(request.entry)
        return () => {
          erase(request.erasure)
          return append(prepared)
        }
      }
      default:
        return () => take(request)
    }
  }

  function preparePut({ puts, entry }: PutAll): Step {
    const prepared = entry && prepareEntry(entry)
    const steps = puts.map(putter)
    return () => whole(() => putAll(prepared, steps), { put: false })
  }

  function commit(requests: readonly Request[]): Reply[] {
    const steps = requests.map((request) => alone(() => prepare(request)))
    heads.clear()
    turns.begin()
    try {
      const replies = steps.map((step) => (typeof step === 'function' ? alone(step) : step))
      commitAll.run()
      for (const [tenant, last] of heads) durable.set(tenant, last)
      return replies
    } catch (error) {
      // SQLite has often done this itself, as when the disk is full.
      if (database.isTransaction) database.exec('rollback')
      throw error
    } finally {
      turns.ended()
    }
  }

  return { durable, commit }
}

const insertOperationSql = `
  insert into operation (id, tenant, principal, instance, tool, key, state, fence, args_digest, plan_digest, args, plan, details,
    answer, read_at, created_at, updated_at, deadline_at, history)
  values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  on conflict (tenant, principal, instance, tool, key) do nothing`

// The history keeps its first state and the last ones: a key that is taken up again for ever must not grow for ever.
const updateOperationSql = `
  update operation set
    state = :to,
    fence = fence + 1,
    updated_at = :at,
    deadline_at = coalesce(:deadline, deadline_at),
    answer = coalesce(:answer, answer),
    details = coalesce(:details, details),
    plan = coalesce(:plan, plan),
    plan_digest = coalesce(:plan_digest, plan_digest),
    read_at = coalesce(:read_at, read_at),
    history = json_insert(
      case when json_array_length(history) < 200 then history else json_remove(history, '$[1]') end,
      '$[#]', json_object('state', :to, 'at', :at))
  where id = :id and fence = :fence and state in (select value from json_each(:from))
  returning *`

function prepareEntry(entry: Draft): Prepared {
  return { entry, payloadHash: textHash(entry[5]) }
}

function movedValues({ change }: Move): Record<string, SQLInputValue> {
  const text = (value: object | undefined) => (value === undefined ? null : canonical(value))
  return {
    to: change.to,
    at: change.at,
    deadline: change.deadlineAt ?? null,
    answer: text(change.answer),
    details: text(change.details),
    plan: text(change.plan),
    plan_digest: change.planDigest ?? null,
    read_at: change.readAt ?? null,
    id: change.id,
    fence: change.fence,
    from: canonical(change.from),
  }
}

/** The reply of one request; what is wrong with it alone is its reply. */
function alone<T>(step: () => T): T | { readonly refused: string } {
  try {
    return step()
  } catch (error) {
    if (isOwnFault(error)) return { refused: error instanceof Error ? error.message : String(error) }
    throw error
  }
}
