// What every store promises, whatever database it is on.
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { verifyChain } from '../../src/call/verify.ts'
import { chainStart } from '../../src/kit/chain.ts'
import { digest } from '../../src/kit/json.ts'
import { operationStates } from '../../src/kit/record.ts'
import type { Operation, OperationState, Store } from '../../src/kit/record.ts'
import { documentContract } from './documents.ts'
import { collect, draft, identityOf, newId, operation } from './records.ts'

/** @param open opens the same, at first empty, database at every call */
export function storeContract(name: string, open: () => Promise<Store>): void {
  describe(`${name}: the audit`, () => {
    auditContract(open)
  })
  describe(`${name}: the ledger`, () => {
    ledgerContract(open)
  })
  describe(`${name}: documents`, () => {
    documentContract(open)
  })
  describe(`${name}: limits`, () => {
    limitContract(open)
  })
}

const at = '2026-11-22T10:00:05.000Z'

function opened(open: () => Promise<Store>): () => Store {
  let store: Store
  beforeAll(async () => void (store = await open()))
  afterAll(async () => store.close())
  return () => store
}

function auditContract(open: () => Promise<Store>): void {
  const store = opened(open)

  // AUD-18
  test('entries keep the order in which they were given, without a gap, each bound to the one before', async () => {
    const tenant = newId('tenant')
    const drafts = Array.from({ length: 2500 }, (_, n) => draft({ tenant, payload: { n } }))
    const appended = await Promise.all(drafts.map((entry) => store().append(entry)))
    const kept = await collect(store().entries(tenant))
    expect(kept).toEqual(appended)
    expect(kept.map(({ id }) => id)).toEqual(drafts.map(({ id }) => id))
    expect(kept.map(({ seq }) => seq)).toEqual(drafts.map((_, n) => n + 1))
    expect(kept.map(({ prev }) => prev)).toEqual([chainStart.hash, ...kept.slice(0, -1).map(({ hash }) => hash)])
  })

  test('an entry has the hashes that its documentation says', async () => {
    const { hash, payload, ...hashed } = await store().append(draft({ call: newId('call') }))
    expect(hash).toBe(digest(hashed))
    expect(hashed.payload_hash).toBe(digest(payload))
    const { hash: without, payload: _, ...rest } = await store().append(draft({ call: undefined }))
    expect(without).toBe(digest(rest))
  })

  // TEN-10
  test('each tenant has a chain of its own', async () => {
    const [one, two] = [newId('tenant'), newId('tenant')]
    const tenants = [one, two, two, one, two]
    const appended = await Promise.all(tenants.map((tenant) => store().append(draft({ tenant }))))
    expect(appended.map(({ seq }) => seq)).toEqual([1, 1, 2, 2, 3])
    expect(await store().tenants()).toEqual(expect.arrayContaining([one, two]))
    expect(await verifyChain(store(), one)).toMatchObject({ ok: true, entries: 2 })
    expect(await verifyChain(store(), two)).toMatchObject({ ok: true, entries: 3 })
  })

  test('an acknowledged entry is read at once, by its call, as the newest, and from its place on', async () => {
    const tenant = newId('tenant')
    const call = newId('call')
    await store().append(draft({ tenant }))
    const first = await store().append(draft({ tenant, call, kind: 'call.opened' }))
    const second = await store().append(draft({ tenant, call }))
    expect(await store().entriesOf(call)).toEqual([first, second])
    expect(await store().recent(tenant, 2)).toEqual([second, first])
    expect(await store().recent(tenant, 0)).toEqual([])
    expect(await collect(store().entries(tenant, 2))).toEqual([first, second])
    expect(await collect(store().entries(newId('nobody')))).toEqual([])
  })

  test('what is not JSON is refused alone; the entries beside it are recorded', async () => {
    const tenant = newId('tenant')
    const bad: unknown[] = [Number.NaN, '\ud800', 1n, new Date(0), () => 1, Symbol('no'), new Map()]
    const drafts = bad.flatMap((value) => [draft({ tenant }), draft({ tenant, payload: { value: value as never } })])
    const results = await Promise.allSettled(drafts.map((entry) => store().append(entry)))
    expect(results.map(({ status }) => status)).toEqual(bad.flatMap(() => ['fulfilled', 'rejected']))
    expect(await verifyChain(store(), tenant)).toMatchObject({ ok: true, entries: bad.length })
    expect(store().broken()).toBeUndefined()
  })

  test('any JSON comes back as it was', async () => {
    const tenant = newId('tenant')
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue({ stringUnit: 'grapheme' })),
        async (value) => {
          const payload = { ...value } as never
          const { seq } = await store().append(draft({ tenant, payload }))
          const [kept] = await store().recent(tenant, 1)
          expect(kept?.seq).toBe(seq)
          expect(digest(kept?.payload)).toBe(digest(payload))
        },
      ),
      { numRuns: 100 },
    )
    expect(await verifyChain(store(), tenant)).toMatchObject({ ok: true })
  })
}

