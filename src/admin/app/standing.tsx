// A yes in advance to more calls like the one on the screen.
import { useState } from 'preact/hooks'
import { post } from './api.ts'
import { Dialog, Failed, Field, useAction } from './parts.tsx'
import { localTime, Until } from './until.tsx'
import type { Alike, StandingView } from '../wire.ts'

interface AllowNextProps {
  readonly id: string
  readonly alike: Alike
  readonly onClose: () => void
  readonly done: (message: string) => void
}

const countAtFirst = 5
const hoursAtFirst = 8

export function AllowNext({ id, alike, onClose, done }: AllowNextProps) {
  const [count, setCount] = useState(countAtFirst)
  const [until, setUntil] = useState(localTime(hoursAtFirst))
  const [reason, setReason] = useState('')
  const grant = useAction(async () => {
    const body = { count, until: new Date(until).toISOString(), reason }
    const made = await post<StandingView>(`approvals/${id}/standing`, body)
    done(`The next ${made.count} calls like this need no further yes of yours. This one still waits for its own.`)
    onClose()
  })
  return (
    <Dialog title="Allow the next ones like this" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          grant.run()
        }}
      >
        <p>
          Nobody will look at them first. It covers <code>{alike.tool}</code>, asked by {alike.principal},{' '}
          {places(alike.where)}, whatever it says, and nothing that people outside would see.
        </p>
        <Field label="How many">
          <input
            type="number"
            required
            min={1}
            max={10_000}
            value={count}
            onInput={(event) => setCount(event.currentTarget.valueAsNumber)}
          />
        </Field>
        <Until value={until} onInput={setUntil} />
        <Field label="Why? It stays in the audit.">
          <input maxLength={1000} value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
        </Field>
        <Failed of={grant} />
        <div class="buttons">
          <button class="primary" type="submit" disabled={grant.busy || !(count >= 1) || until === ''}>
            Allow them
          </button>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  )
}

/** In words: `where jira.project is OPS`. */
export function places(where: Alike['where']): string {
  const each = Object.entries(where).map(([name, ids]) => `${name} is ${ids.join(' or ')}`)
  return each.length === 0 ? 'anywhere' : `where ${each.join(' and ')}`
}
