// One call's whole story, from what was asked to what the vendor answered, with the proof that none of it was altered.
import { useState } from 'preact/hooks'
import { get, me, post } from '../api.ts'
import { Badge, Dialog, Failed, Title, useAction, useLoad, Waiting } from '../parts.tsx'
import { Link } from '../router.tsx'
import { Text, Words } from '../text.tsx'
import { mayAs } from '../../wire.ts'
import type { Story, StoryEntry } from '../../wire.ts'

interface Answer {
  readonly status: string
  readonly message: string
  readonly notes?: readonly string[]
  readonly plan?: object
}

export function Call({ id }: { readonly id: string }) {
  const loaded = useLoad(() => get<Story>(`calls/${id}`), id, true)
  const story = loaded.value
  const closed = story?.entries.findLast(({ kind }) => kind === 'call.closed')
  const tool = closed?.payload['tool']
  const proved = story?.entries.every((entry) => entry.proved) === true
  return (
    <>
      <p class="back">
        <Link to="/admin/calls">← All calls</Link>
      </p>
      <Title>{typeof tool === 'string' ? tool : 'Call'}</Title>
      <Waiting of={loaded} />
      {story && (
        <>
          <div class={`notice ${proved ? 'good' : 'bad'}`}>
            {proved
              ? `All ${story.entries.length} entries have the hash that the chain says, and each follows the one before it.`
              : 'At least one entry is not as it was written. Run: toolgate audit verify'}
          </div>
          {story.operation && <Operation of={story.operation} reload={loaded.reload} />}
          <ol class="story" aria-label="What happened, in order">
            {story.entries.map((entry) => (
              <Entry key={entry.seq} entry={entry} />
            ))}
          </ol>
        </>
      )}
    </>
  )
}

function Operation({ of, reload }: { readonly of: NonNullable<Story['operation']>; readonly reload: () => void }) {
  const [taking, setTaking] = useState(false)
  const person = me.value
  const may = typeof person === 'object' && mayAs(person.role, 'operator')
  const ask = useAction(async () => {
    await post(`operations/${of.id}/reconcile`, {})
    reload()
  })
  return (
    <section class="card" aria-labelledby="operation">
      <h2 id="operation">
        Operation <Badge>{of.state}</Badge>
      </h2>
      <p class="muted small">
        <code>{of.id}</code>: {of.history.map(({ state }) => state).join(' → ')}
      </p>
      <div class="buttons">
        {of.state === 'held' && <Link to={`/admin/approvals/${of.id}`}>Look at the request</Link>}
        {may && of.undoable && <button onClick={() => setTaking(true)}>Take it back …</button>}
        {may && of.state === 'unknown' && (
          <button onClick={ask.run} disabled={ask.busy}>
            Ask the vendor whether it happened
          </button>
        )}
      </div>
      <Failed of={ask} />
      {taking && (
        <Undo
          id={of.id}
          onClose={() => {
            setTaking(false)
            reload()
          }}
        />
      )}
    </section>
  )
}

/** Shown first, like every write. */
function Undo({ id, onClose }: { readonly id: string; readonly onClose: () => void }) {
  const preview = useLoad(() => post<Answer>(`operations/${id}/undo`, { dry_run: true }), id)
  const [answer, setAnswer] = useState<Answer>()
  const undo = useAction(async () => setAnswer(await post<Answer>(`operations/${id}/undo`, { dry_run: false })))
  const shown = answer ?? preview.value
  return (
    <Dialog title="Take it back" onClose={onClose}>
      <Waiting of={preview} />
      {shown && (
        <div role="status">
          <p>
            <Badge>{shown.status}</Badge> {shown.message}
          </p>
          {shown.notes?.map((note) => (
            <p key={note} class="muted">
              {note}
            </p>
          ))}
          {shown.plan && <Text text={JSON.stringify(shown.plan, undefined, 2)} />}
        </div>
      )}
      <Failed of={undo} />
      <div class="buttons">
        {preview.value?.status === 'previewed' && !answer && (
          <button class="danger" onClick={undo.run} disabled={undo.busy}>
            Take it back
          </button>
        )}
        <button onClick={onClose}>Close</button>
      </div>
    </Dialog>
  )
}

interface Rule {
  readonly rule: string
  readonly effect: string
  readonly outcome: string
  readonly why?: string
}

interface VendorCall {
  readonly method: string
  readonly path: string
  readonly status: number | null
  readonly ms: number
}

function isShort(value: unknown): boolean {
  if (Array.isArray(value)) return value.every((each) => typeof each === 'string')
  return typeof value !== 'object' || value === null
}

function Entry({ entry }: { readonly entry: StoryEntry }) {
  const { payload } = entry
  const rules = (Array.isArray(payload['rules']) ? payload['rules'] : []) as unknown as readonly Rule[]
  const vendor = (Array.isArray(payload['vendor']) ? payload['vendor'] : []) as unknown as readonly VendorCall[]
  const others = Object.entries(payload).filter(([name]) => name !== 'rules' && name !== 'vendor')
  const short = others.filter(([, value]) => isShort(value))
  const long = others.filter(([, value]) => !isShort(value))
  return (
    <li class="card">
      <div class="row">
        <h2>{entry.kind}</h2>
        <span class="spacer" />
        <time class="muted small" dateTime={entry.at}>
          {new Date(entry.at).toLocaleString()}
        </time>
      </div>
      {rules.length > 0 && (
        <ul class="rules" aria-label="Rules that spoke">
          {rules.map((rule) => (
            <li key={rule.rule}>
              <Badge>{rule.effect}</Badge> <code>{rule.rule}</code>{' '}
              <span class="muted">
                {rule.outcome}
                {rule.why === undefined ? '' : `: ${rule.why}`}
              </span>
            </li>
          ))}
        </ul>
      )}
      {vendor.length > 0 && (
        <ul class="rules" aria-label="Requests to the vendor">
          {vendor.map((request, index) => (
            <li key={index}>
              <Badge tone={request.status !== null && request.status < 400 ? 'good' : 'bad'}>
                {String(request.status ?? 'no answer')}
              </Badge>{' '}
              <code>
                {request.method} {request.path}
              </code>{' '}
              <span class="muted">{request.ms} ms</span>
            </li>
          ))}
        </ul>
      )}
      <dl class="facts">
        {short.map(([name, value]) => (
          <>
            <dt>{name}</dt>
            <dd>
              <Words>
                {Array.isArray(value) ? value.join(', ') : typeof value === 'string' ? value : JSON.stringify(value)}
              </Words>
            </dd>
          </>
        ))}
      </dl>
      {long.map(([name, value]) => (
        <details key={name} open={name === 'args'}>
          <summary>{name}</summary>
          <Text text={JSON.stringify(value, undefined, 2)} />
        </details>
      ))}
      <p class="muted small proof">
        {entry.proved ? '✓' : '✗ altered:'} entry {entry.seq}, <code title={entry.hash}>{entry.hash.slice(0, 16)}…</code>{' '}
        after <code title={entry.prev}>{entry.prev.slice(0, 16)}…</code>
      </p>
    </li>
  )
}
