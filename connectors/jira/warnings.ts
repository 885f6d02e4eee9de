// What an approver should know of the text that a caller sent.
import { clean } from './text.ts'

export function hiddenWarning(...texts: readonly (string | undefined)[]): readonly string[] {
  const hidden = texts.some((text) => text !== undefined && clean(text) !== text.replace(/\r\n?/g, '\n'))
  return hidden ? ['The text had invisible or control characters; they are left out.'] : []
}