function ledgerContract(open: () => Promise<Store>): void {
  const store = opened(open)

  test('an operation comes back as it was begun, with its entry in the audit', async () => {
    const fresh = operation({ answer: { status: 'held' }, readAt: at })
    const entry = draft({ call: newId('call') })
    expect(await store().begin(fresh, entry)).toEqual({ fresh: true, operation: fresh })
    expect(await store().operation(fresh.id)).toEqual(fresh)
    expect(await store().byKey(identityOf(fresh))).toEqual(fresh)
    expect(await store().entriesOf(entry.call!)).toMatchObject([{ id: entry.id }])
    expect(await store().operation('nothing')).toBeUndefined()
  })

  // IDEM-17: no lock beside the database: its own constraint decides.
  test('of many equal calls at once one begins, the others get its operation, and only its entry is written', async () => {
    const key = newId('key')
    const call = newId('call')
    const rivals = Array.from({ length: 50 }, () => operation({ key }))
    const begun = await Promise.all(rivals.map((rival) => store().begin(rival, draft({ call }))))
    expect(begun.map(({ fresh }) => fresh)).toEqual([true, ...Array.from({ length: 49 }, () => false)])
    for (const { operation: found } of begun) expect(found).toEqual(rivals[0])
    expect(await store().entriesOf(call)).toHaveLength(1)
  })

  // TEN-03, TEN-05, TEN-09: the store is SQLite, which has no row-level rules; this is the query.
  test('the same key of another tenant, person, instance or tool is another operation', async () => {
    const key = newId('key')
    const others = [{}, { tenant: 'b' }, { principal: 'b' }, { instance: 'b' }, { tool: 'b' }]
    const begun = await Promise.all(others.map((parts) => store().begin(operation({ key, ...parts }), draft())))
    expect(begun.map(({ fresh }) => fresh)).toEqual(others.map(() => true))
  })

  test('a taken id is refused and leaves no entry', async () => {
    const first = operation()
    await store().begin(first, draft())
    const call = newId('call')
    await expect(store().begin(operation({ id: first.id }), draft({ call }))).rejects.toThrow('could not record this')
    expect(await store().entriesOf(call)).toEqual([])
    expect(await store().operation(first.id)).toEqual(first)
  })

  test('an operation whose entry cannot be recorded is not begun and not moved', async () => {
    const bad = draft({ payload: { n: Number.POSITIVE_INFINITY } })
    const unbegun = operation()
    await expect(store().begin(unbegun, bad)).rejects.toThrow('could not record this')
    await expect(store().begin(unbegun, draft({ id: undefined as never }))).rejects.toThrow('could not record this')
    expect(await store().operation(unbegun.id)).toBeUndefined()
    const begun = operation()
    await store().begin(begun, draft())
    const change = { id: begun.id, from: ['intent'], fence: 1, to: 'sending', at } as const
    await expect(store().move(change, bad)).rejects.toThrow('could not record this')
    await expect(store().move(change, draft({ id: undefined as never }))).rejects.toThrow('could not record this')
    expect(await store().operation(begun.id)).toEqual(begun)
    expect(await store().move(change, draft())).toMatchObject({ state: 'sending', fence: 2 })
  })

  test('a move changes what it names, keeps the rest, and remembers where the operation was', async () => {
    const begun = operation({ state: 'held', history: [{ state: 'held', at: '2026-11-22T10:00:00.000Z' }] })
    await store().begin(begun, draft())
    const parts = {
      deadlineAt: '2026-11-23T00:00:00.000Z',
      answer: { status: 'done' },
      details: { by: 'jonas' },
      plan: { x: 1 },
    }
    const rest = { planDigest: 'c'.repeat(64), readAt: at }
    const moved = await store().move(
      { id: begun.id, from: ['intent', 'held'], fence: 1, to: 'succeeded', at, ...parts, ...rest },
      draft(),
    )
    const history = [...begun.history, { state: 'succeeded', at }]
    expect(moved).toEqual({ ...begun, ...parts, ...rest, state: 'succeeded', fence: 2, updatedAt: at, history })
    expect(await store().operation(begun.id)).toEqual(moved)
    const again = await store().move({ id: begun.id, from: ['succeeded'], fence: 2, to: 'undone', at }, draft())
    expect(again).toEqual({ ...moved, state: 'undone', fence: 3, history: [...history, { state: 'undone', at }] })
  })

  test('of many moves on one view one happens; an old view, another state or an unknown id changes nothing', async () => {
    const begun = operation()
    const call = newId('call')
    await store().begin(begun, draft())
    const change = { id: begun.id, from: ['intent', 'sending'], fence: 1, to: 'sending', at } as const
    const moves = await Promise.all(Array.from({ length: 20 }, () => store().move(change, draft({ call }))))
    expect(moves.filter((moved) => moved !== undefined)).toHaveLength(1)
    expect(await store().entriesOf(call)).toHaveLength(1)
    for (const wrong of [
      { fence: 1 },
      { from: ['held'] as const, fence: 2 },
      { from: [], fence: 2 },
      { id: 'nothing', fence: 2 },
    ]) {
      expect(await store().move({ ...change, ...wrong }, draft({ call }))).toBeUndefined()
    }
    expect(await store().entriesOf(call)).toHaveLength(1)
  })

  test('a key that is taken up again for ever does not grow for ever', async () => {
    const begun = operation()
    await store().begin(begun, draft())
    for (let fence = 1; fence <= 300; fence++) {
      await store().move({ id: begun.id, from: ['intent'], fence, to: 'intent', at: `at ${fence}` }, draft())
    }
    const { history } = (await store().operation(begun.id))!
    expect(history).toHaveLength(200)
    expect([history[0], history.at(-1)]).toEqual([begun.history[0], { state: 'intent', at: 'at 300' }])
  })

  test('the newest with these arguments is found whatever its key, and lists are newest first', async () => {
    const tenant = newId('tenant')
    const argsDigest = newId('digest')
    // The clock went back in between: the order is the order of the inserts.
    const first = operation({ tenant, argsDigest, createdAt: '2026-11-22T12:00:00.000Z' })
    const second = operation({ tenant, argsDigest, state: 'held', createdAt: '2026-11-22T11:00:00.000Z' })
    const other = operation({ tenant, principal: 'jonas' })
    for (const each of [first, second, other]) await store().begin(each, draft({ tenant }))
    expect(await store().latest(identityOf(first), argsDigest)).toEqual(second)
    expect(await store().latest({ ...identityOf(first), tool: 'x' }, argsDigest)).toBeUndefined()
    const ids = async (filter: object) => (await store().operations({ tenant, limit: 10, ...filter })).map(({ id }) => id)
    expect(await ids({})).toEqual([other.id, second.id, first.id])
    expect(await ids({ limit: 1 })).toEqual([other.id])
    expect(await ids({ principal: 'maya' })).toEqual([second.id, first.id])
    expect(await ids({ states: ['intent'] })).toEqual([other.id, first.id])
    expect(await ids({ states: ['intent', 'held'], limit: 2 })).toEqual([other.id, second.id])
    expect(await ids({ states: ['intent', 'held'], principal: 'maya' })).toEqual([second.id, first.id])
    expect(await ids({ states: [] })).toEqual([])
  })

  test('any mix of begins and moves does what a map of operations would do', async () => {
    const id = fc.constantFrom('one', 'two', 'three')
    const state = fc.constantFrom(...operationStates)
    const step = fc.oneof(
      fc.record({ do: fc.constant('begin' as const), id, key: fc.constantFrom('k1', 'k2') }),
      fc.record({
        do: fc.constant('move' as const),
        id,
        from: fc.array(state, { maxLength: 6 }),
        to: state,
        fence: fc.integer({ min: 1, max: 4 }),
      }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.boolean(), async (steps, atOnce) => {
        const tenant = newId('tenant')
        const model = new Map<string, { key: string; state: OperationState; fence: number }>()
        let entries = 0
        const expected: unknown[] = []
        const asked: Promise<unknown>[] = []
        for (const next of steps) {
          const own = `${tenant} ${next.id}`
          if (next.do === 'begin') {
            const rival = [...model].find(([, { key }]) => key === next.key)
            const clash = !rival && model.has(own)
            expected.push(clash ? 'refused' : rival ? { fresh: false, id: rival[0] } : { fresh: true, id: own })
            if (!clash && !rival) {
              model.set(own, { key: next.key, state: 'intent', fence: 1 })
              entries++
            }
            asked.push(
              store()
                .begin(operation({ tenant, id: own, key: next.key }), draft({ tenant }))
                .then(
                  (begun) => ({ fresh: begun.fresh, id: begun.operation.id }),
                  () => 'refused',
                ),
            )
          } else {
            const found = model.get(own)
            const fits = found !== undefined && found.fence === next.fence && next.from.includes(found.state)
            if (fits) {
              model.set(own, { ...found, state: next.to, fence: found.fence + 1 })
              entries++
            }
            expected.push(fits ? { state: next.to, fence: next.fence + 1 } : undefined)
            asked.push(
              store()
                .move({ ...next, id: own, at }, draft({ tenant }))
                .then(short),
            )
          }
          if (!atOnce) await asked.at(-1)
        }
        expect(await Promise.all(asked)).toEqual(expected)
        for (const [own, { state: last, fence }] of model)
          expect(short(await store().operation(own))).toEqual({ state: last, fence })
        expect(await verifyChain(store(), tenant)).toMatchObject({ ok: true, entries })
      }),
      { numRuns: 60 },
    )
  })
}

