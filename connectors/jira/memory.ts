// What is remembered for a while with one credential: what rarely changes, and is asked for again and again.

/** Screens of new issues and people change by the day; a refused request forgets them at once. */
const lifetimeMs = 2 * 60_000
const most = 200
const key = 'jira.memory'

type Entries = Map<string, { readonly at: number; readonly value: unknown }>

export interface Memory {
  /** What was answered to this question lately, or else what is answered now. */
  lately<Value>(question: readonly string[], now: Date, ask: () => Promise<Value>): Promise<Value>
  forget(): void
}

/** @param cache lives as long as one configuration and credential */
export function memoryIn(cache: Map<string, unknown>): Memory {
  return {
    async lately<Value>(question: readonly string[], now: Date, ask: () => Promise<Value>) {
      const entries = (cache.get(key) as Entries | undefined) ?? new Map()
      cache.set(key, entries)
      const asked = JSON.stringify(question)
      const known = entries.get(asked)
      if (known && now.getTime() >= known.at && now.getTime() - known.at < lifetimeMs) return known.value as Value
      // Forgotten meanwhile, these entries are not the ones that are read any more.
      const value = await ask()
      entries.delete(asked)
      entries.set(asked, { at: now.getTime(), value })
      for (const oldest of entries.keys()) {
        if (entries.size <= most) break
        entries.delete(oldest)
      }
      return value
    },
    forget: () => void cache.delete(key),
  }
}
