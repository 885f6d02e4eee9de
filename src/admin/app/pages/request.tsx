// One request: exactly what would be sent, and the answer to it.
import { signal } from '@preact/signals'
import { useMemo, useState } from 'preact/hooks'
import { get, me, post } from '../api.ts'
import { Badge, Dialog, Failed, Field, Time, Title, useAction, useLoad, Waiting } from '../parts.tsx'
import { go, Link, query } from '../router.tsx'
import { AllowNext } from '../standing.tsx'
import { Text, Unopened, Words } from '../text.tsx'
import { mayAs } from '../../wire.ts'
import type { EffectView, Queue, RequestView } from '../../wire.ts'

type Value = RequestView['untrusted']['arguments'][string]

export function Request({ id }: { readonly id: string }) {
  const loaded = useLoad(() => get<RequestView>(`approvals/${id}`), id, true)
  const unopened = useMemo(() => signal<ReadonlySet<string>>(new Set()), [id])
  const request = loaded.value
  return (
    <Unopened.Provider value={unopened}>
      <p class="back">
        <Link to="/admin/approvals">← All requests</Link>
      </p>
      <Title>{request ? request.title : 'Request'}</Title>
      <Waiting of={loaded} />
      {request && <Shown request={request} reload={loaded.reload} unopened={unopened} />}
    </Unopened.Provider>
  )
}

function Shown({
  request,
  reload,
  unopened,
}: {
  readonly request: RequestView
  readonly reload: () => void
  readonly unopened: Unopened
}) {
  return (
    <div class="columns" data-request={request.id}>
      <div class="stack">
        <section class="card" aria-labelledby="what">
          <div class="row">
            <Badge>{request.state}</Badge>
            <Badge>{`${request.risk} risk`}</Badge>
            <code>{request.tool}</code>
            <span class="muted">asked by {request.principal}</span>
            {request.sandbox && <Badge tone="info">sandbox</Badge>}
            {request.changedBy !== undefined && <Badge tone="info">{`changed by ${request.changedBy}`}</Badge>}
          </div>
          <h2 id="what" class="summary">
            <Text text={request.summary} label="summary" />
          </h2>
          {request.risks.length > 0 && (
            <ul class="risks" aria-label="Take care">
              {request.risks.map((risk) => (
                <li key={risk}>{risk}</li>
              ))}
            </ul>
          )}
          {request.warnings.map((warning) => (
            <div class="notice warn" key={warning}>
              <Text text={warning} label="warning" />
            </div>
          ))}
        </section>
        {request.effects.map((effect, index) => (
          <Effect key={index} effect={effect} />
        ))}
        <section class="card" aria-labelledby="bytes">
          <h2 id="bytes">Exactly what is sent</h2>
          <p class="muted small">
            The bytes that the hub gives to its connector. Characters that could hide are shown as ⟦marks⟧.
          </p>
          <Text text={request.request} label="request" />
          <dl class="facts">
            <dt>Digest</dt>
            <dd>
              <code class="digest" data-digest>
                {request.digest}
              </code>
            </dd>
          </dl>
          <details>
            <summary>Everything that the digest covers</summary>
            <pre tabIndex={0} class="payload">
              {request.payload}
            </pre>
          </details>
        </section>
        <section class="card untrusted" aria-labelledby="words">
          <h2 id="words">
            The agent’s own words <Badge tone="warn">untrusted</Badge>
          </h2>
          <p class="muted small">What the agent asked for. It may have been talked into it: decide by what is sent.</p>
          <Text text={JSON.stringify(request.untrusted.arguments, undefined, 2)} label="arguments" />
        </section>
      </div>
      <aside class="stack">
        <Decision request={request} reload={reload} unopened={unopened} />
        {query.value === '?alike' && <NextAlike request={request} />}
        <section class="card" aria-labelledby="facts">
          <h2 id="facts">Facts</h2>
          <dl class="facts">
            {request.audience && (
              <>
                <dt>Seen by</dt>
                <dd>
                  <Words>{request.audience.where}</Words>
                  <span class="muted">
                    {' '}
                    ({peopleIn(request.audience.people)}
                    {request.audience.external ? ', some outside the company' : ', nobody outside the company'})
                  </span>
                </dd>
              </>
            )}
            <dt>Needs</dt>
            <dd>{request.needs}</dd>
            {request.granted.map(({ by, at, delegatedBy }) => (
              <>
                <dt>Yes from</dt>
                <dd>
                  {by}
                  {delegatedBy !== undefined && ` for ${delegatedBy}`} {at !== undefined && <Time at={at} />}
                </dd>
              </>
            ))}
            <dt>Rule</dt>
            <dd>
              <code>{request.rule}</code>
              {request.because !== undefined && <div class="muted">{request.because}</div>}
            </dd>
            <dt>Asked</dt>
            <dd>
              <Time at={request.createdAt} />
            </dd>
            <dt>Lapses</dt>
            <dd>
              <Time at={request.expiresAt} />
            </dd>
            {request.undo !== undefined && (
              <>
                <dt>Can be undone</dt>
                <dd>{undoWords[request.undo] ?? request.undo}</dd>
              </>
            )}
            {request.fidelity !== undefined && (
              <>
                <dt>Checked</dt>
                <dd>{fidelityWords[request.fidelity] ?? request.fidelity}</dd>
              </>
            )}
            <dt>Class</dt>
            <dd>{request.class}</dd>
            <dt>Call</dt>
            <dd>
              <Link to={`/admin/calls/${request.call}`}>its story</Link>
            </dd>
          </dl>
        </section>
      </aside>
    </div>
  )
}

