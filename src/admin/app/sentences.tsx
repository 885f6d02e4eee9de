// A policy file with colours for its words: what a rule does, for whom, where, when and why.
const token =
  /(?<comment>(?:^|\s)#.*$)|(?<effect>\b(?:allow|ask|preview|deny|limit|hide|mask)\b(?=\s*:))|(?<key>[\w.-]+(?=\s*:(?:\s|$)))|(?<text>'(?:[^']|'')*'|"(?:[^"\\]|\\.)*")|(?<who>\b(?:role|person):[\w-]+)|(?<number>\b\d+(?:\.\d+)?\b)|(?<operator>&&|\|\||[!=<>]=?|\bin\b)/g

export function Sentences({ text, label }: { readonly text: string; readonly label: string }) {
  return (
    <pre class="sentences" tabIndex={0} aria-label={`The text of ${label}`}>
      <code>
        {text.split('\n').map((line, index) => (
          <Line key={index} line={line} />
        ))}
      </code>
    </pre>
  )
}

function Line({ line }: { readonly line: string }) {
  const parts: (string | { readonly kind: string; readonly word: string })[] = []
  let end = 0
  for (const match of line.matchAll(token)) {
    if (match.index > end) parts.push(line.slice(end, match.index))
    const kind = Object.entries(match.groups ?? {}).find(([, word]) => word !== undefined)?.[0] ?? ''
    parts.push({ kind: kind === 'effect' ? `effect ${match[0]}` : kind, word: match[0] })
    end = match.index + match[0].length
  }
  if (end < line.length) parts.push(line.slice(end))
  return (
    <>
      {parts.map((part, index) =>
        typeof part === 'string' ? (
          part
        ) : (
          <span key={index} class={`t-${part.kind}`}>
            {part.word}
          </span>
        ),
      )}
      {'\n'}
    </>
  )
}
