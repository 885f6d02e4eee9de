// The switch that stops everything, in reach on every page; and what is stopped, said on every page.
import { useState } from 'preact/hooks'
import { get, me, post } from './api.ts'
import { Dialog, Failed, Field, Time, useAction, useLoad } from './parts.tsx'
import { signal } from '@preact/signals'
import { mayAs } from '../wire.ts'
import type { Stop, StopScope } from '../wire.ts'

const changes = signal(0)

export function StopButton() {
  const [open, setOpen] = useState(false)
  return (
    <>
      <button class="danger" onClick={() => setOpen(true)}>
        Stop …
      </button>
      {open && <Ask title="Stop" onClose={() => setOpen(false)} />}
    </>
  )
}

const kinds = ['all', 'connector', 'tool', 'principal'] as const
const kindWords = {
  all: 'everything',
  connector: 'one connection',
  tool: 'one tool',
  principal: 'one person and their agents',
} as const

function Ask({ title, onClose }: { readonly title: string; readonly onClose: () => void }) {
  const [kind, setKind] = useState<StopScope['kind']>('all')
  const [id, setId] = useState('')
  const [reason, setReason] = useState('')
  const stop = useAction(async () => {
    await post('stops', { scope: kind === 'all' ? { kind } : { kind, id: id.trim() }, reason })
    changes.value += 1
    onClose()
  })
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          stop.run()
        }}
      >
        <p>
          Nothing more is sent within a second, on every process. What waits is cancelled; what is under way runs to a
          recorded end.
        </p>
        <Field label="What">
          <select value={kind} onChange={(event) => setKind(event.currentTarget.value as StopScope['kind'])}>
            {kinds.map((each) => (
              <option key={each} value={each}>
                {kindWords[each]}
              </option>
            ))}
          </select>
        </Field>
        {kind !== 'all' && (
          <Field label="Its name">
            <input required value={id} onInput={(event) => setId(event.currentTarget.value)} />
          </Field>
        )}
        <Field label="Why? Whoever wants to resume reads it.">
          <textarea
            rows={2}
            required
            maxLength={1000}
            value={reason}
            onInput={(event) => setReason(event.currentTarget.value)}
          />
        </Field>
        <Failed of={stop} />
        <div class="buttons">
          <button class="danger" type="submit" disabled={stop.busy || reason.trim() === ''}>
            Stop now
          </button>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  )
}

/** Nobody should wonder why nothing happens. */
export function Stopped() {
  const loaded = useLoad(() => get<readonly Stop[]>('stops'), `stops ${changes.value}`, true)
  const [resuming, setResuming] = useState<Stop>()
  const person = me.value
  const may = typeof person === 'object' && mayAs(person.role, 'operator')
  return (
    <div aria-live="assertive">
      {loaded.value?.map((stop) => (
        <div class="stopped" key={JSON.stringify(stop.scope)}>
          <span>
            Stopped: {stop.scope.kind === 'all' ? 'everything' : `${stop.scope.kind} ${stop.scope.id}`}, by {stop.by}{' '}
            <Time at={stop.at} />: {stop.reason}
            {stop.resumeAskedBy !== undefined && ` (${stop.resumeAskedBy} wants to resume; a second person is needed)`}
          </span>
          {may && <button onClick={() => setResuming(stop)}>Resume …</button>}
        </div>
      ))}
      {resuming && <Resume stop={resuming} onClose={() => setResuming(undefined)} />}
    </div>
  )
}

function Resume({ stop, onClose }: { readonly stop: Stop; readonly onClose: () => void }) {
  const [reason, setReason] = useState('')
  const [said, setSaid] = useState<string>()
  const resume = useAction(async () => {
    const { resumed } = await post<{ resumed: boolean }>('stops/resume', { scope: stop.scope, reason })
    changes.value += 1
    if (resumed) onClose()
    else setSaid('Noted. A second person must resume it too.')
  })
  return (
    <Dialog title="Resume" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          resume.run()
        }}
      >
        <Field label="Why is it safe again?">
          <textarea
            rows={2}
            required
            maxLength={1000}
            value={reason}
            onInput={(event) => setReason(event.currentTarget.value)}
          />
        </Field>
        <Failed of={resume} />
        {said !== undefined && (
          <p class="notice info" role="status">
            {said}
          </p>
        )}
        <div class="buttons">
          <button class="primary" type="submit" disabled={resume.busy || reason.trim() === ''}>
            Resume
          </button>
          <button type="button" onClick={onClose}>
            Close
          </button>
        </div>
      </form>
    </Dialog>
  )
}
