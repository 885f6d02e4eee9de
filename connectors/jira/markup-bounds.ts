// What the Markdown converter is not given: nests without end, and marks that it would try to pair for minutes.
import { HubError } from 'toolgate/kit'

const deepest = 12
/** The time to pair them grows with their cube: 1,000 take seconds, these a tenth of one. */
const most = { emphases: 300, images: 40, links: 60 }

/** One walk over the lines. A paragraph is what the converter reads at once: it ends at a blank line or at a new item. */
export function requireBounded(markdown: string): void {
  let counted = { emphases: 0, images: 0, links: 0 }
  let fence: string | undefined
  let isTable = false
  let previous = ''
  for (const line of markdown.split('\n')) {
    if (fence !== undefined) {
      if (closes(line, fence)) fence = undefined
      continue
    }
    fence = /^ {0,3}(`{3,}(?=[^`]*$)|~{3,})/.exec(line)?.[1]
    if (fence !== undefined) continue
    if (depthOf(line) > 2 * deepest) throw tooDeep()
    if (line.trim() === '') isTable = false
    // Cells are read one by one, and none goes beyond its line.
    if (beginsTable(previous, line)) isTable = true
    previous = line
    if (isTable || line.trim() === '' || /^ {0,3}(?:[-*+]|1[.)])\s/.test(line))
      counted = { emphases: 0, images: 0, links: 0 }
    counted.emphases += line.match(/\*+|_+/g)?.length ?? 0
    counted.images += line.split('![').length - 1
    // Also those that never end: each is tried to the end of the paragraph, and again for each before it.
    counted.links += line.split('](').length - 1
    if (counted.emphases > most.emphases || counted.images > most.images || counted.links > most.links)
      throw new HubError(
        'invalid_input',
        'One paragraph of the text has hundreds of marks such as * or _, or dozens of links. Put code into a fence, and divide the text.',
      )
  }
}

export function requireDepth(depth: number): void {
  if (depth > deepest) throw tooDeep()
}

function depthOf(line: string): number {
  return /^[\s>*+\-\d.)]*/.exec(line)?.[0].match(/>|[*+-](?=\s)|\d[.)](?=\s)/g)?.length ?? 0
}

/** A row of dashes, with as many cells as the line before it. Where that is not plain, it is taken for a paragraph. */
function beginsTable(header: string, line: string): boolean {
  if (!/^\s*\|?(?:\s*:?-+:?\s*\|)*\s*:?-+:?\s*\|?\s*$/.test(line) || !line.includes('|')) return false
  return !/[\\`]/.test(header) && header.includes('|') && cellsOf(header) === cellsOf(line)
}

function cellsOf(line: string): number {
  return line
    .trim()
    .replace(/^\||\|$/g, '')
    .split('|').length
}

function closes(line: string, fence: string): boolean {
  const [, mark = ''] = /^ {0,3}(`{3,}|~{3,})\s*$/.exec(line) ?? []
  return mark.startsWith(fence)
}

function tooDeep(): HubError {
  return new HubError('invalid_input', 'The text nests lists or quotes too deep. Use at most a few levels.')
}
