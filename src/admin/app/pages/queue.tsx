// The queue: every call that waits for a person, live.
import { useState } from 'preact/hooks'
import { get } from '../api.ts'
import { Badge, Time, Title, useLoad, Waiting } from '../parts.tsx'
import { Link } from '../router.tsx'
import { Words } from '../text.tsx'
import type { ApprovalLine, Queue as QueueView } from '../../wire.ts'

export function Queue() {
  const [after, setAfter] = useState<readonly string[]>([])
  const place = after.at(-1)
  const loaded = useLoad(
    () => get<QueueView>(`approvals${place === undefined ? '' : `?before=${place}`}`),
    place ?? 'first',
    true,
  )
  const queue = loaded.value
  return (
    <>
      <Title
        note={
          <span role="status" aria-live="polite">
            {queue ? told(queue) : 'Loading …'}
          </span>
        }
      >
        Approvals
      </Title>
      {loaded.error !== undefined && <Waiting of={loaded} />}
      {queue && queue.items.length === 0 && (
        <div class="empty">
          <p>Nothing waits for anybody.</p>
          <p class="muted">
            When a policy says <code>ask</code>, the call appears here at once.
          </p>
        </div>
      )}
      {queue && queue.items.length > 0 && (
        <ul class="queue" aria-label="Calls that wait">
          {grouped(queue.items).map(([first, ...others]) =>
            others.length === 0 ? <Item key={first.id} of={first} /> : <Group key={first.group} of={[first, ...others]} />,
          )}
        </ul>
      )}
      {queue && (after.length > 0 || queue.next !== undefined) && (
        <nav class="pager" aria-label="More of the queue">
          <button disabled={after.length === 0} onClick={() => setAfter(after.slice(0, -1))}>
            Newer
          </button>
          <button
            disabled={queue.next === undefined}
            onClick={() => queue.next !== undefined && setAfter([...after, queue.next])}
          >
            Older
          </button>
        </nav>
      )}
    </>
  )
}

function told({ items, next }: QueueView): string {
  if (next !== undefined) return `More than ${items.length} calls wait`
  return items.length === 1 ? '1 call waits' : `${items.length} calls wait`
}

type Group = readonly [ApprovalLine, ...ApprovalLine[]]

/** Where the newest of a group is, the others are too. */
function grouped(items: readonly ApprovalLine[]): readonly Group[] {
  const groups = new Map<string, [ApprovalLine, ...ApprovalLine[]]>()
  for (const item of items) {
    const group = groups.get(item.group)
    if (group) group.push(item)
    else groups.set(item.group, [item])
  }
  return [...groups.values()]
}

/** Only a way to look at them one after the other: nobody says yes to what they have not seen. */
function Group({ of }: { readonly of: Group }) {
  const [first] = of
  const oldest = of.at(-1) ?? first
  return (
    <li class="group" data-group={first.group}>
      <div class="row">
        <h2>
          {of.length} alike: <code>{first.tool}</code> for {first.principal}
        </h2>
        <span class="spacer" />
        <Link to={`/admin/approvals/${oldest.id}?alike`} class="button">
          One by one
        </Link>
      </div>
      <ul aria-label={`${of.length} alike`}>
        {of.map((each) => (
          <Item key={each.id} of={each} />
        ))}
      </ul>
    </li>
  )
}

function Item({ of }: { readonly of: ApprovalLine }) {
  return (
    <li class="card request">
      <div class="row">
        <Badge>{of.risk}</Badge>
        <code>{of.tool}</code>
        <span class="muted">for {of.principal}</span>
        {of.external && <Badge tone="bad">outside the company</Badge>}
        {of.massMention && <Badge tone="bad">notifies everybody</Badge>}
        <span class="spacer" />
        <span class="muted">
          <Time at={of.createdAt} />, lapses <Time at={of.expiresAt} />
        </span>
      </div>
      <h2>
        <Link to={`/admin/approvals/${of.id}`}>
          <Words>{of.summary}</Words>
        </Link>
      </h2>
      <p class="muted small">
        Needs {of.needs}
        {of.granted.length > 0 && `; yes from ${of.granted.map(({ by }) => by).join(', ')}`}
        {of.escalated && '; escalated'}
      </p>
    </li>
  )
}