const undoWords: Readonly<Record<string, string>> = {
  exact: 'yes, exactly',
  partial: 'in part',
  lossy: 'with losses',
  none: 'no',
}
const fidelityWords: Readonly<Record<string, string>> = {
  server: 'the vendor has run it',
  checked: 'the vendor has checked it',
  local: 'computed here only',
}

function peopleIn(people: number | 'unknown'): string {
  if (people === 'unknown') return 'how many is not known'
  return people === 1 ? '1 person' : `${people} people`
}

function Effect({ effect }: { readonly effect: EffectView }) {
  const fields = [...new Set([...Object.keys(effect.before), ...Object.keys(effect.after)])].sort()
  return (
    <section class="card effect" aria-label={`${effect.verb} ${effect.target}`}>
      <h2>
        <Badge tone={effect.verb === 'delete' ? 'bad' : 'info'}>{effect.verb}</Badge>{' '}
        <span class="target">
          <Words>{effect.target}</Words>
        </span>
        {effect.link !== undefined && (
          <a class="out" href={effect.link} target="_blank" rel="noreferrer noopener">
            Open at the vendor
          </a>
        )}
      </h2>
      <div class="diff" role="table" aria-label="Fields, before and after">
        <div role="rowgroup">
          <div role="row" class="head">
            <span role="columnheader">Field</span>
            <span role="columnheader">Before</span>
            <span role="columnheader">After</span>
          </div>
        </div>
        <div role="rowgroup">
          {fields.map((field) => (
            <div role="row" key={field}>
              <span role="rowheader" class="name">
                <Words>{field}</Words>
              </span>
              <div role="cell" class="before" data-side="Before">
                <FieldValue value={effect.before[field]} against={effect.after[field]} label={`before ${field}`} />
              </div>
              <div role="cell" class="after" data-side="After">
                <FieldValue value={effect.after[field]} against={effect.before[field]} label={`after ${field}`} />
              </div>
            </div>
          ))}
        </div>
      </div>
    </section>
  )
}

/** A text as it is; anything else as JSON, and said to be something else. */
function FieldValue({
  value,
  against,
  label,
}: {
  readonly value: Value | undefined
  readonly against: Value | undefined
  readonly label: string
}) {
  if (value === undefined) return <span class="muted">nothing</span>
  if (typeof value === 'string')
    return <Text text={value} against={typeof against === 'string' ? against : undefined} label={label} />
  return (
    <>
      <span class="kind">{Array.isArray(value) ? 'list' : value === null ? 'null' : typeof value}</span>
      <Text text={JSON.stringify(value, undefined, typeof value === 'object' ? 2 : 0)} label={label} />
    </>
  )
}