function short(found: Operation | undefined) {
  return found && { state: found.state, fence: found.fence }
}

function limitContract(open: () => Promise<Store>): void {
  const store = opened(open)
  const day = Date.parse('2026-11-22T00:00:00Z')
  const take = (key: string, second: number, atMost = 3) => store().take(key, atMost, 10_000, new Date(day + second * 1000))

  test('at most so many are taken in any window, also at once', async () => {
    const key = newId('limit')
    const takes = await Promise.all(Array.from({ length: 20 }, () => take(key, 0)))
    expect(takes.filter(({ taken }) => taken)).toHaveLength(3)
    expect(takes.at(-1)).toEqual({ taken: false, retryAfterMs: 10_000 })
    expect(await take(newId('limit'), 0)).toEqual({ taken: true, retryAfterMs: 0 })
  })

  test('the window slides: one more fits exactly when the oldest has left it', async () => {
    const key = newId('limit')
    for (const second of [0, 4, 8]) expect(await take(key, second)).toMatchObject({ taken: true })
    expect(await take(key, 9)).toEqual({ taken: false, retryAfterMs: 1000 })
    expect(await take(key, 9.999)).toEqual({ taken: false, retryAfterMs: 1 })
    expect(await take(key, 10)).toMatchObject({ taken: true })
    expect(await take(key, 13)).toEqual({ taken: false, retryAfterMs: 1000 })
  })

  test('a lowered limit waits until enough have left the window, and a limit of none lets none through', async () => {
    const key = newId('limit')
    for (const second of [0, 2, 4]) await take(key, second)
    expect(await take(key, 5, 1)).toEqual({ taken: false, retryAfterMs: 9000 })
    expect(await take(key, 5, 0)).toMatchObject({ taken: false })
  })

  test('a clock that is set back neither frees what was taken nor holds it longer than one window', async () => {
    const key = newId('limit')
    for (const second of [3600, 3600, 3600]) await take(key, second)
    expect(await take(key, 0)).toEqual({ taken: false, retryAfterMs: 10_000 })
    expect(await take(key, 9)).toMatchObject({ taken: false })
    expect(await take(key, 10)).toMatchObject({ taken: true })
  })

  test('it agrees with a plain list of times', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 40 }), async (steps) => {
        const key = newId('limit')
        let taken: number[] = []
        let second = 0
        for (const step of steps) {
          second += step
          taken = taken.filter((when) => when > second - 10)
          const free = taken.length < 3
          if (free) taken.push(second)
          expect((await take(key, second)).taken).toBe(free)
        }
      }),
      { numRuns: 25 },
    )
  })
}
