// Where credentials travel: the headers, form fields and answers that are made for them.

type Slot = readonly [slot: string, secret: string]

/** Fields of OAuth's requests and answers (RFC 6749, 7009, 7523, 7636, 7662, 8693). */
const fields = [
  'access_token',
  'refresh_token',
  'id_token',
  'client_secret',
  'code',
  'code_verifier',
  'assertion',
  'client_assertion',
  'subject_token',
  'password',
  'token',
]
const headersOfKeys = ['x-vault-token', 'x-api-key', 'dd-api-key', 'x-admin-token']

export function credentialFields(of: Readonly<Record<string, unknown>>): readonly Slot[] {
  return fields.flatMap((field): readonly Slot[] => {
    const value = of[field]
    return typeof value === 'string' ? [[field, value]] : []
  })
}

/** @param of by their names in small letters; several values of one name are lines */
export function credentialHeaders(of: Readonly<Record<string, string>>): readonly Slot[] {
  return Object.entries(of).flatMap(([header, value]): readonly Slot[] => {
    const values = value.split('\n')
    if (header === 'authorization') return values.flatMap(inAuthorization)
    if (header === 'cookie') return values.flatMap((text) => text.split(';').map((pair): Slot => ['cookie', valueOf(pair)]))
    if (header === 'set-cookie') return values.map((text): Slot => ['cookie', valueOf(text.split(';')[0] ?? '')])
    return headersOfKeys.includes(header) ? values.map((text): Slot => [header, text]) : []
  })
}

function inAuthorization(text: string): readonly Slot[] {
  const [scheme = '', ...rest] = text.split(' ')
  const given = rest.join(' ')
  if (scheme.toLowerCase() !== 'basic') return [['authorization', given]]
  const password = Buffer.from(given, 'base64').toString().split(':').slice(1).join(':')
  return [
    ['basic credentials', given],
    ['basic password', decodeURIComponent(password.replace(/%(?![0-9a-f]{2})/gi, '%25'))],
  ]
}

function valueOf(pair: string): string {
  return pair.slice(pair.indexOf('=') + 1).trim()
}
