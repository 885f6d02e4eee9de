// How much the hub is used, and how it goes: over time, and by tool, person or connection.
import { useMemo, useState } from 'preact/hooks'
import { get } from '../api.ts'
import { Chart } from '../chart.tsx'
import { Field, Time, Title, useLoad, Waiting } from '../parts.tsx'
import type { LimitView, UsageBucket, UsageView } from '../../wire.ts'

const spans = [
  [1, 'the last hour'],
  [24, 'the last day'],
  [168, 'the last week'],
  [720, 'the last 30 days'],
] as const

export function Usage() {
  const [hours, setHours] = useState(24)
  const [by, setBy] = useState('tool')
  const loaded = useLoad(() => get<UsageView>(`usage?hours=${hours}&by=${by}`), `${hours} ${by}`)
  const usage = loaded.value
  return (
    <>
      <Title note="What agents did, and how it went">Usage</Title>
      <div class="filters">
        <Field label="Time">
          <select value={hours} onChange={(event) => setHours(Number(event.currentTarget.value))}>
            {spans.map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </select>
        </Field>
        <Field label="By">
          <select value={by} onChange={(event) => setBy(event.currentTarget.value)}>
            <option value="tool">tool</option>
            <option value="principal">person</option>
            <option value="instance">connection</option>
          </select>
        </Field>
      </div>
      <Waiting of={loaded} />
      {usage && <Figures usage={usage} by={by} />}
      <Limits />
    </>
  )
}

/** What the policies allow only so often. */
function Limits() {
  const loaded = useLoad(() => get<readonly LimitView[]>('limits'), 'limits', true)
  const limits = loaded.value
  return (
    <section class="card limits" aria-labelledby="limits">
      <h2 id="limits">Limits</h2>
      <Waiting of={loaded} />
      {limits?.length === 0 && <p class="muted">The policies limit nothing.</p>}
      {limits && limits.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-label="Limits and what is left of them">
          <table>
            <thead>
              <tr>
                <th scope="col">For</th>
                <th scope="col">Limit</th>
                <th scope="col" class="figure">
                  Left
                </th>
                <th scope="col">Rule</th>
              </tr>
            </thead>
            <tbody>
              {limits.map((limit) => (
                <tr key={`${limit.rule} ${limit.per} ${limit.whose}`}>
                  <th scope="row">
                    <code>{limit.whose}</code>
                  </th>
                  <td>{limit.words}</td>
                  <td class="figure">
                    {limit.left}{' '}
                    <meter min={0} max={limit.atMost} value={limit.left} aria-label={`Left for ${limit.whose}`} />
                  </td>
                  <td>
                    <code>{limit.rule}</code>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  )
}

function Figures({ usage, by }: { readonly usage: UsageView; readonly by: string }) {
  const { buckets, rows } = usage
  const charts = useMemo(() => {
    const of = (field: keyof UsageBucket) => buckets.map((bucket) => bucket[field])
    return {
      times: of('at'),
      calls: [
        { label: 'done', color: 'good', values: buckets.map((bucket) => bucket.done + bucket.previewed) },
        { label: 'held', color: 'warn', values: of('held') },
        { label: 'denied', color: 'bad', values: of('denied') },
        { label: 'failed', color: 'info', values: buckets.map((bucket) => bucket.failed + bucket.unknown) },
      ],
      latency: [
        { label: 'half are faster', color: 'good', values: of('p50') },
        { label: '95 % are faster', color: 'warn', values: of('p95') },
      ],
      vendor: [{ label: 'errors and limits of vendors', color: 'bad', values: of('vendorErrors') }],
    }
  }, [buckets])
  return (
    <div class="stack">
      <div class="charts">
        <section class="card">
          <Chart label="Calls" times={charts.times} series={charts.calls} />
        </section>
        <section class="card">
          <Chart label="Latency" times={charts.times} series={charts.latency} unit=" ms" />
        </section>
        <section class="card">
          <Chart label="Vendors" times={charts.times} series={charts.vendor} />
        </section>
      </div>
      <section class="card wide" aria-label={`By ${by}`}>
        <div class="scroll" tabIndex={0} role="region" aria-label="The figures as a table">
          <table>
            <thead>
              <tr>
                <th scope="col">{by === 'principal' ? 'Person' : by === 'instance' ? 'Connection' : 'Tool'}</th>
                {['Calls', 'Denied', 'Held', 'Failed', 'Vendor errors', 'p50', 'p95'].map((name) => (
                  <th key={name} scope="col" class="figure">
                    {name}
                  </th>
                ))}
                <th scope="col">Last</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.name}>
                  <th scope="row">
                    <code>{row.name}</code>
                  </th>
                  {[row.calls, row.denied, row.held, row.failed, row.vendorErrors].map((value, index) => (
                    <td key={index} class="figure">
                      {value}
                    </td>
                  ))}
                  <td class="figure">{row.p50} ms</td>
                  <td class="figure">{row.p95} ms</td>
                  <td>
                    <Time at={row.lastAt} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
        {rows.length === 0 && <p class="muted">No calls in this time.</p>}
        <p class="muted small">Counted since {new Date(usage.since).toLocaleString()}.</p>
      </section>
    </div>
  )
}
