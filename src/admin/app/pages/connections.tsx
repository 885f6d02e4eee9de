// How each vendor is: what it has granted, what it lacks for the tools that are on, and when the credential ends.
import { get } from '../api.ts'
import { Badge, Time, Title, useLoad, Waiting } from '../parts.tsx'
import type { ConnectionView } from '../../wire.ts'

export function Connections() {
  const loaded = useLoad(() => get<readonly ConnectionView[]>('connections'), 'connections')
  return (
    <>
      <Title note="Where the hub works, and with what rights">Connections</Title>
      <Waiting of={loaded} />
      <div class="charts">
        {loaded.value?.map((connection) => (
          <Connection key={connection.instance} of={connection} />
        ))}
      </div>
    </>
  )
}

const states: Readonly<Record<string, string>> = {
  unasked: 'What is granted is not asked.',
  waiting: 'The vendor has not answered yet.',
  granted: 'The vendor has said what it grants.',
  failed: 'The vendor did not say what it grants.',
}

function Connection({ of }: { readonly of: ConnectionView }) {
  return (
    <section class="card" aria-labelledby={`at-${of.instance}`}>
      <div class="row">
        <h2 id={`at-${of.instance}`}>{of.instance}</h2>
        <Badge tone={of.sandbox ? 'info' : 'good'}>{of.sandbox ? 'sandbox' : 'real account'}</Badge>
        <Badge tone={of.writes === 'on' ? 'warn' : 'good'}>
          {of.writes === 'on' ? 'writes are carried out' : 'writes are only previewed'}
        </Badge>
      </div>
      <p class="muted small">
        {of.connector}, {of.base}
      </p>
      <dl class="facts">
        <dt>State</dt>
        <dd>
          <Badge>{of.state}</Badge> {states[of.state]} {of.why}
        </dd>
        {of.account !== undefined && (
          <>
            <dt>Account</dt>
            <dd>{of.account}</dd>
          </>
        )}
        {of.askedAt !== undefined && (
          <>
            <dt>Asked</dt>
            <dd>
              <Time at={of.askedAt} />
            </dd>
          </>
        )}
        <dt>Expires</dt>
        <dd>{of.expiresAt === undefined ? 'the vendor does not say' : <Time at={of.expiresAt} />}</dd>
        <dt>Needed</dt>
        <dd>
          {of.needed.length === 0
            ? 'nothing'
            : of.needed.map((scope) => (
                <code key={scope} class="scope">
                  {scope}
                </code>
              ))}
        </dd>
        {of.missing.length > 0 && (
          <>
            <dt>Missing</dt>
            <dd>
              {of.missing.map(({ tool, scopes }) => (
                <div key={tool}>
                  <code>{tool}</code>: {scopes.join(', ')}
                </div>
              ))}
            </dd>
          </>
        )}
        {of.extra.length > 0 && (
          <>
            <dt>Too much</dt>
            <dd>
              {of.extra.map((scope) => (
                <code key={scope} class="scope">
                  {scope}
                </code>
              ))}
            </dd>
          </>
        )}
      </dl>
    </section>
  )
}
