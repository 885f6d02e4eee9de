// A condition that holds on certain days between two times of day, as the clock on the wall of a place shows them.
import { condition } from 'toolgate/kit'
import { z } from 'zod'

const week = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const

const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, { error: 'Write a time of day such as "09:00", in quotes.' })
const timeZone = z.string().refine(isZone, { error: 'Write an IANA time zone such as Europe/Berlin.' })

export const businessHours = condition({
  name: 'business-hours',
  description: 'It is a working day and between the opening and the closing time.',
  needs: [],
  params: z
    .strictObject({
      zone: timeZone,
      /** Included. */
      from: timeOfDay,
      /** Not included. */
      to: timeOfDay,
      days: z.array(z.enum(week)).min(1).default(['monday', 'tuesday', 'wednesday', 'thursday', 'friday']),
    })
    .refine(({ from, to }) => from < to, { error: '"from" must be before "to". For a night, write two rules.' }),
  test({ now }, { zone, from, to, days }) {
    const { day, time } = wallClock(now, zone)
    return days.some((each) => each === day) && from <= time && time < to
  },
})

/** The day and `HH:MM` in the zone, daylight saving included. */
function wallClock(now: Date, zone: string): { readonly day: string; readonly time: string } {
  const parts = new Map(
    formatter(zone)
      .formatToParts(now)
      .map(({ type, value }) => [type, value]),
  )
  return { day: String(parts.get('weekday')).toLowerCase(), time: `${parts.get('hour')}:${parts.get('minute')}` }
}

const formatters = new Map<string, Intl.DateTimeFormat>()

function formatter(zone: string): Intl.DateTimeFormat {
  const known = formatters.get(zone)
  if (known) return known
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    weekday: 'long',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
  formatters.set(zone, made)
  return made
}

function isZone(name: string): boolean {
  // Offsets such as +02:00 are zones to Intl, but know no daylight saving.
  if (!/^[A-Z]/.test(name)) return false
  try {
    return formatter(name) !== undefined
  } catch {
    return false
  }
}
