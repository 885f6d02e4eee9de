// A time to come, in the time zone of whoever sits there.
import { Field } from './parts.tsx'

export function Until({ value, onInput }: { readonly value: string; readonly onInput: (value: string) => void }) {
  return (
    <Field label="Until">
      <input
        type="datetime-local"
        required
        min={localTime(0)}
        value={value}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
    </Field>
  )
}

/** In so many hours, as the field takes it. */
export function localTime(hours: number): string {
  const at = new Date(Date.now() + hours * 3_600_000)
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}
