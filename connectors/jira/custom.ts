// The custom fields of an issue as people read them, whatever their kind.
import { cutText, visibleText } from 'toolgate/kit'
import { z } from 'zod'
import { toMarkdown } from './adf.ts'
import type { Fields } from './answers.ts'

export type Shown = string | number | readonly string[]

const limits = { fields: 60, text: 1_000, values: 50 }

/** Those that have a value, by display name; of two with one name, each with its id. */
export function customOf({ fields, names }: Fields): Record<string, string | number | string[]> {
  const set = Object.entries(fields).flatMap(([id, raw]) => {
    const shown = /^customfield_\d{1,10}$/.test(id) ? shownOf(raw) : undefined
    return shown === undefined ? [] : [{ id, name: names[id] ?? id, shown }]
  })
  const isTwice = (name: string) => set.filter((each) => each.name === name).length > 1
  return Object.fromEntries(
    set
      .slice(0, limits.fields)
      .map(({ id, name, shown }) => [
        isTwice(name) ? `${name} (${id})` : name,
        typeof shown === 'object' ? [...shown] : shown,
      ]),
  )
}

const Option = z.object({ value: z.string(), child: z.object({ value: z.string() }).optional() })
const Person = z.object({ accountId: z.string(), displayName: z.string().optional() })
const Named = z.object({ name: z.string() })
const Keyed = z.object({ key: z.string() })
const Document = z.object({ type: z.literal('doc') })

function shownOf(raw: unknown): Shown | undefined {
  if (raw === null || raw === undefined || raw === '') return undefined
  if (typeof raw === 'number') return raw
  if (!Array.isArray(raw)) return wordsOf(raw)
  const words = raw.slice(0, limits.values).flatMap((each) => wordsOf(each) ?? [])
  return words.length === 0 ? undefined : words
}

function wordsOf(raw: unknown): string | undefined {
  if (typeof raw === 'string' || typeof raw === 'number' || typeof raw === 'boolean') return cut(String(raw))
  if (Document.safeParse(raw).success) return cut(toMarkdown(raw).markdown)
  const option = Option.safeParse(raw).data
  if (option) return cut(option.child === undefined ? option.value : `${option.value} > ${option.child.value}`)
  const person = Person.safeParse(raw).data
  if (person) return cut(`${person.displayName ?? 'unknown'} (${person.accountId})`)
  // An issue by its key alone: what it says may be outside of what the person may see.
  return cut(Keyed.safeParse(raw).data?.key ?? Named.safeParse(raw).data?.name ?? '[a value of another kind]')
}

function cut(text: string): string {
  return cutText(visibleText(text), limits.text).text
}
