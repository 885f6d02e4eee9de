// "Did you mean …?": the known name that is nearest to what was written.

/** A sentence, or undefined when nothing is near. */
export function didYouMean(written: string, known: Iterable<string>): string | undefined {
  const name = nearest(written, known)
  return name === undefined ? undefined : `Did you mean "${name}"?`
}

function nearest(written: string, known: Iterable<string>): string | undefined {
  const most = Math.max(1, Math.floor(written.length / 3))
  let best: { readonly name: string; readonly distance: number } | undefined
  for (const name of known) {
    const distance = edits(written.toLowerCase(), name.toLowerCase())
    if (distance <= most && distance < (best?.distance ?? Infinity)) best = { name, distance }
  }
  return best?.name
}

/** Insertions, deletions and replacements between the two (Levenshtein). */
function edits(left: string, right: string): number {
  if (Math.abs(left.length - right.length) > 20) return Infinity
  let row = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let i = 1; i <= left.length; i++) {
    const next = [i]
    for (let j = 1; j <= right.length; j++) {
      const replaced = row[j - 1]! + (left[i - 1] === right[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[right.length]!
}
