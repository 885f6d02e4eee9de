// What a connection remembers between calls: its own account, people, and which id a channel's name had.
import { digest } from 'toolgate/kit'
import type { HubError } from 'toolgate/kit'
import { toHubError } from './errors.ts'

/** One request through the SDK: Slack's own errors become ours. */
export type Ask = <Answer>(answer: Promise<Answer>) => Promise<Answer>

const mostRemembered = 500
const lasting = new Set(['credential', 'rotation'])

/** The memory of this credential; that of another one is forgotten. */
export function memoryOf(cache: Map<string, unknown>, credential: string): Map<string, unknown> {
  const whose = digest({ credential }).slice(0, 16)
  if (cache.get('credential') !== whose) {
    cache.clear()
    cache.set('credential', whose)
  }
  return cache
}

/** What was learned with rights that are gone is not known any more. */
export function askingWith(memory: Map<string, unknown>): Ask {
  return async (answer) => {
    try {
      return await answer
    } catch (error) {
      const thrown = toHubError(error)
      if (isAboutRights(thrown)) for (const key of memory.keys()) if (!lasting.has(key)) memory.delete(key)
      throw thrown
    }
  }
}

function isAboutRights({ code }: HubError): boolean {
  return code === 'forbidden' || code === 'unauthenticated'
}

/** The newest so many of its kind. */
export function remember(memory: Map<string, unknown>, kind: string, id: string, value: unknown): void {
  memory.delete(`${kind}:${id}`)
  memory.set(`${kind}:${id}`, value)
  const known = [...memory.keys()].filter((key) => key.startsWith(`${kind}:`))
  if (known.length > mostRemembered) memory.delete(known[0] ?? '')
}

/** The values that there are. */
export function given<Values extends Readonly<Record<string, string | number | undefined>>>(
  values: Values,
): { [Key in keyof Values]?: Exclude<Values[Key], undefined> } {
  const present = Object.entries(values).filter(([, value]) => value !== undefined && value !== '')
  return Object.fromEntries(present) as { [Key in keyof Values]?: Exclude<Values[Key], undefined> }
}
