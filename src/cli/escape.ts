// Makes data safe to print: a terminal obeys control characters, and bidirectional ones make a text read as another.

/** For one line: line breaks and tabs are spelled out too. */
export function oneLine(text: string): string {
  return visible(text).replaceAll('\n', '\\n').replaceAll('\t', '\\t')
}

/** For several lines: line breaks and tabs stay. */
export function visible(text: string): string {
  return text.toWellFormed().replace(hidden, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
}

/**
 * Control characters but \n and \t; format characters (bidirectional marks, zero-width ones, tags); line and paragraph
 * separators; private use. The zero-width joiner stays, since names and emoji need it.
 */
const hidden = /(?![\n\t\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}]/gu
