// What leaves the hub holds no secret that it knows, in any of the spellings in which secrets travel.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createSecrets } from '../../src/egress/secrets.ts'
import type { Json } from '../../src/kit/json.ts'

const spellings: Readonly<Record<string, (secret: string) => string>> = {
  raw: (secret) => secret,
  base64: (secret) => Buffer.from(secret).toString('base64'),
  base64url: (secret) => Buffer.from(secret).toString('base64url'),
  url: (secret) => encodeURIComponent(secret),
  form: (secret) => new URLSearchParams({ s: secret }).toString().slice(2),
  hex: (secret) => Buffer.from(secret).toString('hex'),
  HEX: (secret) => Buffer.from(secret).toString('hex').toUpperCase(),
  json: (secret) => JSON.stringify(secret).slice(1, -1),
}
const spelling = fc.constantFrom(...Object.keys(spellings))
const secretText = fc
  .string({ minLength: 8, maxLength: 60, unit: 'grapheme-ascii' })
  .filter((text) => text.trim().length >= 8)

test.each(Object.keys(spellings))('%s: gone, wherever it stands', (name) => {
  fc.assert(
    fc.property(secretText, fc.string(), fc.string(), (secret, before, after) => {
      const secrets = createSecrets()
      secrets.add(secret)
      const spelled = spellings[name]?.(secret) ?? ''
      const text = `${before} ${spelled} ${after}`
      const value: Json = { a: [1, { [text]: text }], b: true, c: null }
      expect(JSON.stringify(secrets.scrub(value))).not.toContain(JSON.stringify(spelled).slice(1, -1))
    }),
    { numRuns: 300 },
  )
})

test('inside a longer base64 text, at every alignment: what is left does not decode to it', () => {
  fc.assert(
    fc.property(secretText, fc.string({ maxLength: 9 }), fc.string({ maxLength: 9 }), (secret, before, after) => {
      const secrets = createSecrets()
      secrets.add(secret)
      const header = `Basic ${Buffer.from(before + secret + after).toString('base64')}`
      const clean = secrets.scrub(header)
      expect(clean).toContain('[secret]')
      expect(Buffer.from(clean.slice(6), 'base64').toString()).not.toContain(secret)
    }),
    { numRuns: 300 },
  )
})

// SEC-11: one marker, whatever the secret and however long.
test('several secrets, one a part of the other: nothing of the longer is left', () => {
  const secrets = createSecrets()
  secrets.add('hunter2hunter2')
  secrets.add('hunter2hunter2-and-more-of-it')
  expect(secrets.scrub('x hunter2hunter2-and-more-of-it y hunter2hunter2')).toBe('x [secret] y [secret]')
})

test('the parts of a compound credential are secrets too; the address in it is not', () => {
  const secrets = createSecrets()
  secrets.add('maya.okafor@larkfield.example:ATATT3xFfGF0canary00')
  expect(secrets.scrub({ mail: 'maya.okafor@larkfield.example', token: 'ATATT3xFfGF0canary00' })).toEqual({
    mail: 'maya.okafor@larkfield.example',
    token: '[secret]',
  })
})

test('each text of a credential in JSON is a secret of its own, also a short one and one with signs in it', () => {
  const secrets = createSecrets()
  const parts = {
    client_id: 'acme',
    client_secret: 'k:7 "q"',
    refresh_token: 'r-short',
    private_key: '-----BEGIN\nabc def\n',
  }
  secrets.add(
    JSON.stringify({ ...parts, nested: { list: [{ password: 'pa ss\\word' }] }, issuer: 'https://login.acme.dev' }),
  )
  const hidden = [parts.client_secret, parts.refresh_token, parts.private_key, 'pa ss\\word']
  for (const part of hidden) {
    for (const [name, spelled] of Object.entries(spellings)) {
      const clean = secrets.scrub(`x ${spelled(part)} y`)
      expect([name, clean.includes('[secret]'), clean.includes(spelled(part))]).toEqual([name, true, false])
    }
  }
  expect(secrets.scrub('acme at https://login.acme.dev')).toBe('acme at https://login.acme.dev')
})

describe('nothing else is changed', () => {
  test('the very same value comes back where no secret is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), spelling, (value, name) => {
        const secrets = createSecrets()
        secrets.add(`canary-${name}-5f1e`)
        expect(secrets.scrub(value as Json)).toBe(value)
      }),
    )
  })
  test('special characters of patterns are ordinary', () => {
    const secrets = createSecrets()
    secrets.add('a.b*c+(d)[e]$^|\\')
    expect(secrets.scrub('aXbbbc a.b*c+(d)[e]$^|\\')).toBe('aXbbbc [secret]')
  })
  test('no secrets, empty ones and very short ones take nothing with them', () => {
    const secrets = createSecrets()
    for (const value of ['', 'a', 'abc']) secrets.add(value)
    const value = { abc: 'a abc' }
    expect(secrets.scrub(value)).toBe(value)
  })
  test('a member called __proto__ stays a member', () => {
    const secrets = createSecrets()
    secrets.add('canary-5f1e')
    const clean = secrets.scrub(JSON.parse('{"__proto__":"canary-5f1e"}') as Json)
    expect(JSON.stringify(clean)).toBe('{"__proto__":"[secret]"}')
  })
})
