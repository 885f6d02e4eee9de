// Patterns with `*` for any run of characters, matched without backtracking.

/** Whether the whole text fits. Time is bounded by the lengths of text and pattern multiplied, however they look. */
export function glob(text: string, pattern: string): boolean {
  const parts = pattern.split('*')
  const first = parts[0]!
  if (parts.length === 1) return text === first
  const last = parts.at(-1)!
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false
  // Taking each middle part at its first place is enough: a later place leaves less for the parts after it.
  const end = text.length - last.length
  let from = first.length
  for (const part of parts.slice(1, -1)) {
    const at = text.indexOf(part, from)
    if (at < 0 || at + part.length > end) return false
    from = at + part.length
  }
  return true
}
