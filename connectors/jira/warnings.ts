// What an approver should know of the text that a caller sent.
import { visibleText } from 'toolgate/kit'

/** A warning where something would be left out of these texts. Line ends are no secret. */
export function hiddenWarning(...texts: readonly (string | undefined)[]): readonly string[] {
  const hidden = texts.some((text) => text !== undefined && visibleText(text) !== text.replace(/\r\n?/g, '\n'))
  return hidden ? ['The text had invisible or control characters; they are left out.'] : []
}