function Decision({
  request,
  reload,
  unopened,
}: {
  readonly request: RequestView
  readonly reload: () => void
  readonly unopened: Unopened
}) {
  const [dialog, setDialog] = useState<'deny' | 'change' | 'allow-next'>()
  const [said, setSaid] = useState<string>()
  const [granted, setGranted] = useState<string>()
  const left = unopened.value.size
  const approve = useAction(async () => {
    const { message } = await post<{ message: string }>(`approvals/${request.id}/approve`, {
      digest: request.digest,
    }).finally(reload)
    setSaid(message)
  })
  const waiting = request.state === 'waiting'
  const person = me.value
  const mine = request.mayDecide && typeof person === 'object' && mayAs(person.role, 'approver')
  return (
    <section class="card decision" aria-labelledby="decide">
      <h2 id="decide">{waiting ? 'Decide' : 'Decided'}</h2>
      <div role="status" aria-live="polite">
        {said !== undefined && <p class="notice good">{said}</p>}
        {granted !== undefined && <p class="notice info">{granted}</p>}
        {said === undefined && request.outcome && (
          <p class={`notice ${request.outcome.status === 'done' ? 'good' : 'bad'}`}>{request.outcome.message}</p>
        )}
        {!waiting && request.outcome === undefined && said === undefined && <p>It is {request.state}.</p>}
      </div>
      {waiting && !mine && <p class="notice info">{request.blocked ?? 'Your role in this app lets you look only.'}</p>}
      {waiting && mine && (
        <>
          {left > 0 && (
            <p id="unopened" class="notice warn">
              {left === 1 ? '1 part is' : `${left} parts are`} not open yet. Open what is cut off before you approve.
            </p>
          )}
          <div class="buttons">
            <button
              class="primary"
              disabled={left > 0 || approve.busy}
              aria-describedby={left > 0 ? 'unopened' : undefined}
              onClick={approve.run}
            >
              {approve.busy ? 'Approving …' : 'Approve'}
            </button>
            <button onClick={() => setDialog('deny')}>Deny …</button>
            {request.changeable && <button onClick={() => setDialog('change')}>Change …</button>}
            {request.alike && <button onClick={() => setDialog('allow-next')}>Allow the next …</button>}
          </div>
          <p class="muted small">A yes carries out exactly this, once, and nothing else.</p>
        </>
      )}
      <Failed of={approve} />
      {dialog === 'deny' && (
        <Deny
          id={request.id}
          onClose={() => setDialog(undefined)}
          done={(message) => {
            setSaid(message)
            reload()
          }}
        />
      )}
      {dialog === 'allow-next' && request.alike && (
        <AllowNext id={request.id} alike={request.alike} onClose={() => setDialog(undefined)} done={setGranted} />
      )}
      {dialog === 'change' && <Change request={request} onClose={() => setDialog(undefined)} />}
    </section>
  )
}

/** The other requests of its group, each to be looked at and decided by itself. */
function NextAlike({ request }: { readonly request: RequestView }) {
  const loaded = useLoad(() => get<Queue>('approvals'), request.id, true)
  const others = (loaded.value?.items ?? []).filter(({ id, group }) => group === request.group && id !== request.id)
  const next = others.at(-1)
  return (
    <section class="card" aria-labelledby="alike">
      <h2 id="alike">Alike</h2>
      <p role="status">{others.length === 0 ? 'No other one like this waits.' : `${others.length} more like this wait.`}</p>
      {next && (
        <Link to={`/admin/approvals/${next.id}?alike`} class="button">
          Look at the next one
        </Link>
      )}
    </section>
  )
}

function Deny({
  id,
  onClose,
  done,
}: {
  readonly id: string
  readonly onClose: () => void
  readonly done: (message: string) => void
}) {
  const [reason, setReason] = useState('')
  const deny = useAction(async () => {
    const { message } = await post<{ message: string }>(`approvals/${id}/deny`, { reason })
    done(message)
    onClose()
  })
  return (
    <Dialog title="Deny this request" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          deny.run()
        }}
      >
        <Field label="Why? Whoever asked reads it.">
          <textarea
            rows={3}
            required
            maxLength={1000}
            value={reason}
            onInput={(event) => setReason(event.currentTarget.value)}
          />
        </Field>
        <Failed of={deny} />
        <div class="buttons">
          <button class="danger" type="submit" disabled={deny.busy || reason.trim() === ''}>
            Deny
          </button>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  )
}

/** The changed call is planned anew and shown as a request of its own: nothing is approved here. */
function Change({ request, onClose }: { readonly request: RequestView; readonly onClose: () => void }) {
  const [text, setText] = useState(JSON.stringify(request.untrusted.arguments, undefined, 2))
  const change = useAction(async () => {
    let given: unknown
    try {
      given = JSON.parse(text)
    } catch {
      throw new Error('This is not JSON.')
    }
    const { id } = await post<{ id: string }>(`approvals/${request.id}/change`, { arguments: given })
    onClose()
    go(`/admin/approvals/${id}`)
  })
  return (
    <Dialog title="Change this request" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          change.run()
        }}
      >
        <p>The changed call is planned anew and shown to you before anything is sent. It is recorded as yours.</p>
        <Field label="Arguments, as JSON">
          <textarea
            class="code"
            rows={12}
            spellcheck={false}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </Field>
        <Failed of={change} />
        <div class="buttons">
          <button class="primary" type="submit" disabled={change.busy}>
            Plan anew
          </button>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  )
}
