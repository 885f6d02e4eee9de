// Looks for secrets in everything that somebody could read, in every spelling in which secrets travel, whole and in halves.

export interface Search {
  readonly searched: number
  readonly hits: readonly string[]
}

/** How many places were looked at, and which sink holds which secret in which spelling. */
export function searchAll(sinks: Readonly<Record<string, string>>, secrets: Readonly<Record<string, string>>): Search {
  const hits: string[] = []
  let searched = 0
  for (const [slot, secret] of Object.entries(secrets)) {
    for (const [spelling, spelled] of spellingsOf(secret)) {
      for (const [sink, text] of Object.entries(sinks)) {
        searched += 1
        if (text.includes(spelled)) hits.push(`${slot} ${spelling} in ${sink}`)
      }
    }
  }
  return { searched, hits }
}

export function spellingsOf(secret: string): readonly (readonly [string, string])[] {
  const half = Math.ceil(secret.length / 2)
  const parts: readonly (readonly [string, string])[] = [
    ['whole', secret],
    ['first half', secret.slice(0, half)],
    ['second half', secret.slice(half)],
    ...secret.split('.').map((part, index) => [`part ${index + 1}`, part] as const),
  ]
  // A shorter piece could be anything, such as the header that all tokens have in common.
  return parts
    .filter(([name, part]) => part.length >= 10 && !(name !== 'whole' && /(^|=)eyJ/.test(secret) && name !== 'part 3'))
    .flatMap(([name, part]) => {
      const bytes = Buffer.from(part)
      return [
        [name, part],
        [`${name}, hex`, bytes.toString('hex')],
        [`${name}, HEX`, bytes.toString('hex').toUpperCase()],
        [`${name}, URL`, encodeURIComponent(part)],
        [`${name}, JSON`, JSON.stringify(part).slice(1, -1)],
        [`${name}, reversed`, part.split('').toReversed().join('')],
        ...[0, 1, 2].map((offset) => [`${name}, base64 at ${offset}`, base64At(bytes, offset)] as const),
      ] as const
    })
}

/** Without the characters at both ends that hold bits of its neighbours. */
function base64At(bytes: Buffer, offset: number): string {
  const text = Buffer.concat([Buffer.alloc(offset), bytes])
    .toString('base64')
    .replaceAll('=', '')
  return text.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6))
}
