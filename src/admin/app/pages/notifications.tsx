// The delivery log of the webhooks, and sending one once more.
import { get, me, post } from '../api.ts'
import { Badge, Failed, Time, Title, useAction, useLoad, Waiting } from '../parts.tsx'
import { mayAs } from '../../wire.ts'
import type { NotificationView } from '../../wire.ts'

export function Notifications() {
  const loaded = useLoad(() => get<readonly NotificationView[]>('notifications'), 'notifications', true)
  const person = me.value
  const mayReplay = typeof person === 'object' && mayAs(person.role, 'operator')
  return (
    <>
      <Title note="What was told to other systems, and how that went">Notifications</Title>
      <Waiting of={loaded} />
      {loaded.value?.length === 0 && (
        <div class="empty">
          <p>Nothing was sent in the last seven days.</p>
          <p class="muted">
            <code>notify</code> in the configuration says who is told of what.
          </p>
        </div>
      )}
      {loaded.value && loaded.value.length > 0 && (
        <ul class="queue" aria-label="Webhooks">
          {loaded.value.map((each) => (
            <Item key={each.id} of={each} mayReplay={mayReplay} reload={loaded.reload} />
          ))}
        </ul>
      )}
    </>
  )
}

const tones = { delivered: 'good', pending: 'warn', 'given up': 'bad' } as const

function Item({
  of,
  mayReplay,
  reload,
}: {
  readonly of: NotificationView
  readonly mayReplay: boolean
  readonly reload: () => void
}) {
  const replay = useAction(async () => {
    await post(`notifications/${of.id}/replay`, {})
    reload()
  })
  return (
    <li class="card request" data-notification={of.id}>
      <div class="row">
        <Badge tone={tones[of.state]}>{of.state}</Badge>
        <code>{of.event}</code>
        <span class="muted">
          <Time at={of.at} />
        </span>
        <span class="spacer" />
        {mayReplay && (
          <button disabled={replay.busy} onClick={replay.run} aria-label={`Send ${of.event} once more`}>
            Send once more
          </button>
        )}
      </div>
      <p class="small url">{of.url}</p>
      <p class="muted small">
        {of.attempts === 1 ? 'Tried once' : `Tried ${of.attempts} times`}
        {of.lastStatus !== undefined && `, answered ${of.lastStatus}`}
        {of.lastError === undefined ? '.' : `: ${of.lastError}`}
        {of.nextAt !== undefined && (
          <>
            {' '}
            Next try <Time at={of.nextAt} />.
          </>
        )}
      </p>
      <Failed of={replay} />
    </li>
  )
}
