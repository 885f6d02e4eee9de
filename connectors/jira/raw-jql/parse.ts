// JQL as a tree, by Atlassian's own grammar. It is loaded with the first query, and given nothing that is long or deep.
import { HubError } from 'toolgate/kit'
import type { Query } from '@atlaskit/jql-ast'

export const longest = 4_096
const deepest = 20

export async function parseJql(jql: string): Promise<Query> {
  requireBounded(jql)
  const { JastBuilder } = await import('@atlaskit/jql-ast')
  const { query, errors } = new JastBuilder().build(jql)
  // There is a tree also for what is broken, and it means something else.
  if (errors.length > 0 || query === undefined)
    throw new HubError(
      'invalid_input',
      'This is no JQL query that can be read. Write it as in the advanced search of Jira: status = Open AND labels in (a, b).',
      { cause: errors },
    )
  return query
}

/** Before the parser sees anything: 75 KB of it hold up a process for a second. */
function requireBounded(jql: string): void {
  if (jql.length > longest || Buffer.byteLength(jql) > longest)
    throw new HubError('invalid_input', `The query is longer than ${longest} bytes.`)
  // Blanks of other kinds, control characters and letters that only look like others name something else than is read.
  if (/[^\t\n\r -~]/.test(withoutTexts(jql)) || !isWellFormed(jql))
    throw new HubError('invalid_input', 'Outside of quotes, a query has plain characters only.')
  if (depthOf(withoutTexts(jql)) > deepest)
    throw new HubError('invalid_input', `The query has more than ${deepest} parentheses or negations inside each other.`)
}

/** What is in quotes opens nothing. A quote that is never closed ends nothing either: the parser refuses it. */
function withoutTexts(jql: string): string {
  return jql.replace(/\\[^]|"(?:\\[^]|[^"\\])*"|'(?:\\[^]|[^'\\])*'/g, '_')
}

/** At least as deep as the tree will be: every negation counts as one that is open until the end. */
function depthOf(code: string): number {
  const negations = code.match(/!(?![=~])|\bnot\b(?!\s+(?:in|empty|null)\b)/gi)?.length ?? 0
  let open = 0
  let most = 0
  for (const character of code) {
    if (character === '(') most = Math.max(most, ++open)
    if (character === ')') open = Math.max(0, open - 1)
  }
  return most + negations
}

function isWellFormed(jql: string): boolean {
  return jql.isWellFormed()
}
