// The audit as a list of calls, newest first, searched and filtered by the server.
import { useEffect, useState } from 'preact/hooks'
import { get, news } from '../api.ts'
import { Badge, Field, Time, Title } from '../parts.tsx'
import { Link, query, setQuery } from '../router.tsx'
import { Words } from '../text.tsx'
import type { CallLine, CallPage } from '../../wire.ts'

const turnsMax = 100
const statuses = ['done', 'previewed', 'held', 'denied', 'failed', 'unknown']
const names = ['text', 'status', 'tool', 'principal'] as const
type Filters = Readonly<Record<(typeof names)[number], string>>

export function Calls() {
  const given = new URLSearchParams(query.value)
  const filters = Object.fromEntries(names.map((name) => [name, given.get(name) ?? ''])) as Filters
  const key = JSON.stringify(filters)
  const [state, setState] = useState<{
    key: string
    calls: readonly CallLine[]
    next: number | undefined
    searchedTo: string | undefined
    busy: boolean
    error?: string
  }>({
    key: '',
    calls: [],
    next: undefined,
    searchedTo: undefined,
    busy: true,
  })
  const [newer, setNewer] = useState(0)

  const more = async (before: number | undefined, calls: readonly CallLine[]) => {
    setState((now) => ({ ...now, key, calls, busy: true }))
    try {
      const search = new URLSearchParams(Object.entries(filters).filter(([, value]) => value !== ''))
      if (before !== undefined) search.set('before', String(before))
      let page = await get<CallPage>(`calls?${search.toString()}`)
      // Each answer looks back for a tenth of a second; what is rare is looked for again and again.
      for (let turns = 0; page.calls.length === 0 && page.next !== undefined && turns < turnsMax; turns += 1) {
        const { searchedTo, next } = page
        setState((now) => ({ ...now, searchedTo, next }))
        search.set('before', String(next))
        page = await get<CallPage>(`calls?${search.toString()}`)
      }
      setState({ key, calls: [...calls, ...page.calls], next: page.next, searchedTo: page.searchedTo, busy: false })
    } catch (error) {
      setState((now) => ({ ...now, busy: false, error: error instanceof Error ? error.message : String(error) }))
    }
  }
  useEffect(() => {
    setNewer(news.value)
    const soon = setTimeout(() => void more(undefined, []), state.key === '' ? 0 : 250)
    return () => clearTimeout(soon)
  }, [key])
  const set = (name: keyof Filters) => (event: { readonly currentTarget: { readonly value: string } }) =>
    setQuery({ ...filters, [name]: event.currentTarget.value })
  return (
    <>
      <Title note="Every call that was made through the hub, newest first">Calls</Title>
      <div class="filters">
        <Field label="Search in all that was recorded">
          <input type="search" value={filters.text} onInput={set('text')} />
        </Field>
        <Field label="Outcome">
          <select value={filters.status} onChange={set('status')}>
            <option value="">all</option>
            {statuses.map((status) => (
              <option key={status}>{status}</option>
            ))}
          </select>
        </Field>
        <Field label="Tool">
          <input value={filters.tool} onInput={set('tool')} />
        </Field>
        <Field label="Person">
          <input value={filters.principal} onInput={set('principal')} />
        </Field>
        {news.value > newer && (
          <button
            onClick={() => {
              setNewer(news.value)
              void more(undefined, [])
            }}
          >
            Show newer
          </button>
        )}
      </div>
      {state.error !== undefined && (
        <div class="notice bad" role="alert">
          {state.error}
        </div>
      )}
      <ol class="timeline" aria-label="Calls">
        {state.calls.map((call) => (
          <Item key={call.seq} call={call} />
        ))}
      </ol>
      <div role="status" aria-live="polite" class="muted">
        {state.busy ? 'Searching …' : told(state)}
      </div>
      {!state.busy && state.next !== undefined && (
        <button onClick={() => void more(state.next, state.calls)}>Look further back</button>
      )}
    </>
  )
}

function told({
  calls,
  next,
  searchedTo,
}: {
  readonly calls: readonly CallLine[]
  readonly next: number | undefined
  readonly searchedTo: string | undefined
}): string {
  const count = calls.length === 1 ? '1 call' : `${calls.length} calls`
  if (next === undefined) return calls.length === 0 ? 'No such call.' : `${count}: that is all.`
  return `${count}, looked back to ${searchedTo === undefined ? 'the middle' : new Date(searchedTo).toLocaleString()}.`
}

function Item({ call }: { readonly call: CallLine }) {
  return (
    <li>
      <Badge>{call.status}</Badge>
      <Link to={`/admin/calls/${call.call}`} class="what">
        <code>
          <Words>{call.tool}</Words>
        </code>
      </Link>
      <span>{call.principal}</span>
      <span class="muted small rule">{call.rule}</span>
      <span class="muted small">{call.ms} ms</span>
      <span class="muted small">
        <Time at={call.at} />
      </span>
    </li>
  )
}
