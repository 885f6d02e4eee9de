// SOQL as a tree. The parser is loaded with the first query, and given nothing that is long, deep or strange.
import { HubError } from 'toolgate/kit'
import type { Query } from '@jetstreamapp/soql-parser-js'

const deepest = 12
// What is written again is a little longer than what was asked.
const longest = 12_000

export async function parseSoql(soql: string): Promise<Query> {
  requirePlain(soql)
  const { parseQuery } = await import('@jetstreamapp/soql-parser-js')
  try {
    return parseQuery(soql)
  } catch (error) {
    throw new HubError(
      'invalid_input',
      'This is no SOQL query that can be read. Write SELECT … FROM … WHERE …, one statement.',
      {
        cause: error,
      },
    )
  }
}

function requirePlain(soql: string): void {
  if (soql.length > longest) throw new HubError('invalid_input', 'The query is too long.')
  const code = soql.replace(/'(?:\\[^]|[^'\\])*'/g, "''")
  // The parser takes any kind of blank; outside of texts, SOQL needs none of the others.
  if (/[^\t\n\r -~]/.test(code) || code.includes('--') || code.includes('/*') || code.includes('//') || code.includes(';'))
    throw new HubError(
      'invalid_input',
      'Outside of quotes, a query has plain characters only: no comments, no second statement.',
    )
  let depth = 0
  for (const character of code) {
    depth += character === '(' ? 1 : character === ')' ? -1 : 0
    if (depth > deepest)
      throw new HubError('invalid_input', `The query has more than ${deepest} parentheses inside each other.`)
  }
}
