// Yeses in advance and deputies: each has an end, and can be taken back.
import { useState } from 'preact/hooks'
import { get, me, post } from '../api.ts'
import { Badge, Dialog, Failed, Field, Time, Title, useAction, useLoad, Waiting } from '../parts.tsx'
import { places } from '../standing.tsx'
import { localTime, Until } from '../until.tsx'
import { mayAs } from '../../wire.ts'
import type { DelegationsView, DelegationView, StandingView } from '../../wire.ts'

export function Grants() {
  const person = me.value
  const mayDecide = typeof person === 'object' && mayAs(person.role, 'approver')
  return (
    <>
      <Title note="What was approved before it was asked for, and who decides for whom">Grants</Title>
      <div class="stack">
        <Standing mayRevoke={mayDecide} />
        <Delegations mayDelegate={mayDecide} self={typeof person === 'object' ? person.person : ''} />
      </div>
    </>
  )
}

function Standing({ mayRevoke }: { readonly mayRevoke: boolean }) {
  const loaded = useLoad(() => get<readonly StandingView[]>('standing'), 'standing', true)
  return (
    <section class="card" aria-labelledby="standing">
      <h2 id="standing">Yeses in advance</h2>
      <p class="muted small">
        Made from a request, for calls like it. What people outside would see, or what notifies everybody, is still asked
        each time.
      </p>
      <Waiting of={loaded} />
      {loaded.value?.length === 0 && <p class="muted">There is none.</p>}
      <ul class="grants" aria-label="Yeses in advance">
        {loaded.value?.map((each) => (
          <StandingItem key={each.id} of={each} mayRevoke={mayRevoke} reload={loaded.reload} />
        ))}
      </ul>
    </section>
  )
}

function StandingItem({
  of,
  mayRevoke,
  reload,
}: {
  readonly of: StandingView
  readonly mayRevoke: boolean
  readonly reload: () => void
}) {
  const revoke = useAction(async () => {
    await post(`standing/${of.id}/revoke`, {})
    reload()
  })
  return (
    <li data-grant={of.id}>
      <div class="row">
        <Badge tone={of.state === 'active' ? 'good' : ''}>{of.state}</Badge>
        <code>{of.tool}</code>
        <span>for {of.principal ?? 'everybody'}</span>
        <span class="spacer" />
        {mayRevoke && of.state === 'active' && (
          <button class="danger" disabled={revoke.busy} onClick={revoke.run} aria-label={`Take back ${of.tool}`}>
            Take back
          </button>
        )}
      </div>
      <p class="small">
        {of.left} of {of.count} left, {places(of.where)}, {of.state === 'active' ? 'ends' : 'was to end'}{' '}
        <Time at={of.until} />
      </p>
      <p class="muted small">
        By {of.grantedBy} <Time at={of.createdAt} />
        {of.reason !== undefined && `: ${of.reason}`}
        {of.revokedBy !== undefined && `. Taken back by ${of.revokedBy}.`}
      </p>
      <Failed of={revoke} />
    </li>
  )
}

function Delegations({ mayDelegate, self }: { readonly mayDelegate: boolean; readonly self: string }) {
  const [open, setOpen] = useState(false)
  const loaded = useLoad(() => get<DelegationsView>('delegations'), 'delegations', true)
  const view = loaded.value
  return (
    <section class="card" aria-labelledby="delegations">
      <div class="row">
        <h2 id="delegations">Deputies</h2>
        <span class="spacer" />
        {mayDelegate && view && <button onClick={() => setOpen(true)}>Name a deputy …</button>}
      </div>
      <p class="muted small">
        A deputy may say yes in the place of somebody until a time. What they ask for themselves stays out.
      </p>
      <Waiting of={loaded} />
      {view?.delegations.length === 0 && <p class="muted">There is none.</p>}
      <ul class="grants" aria-label="Deputies">
        {view?.delegations.map((each) => (
          <DelegationItem key={each.id} of={each} mine={mayDelegate && each.from === self} reload={loaded.reload} />
        ))}
      </ul>
      {open && view && <Delegate people={view.people} onClose={() => setOpen(false)} done={loaded.reload} />}
    </section>
  )
}

function DelegationItem({
  of,
  mine,
  reload,
}: {
  readonly of: DelegationView
  readonly mine: boolean
  readonly reload: () => void
}) {
  const revoke = useAction(async () => {
    await post(`delegations/${of.id}/revoke`, {})
    reload()
  })
  return (
    <li data-delegation={of.id}>
      <div class="row">
        <Badge tone={of.state === 'active' ? 'good' : ''}>{of.state}</Badge>
        <span>
          {of.to} for {of.from}
        </span>
        <span class="spacer" />
        {mine && of.state === 'active' && (
          <button class="danger" disabled={revoke.busy} onClick={revoke.run} aria-label={`Take back from ${of.to}`}>
            Take back
          </button>
        )}
      </div>
      <p class="muted small">
        Until <Time at={of.until} />
        {of.reason !== undefined && `: ${of.reason}`}
      </p>
      <Failed of={revoke} />
    </li>
  )
}

const hoursAtFirst = 24

function Delegate({
  people,
  onClose,
  done,
}: {
  readonly people: DelegationsView['people']
  readonly onClose: () => void
  readonly done: () => void
}) {
  const [to, setTo] = useState(people[0]?.id ?? '')
  const [until, setUntil] = useState(localTime(hoursAtFirst))
  const [reason, setReason] = useState('')
  const delegate = useAction(async () => {
    await post('delegations', { to, until: new Date(until).toISOString(), reason })
    done()
    onClose()
  })
  return (
    <Dialog title="Name a deputy" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          delegate.run()
        }}
      >
        <Field label="Who decides in your place?">
          <select value={to} onChange={(event) => setTo(event.currentTarget.value)}>
            {people.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        </Field>
        <Until value={until} onInput={setUntil} />
        <Field label="Why? It stays in the audit.">
          <input maxLength={1000} value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
        </Field>
        <Failed of={delegate} />
        <div class="buttons">
          <button class="primary" type="submit" disabled={delegate.busy || to === '' || until === ''}>
            Name them
          </button>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  )
}
