// "Did you mean …?", as a sentence for the problems of a policy file.
import { nearest } from '../kit/nearest.ts'

/** A sentence, or undefined when nothing is near. */
export function didYouMean(written: string, known: Iterable<string>): string | undefined {
  const name = nearest(written, known)
  return name === undefined ? undefined : `Did you mean "${name}"?`
}
