// Secrets that live elsewhere: read when they are needed, again when they have changed, and never from a place that was not named.
import { createHmac, createVerify, generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { inspect } from 'node:util'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { awsSecrets, azureSecrets, gcpSecrets, signV4 } from '../../src/egress/secrets/clouds.ts'
import { createKeeper } from '../../src/egress/secrets/keeper.ts'
import type { Keeper } from '../../src/egress/secrets/keeper.ts'
import type { SecretPlaces } from '../../src/egress/secrets/places.ts'
import { vaultFile } from '../../src/egress/secrets/vault-file.ts'
import { openSealing, openSealingWith } from '../../src/egress/sealing.ts'
import { serviceFetch } from '../../src/egress/service.ts'
import { vaultStandIn } from './vault-stand-in.ts'
import type { VaultStandIn } from './vault-stand-in.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'toolgate-places-'))
afterAll(() => rmSync(folder, { recursive: true }))
const canary = 'canary-51f0c2a9'
let clock = Date.UTC(2026, 0, 1)
const now = () => new Date(clock)

function keeper(places: SecretPlaces, env: Record<string, string> = {}): Keeper {
  const { address } = places.vault ?? {}
  const ask = serviceFetch({ named: () => (address === undefined ? [] : [address]), timeoutMs: 1000 })
  return createKeeper({ directory: () => folder, env, places: () => places, ask: async () => ask, now })
}

describe('vault: on the stand-in', () => {
  let vault: VaultStandIn
  beforeEach(async () => {
    vault = await vaultStandIn()
    vault.data.set('apps/jira', { token: canary, value: 'the default field' })
  })
  afterEach(() => vault.close())
  const by = (more: object) => ({ vault: { address: vault.url, mount: 'secret', ...more } })

  test('a field of a path, by token; asked once for many who wait', async () => {
    const secrets = keeper(by({ token: 'env:VAULT' }), { VAULT: 'hvs.root' })
    const found = await Promise.all(Array.from({ length: 50 }, () => secrets.read('vault:apps/jira#token')))
    expect(new Set(found)).toEqual(new Set([canary]))
    expect(vault.asked).toEqual(['GET /v1/secret/data/apps/jira'])
    expect(await secrets.read('vault:apps/jira')).toBe('the default field')
  })
  // SEC-05, SEC-06
  test('what was rotated is read again after its lease, and at once when it is refused', async () => {
    const secrets = keeper(by({ token: 'env:VAULT' }), { VAULT: 'hvs.root' })
    vault.leaseSeconds = 30
    expect(await secrets.read('vault:apps/jira#token')).toBe(canary)
    vault.data.set('apps/jira', { token: 'rotated-1' })
    clock += 19_000
    expect(await secrets.read('vault:apps/jira#token')).toBe(canary)
    clock += 2_000
    expect(await secrets.read('vault:apps/jira#token')).toBe('rotated-1')
    vault.data.set('apps/jira', { token: 'rotated-2' })
    for (let at = 0; at < 10; at += 1) secrets.stale('vault:apps/jira#token')
    expect(await secrets.read('vault:apps/jira#token')).toBe('rotated-2')
    const before = vault.asked.length
    for (let at = 0; at < 100; at += 1) {
      secrets.stale('vault:apps/jira#token')
      await secrets.read('vault:apps/jira#token')
    }
    expect(vault.asked.length).toBe(before)
  })
  test('an AppRole signs in once, again before its token ends, and again when it is revoked', async () => {
    const env = { ROLE: 'role-1', SECRET_ID: 'secret-id-1' }
    const secrets = keeper(by({ appRole: { roleId: 'env:ROLE', secretId: 'env:SECRET_ID' } }), env)
    await secrets.read('vault:apps/jira#token')
    await secrets.read('vault:apps/jira#value')
    expect(vault.logins).toBe(1)
    clock += 49_000
    secrets.stale('vault:apps/jira#token')
    await secrets.read('vault:apps/jira#token')
    expect(vault.logins).toBe(2)
    vault.tokens.clear()
    clock += 31_000
    secrets.stale('vault:apps/jira#token')
    expect(await secrets.read('vault:apps/jira#token')).toBe(canary)
    expect(vault.logins).toBe(3)
  })
  // SEC-05
  test('sealed, gone, forbidden and absent are told apart, and none shows a secret', async () => {
    const secrets = keeper(by({ token: 'env:VAULT' }), { VAULT: 'hvs.wrong-canary' })
    const told = async (reference: string) => await secrets.read(reference).catch((error: Error) => error)
    expect(await told('vault:apps/jira#token')).toMatchObject({
      code: 'unauthenticated',
      message: expect.stringContaining('does not let the hub'),
    })
    vault.sealed = true
    expect(await told('vault:apps/jira#token')).toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('sealed'),
    })
    vault.sealed = false
    vault.tokens.add('hvs.wrong-canary')
    expect(await told('vault:apps/none')).toMatchObject({
      code: 'unauthenticated',
      message: expect.stringContaining('nothing at apps/none'),
    })
    expect(await told('vault:apps/jira#absent')).toMatchObject({ message: expect.stringContaining('no field absent') })
    vault.down = true
    const down = await told('vault:apps/jira#token')
    expect(down).toMatchObject({ code: 'unavailable' })
    expect(inspect(down, { depth: 9, showHidden: true })).not.toContain('hvs.wrong-canary')
  })
  // SEC-05
  test('an outage changes nothing about what is known, until it has lasted an hour; a refusal does at once', async () => {
    const secrets = keeper(by({ token: 'env:VAULT' }), { VAULT: 'hvs.root' })
    await secrets.read('vault:apps/jira#token')
    vault.down = true
    clock += 6 * 60_000
    expect(await secrets.read('vault:apps/jira#token')).toBe(canary)
    vault.down = false
    vault.tokens.clear()
    clock += 6 * 60_000
    await expect(secrets.read('vault:apps/jira#token')).rejects.toThrow(/does not let the hub/)
  })
})

// SEC-05
test('a place that is not configured is refused by name, and nothing is tried instead', async () => {
  const env = { VALUE: canary, jira: canary }
  for (const reference of ['vault:jira', 'aws-sm:jira', 'gcp-sm:jira', 'azure-kv:jira', 'vaultfile:jira'])
    await expect(keeper({}, env).read(reference)).rejects.toThrow(/has no "secrets": \{ "\w+"/)
})

describe('vaultfile:', () => {
  const file = path.join(folder, 'secrets.vault')
  const resolve = async (reference: string) => ({ pass: 'a long passphrase', other: 'another passphrase' })[reference] ?? 'x'
  test('keeps secrets that nobody reads without the passphrase, and notices any change', async () => {
    const kept = vaultFile({ file, passphrase: 'pass' }, { resolve })
    await kept.write('jira', canary)
    await kept.write('slack', 'another')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readFileSync(file, 'utf8')).not.toMatch(/canary|jira/)
    expect(
      await keeper({ vaultfile: { file, passphrase: 'env:PASS' } }, { PASS: 'a long passphrase' }).read('vaultfile:jira'),
    ).toBe(canary)
    await kept.remove('slack')
    expect(await kept.names()).toEqual(['jira'])
    await expect(vaultFile({ file, passphrase: 'other' }, { resolve }).read('jira')).rejects.toThrow(/cannot be opened/)
    const whole = readFileSync(file, 'utf8')
    const sealed = JSON.parse(whole) as Record<string, string>
    for (const part of ['salt', 'data']) {
      const bytes = Buffer.from(sealed[part]!, 'base64')
      bytes[0] = bytes[0]! ^ 1
      writeFileSync(file, JSON.stringify({ ...sealed, [part]: bytes.toString('base64') }))
      await expect(kept.read('jira')).rejects.toThrow(/cannot be opened/)
    }
    writeFileSync(file, whole)
    expect(await kept.read('jira')).toBe(canary)
  })
  test('a key has 32 bytes, and a passphrase 12 characters', async () => {
    const other = path.join(folder, 'other.vault')
    await expect(vaultFile({ file: other, key: 'x' }, { resolve }).write('a', 'b')).rejects.toThrow(/32 bytes/)
    await expect(vaultFile({ file: other, passphrase: 'x' }, { resolve }).write('a', 'b')).rejects.toThrow(/12 characters/)
  })
})

describe('the clouds, as far as their documents say', () => {
  interface Seen {
    readonly url: string
    readonly headers?: Readonly<Record<string, string>>
    readonly body?: string
  }
  const seen: Seen[] = []
  const answering = (answers: Record<string, unknown>) => ({
    now,
    resolve: async (reference: string) => reference.replace('env:', ''),
    ask: async (asked: Seen) => {
      seen.push(asked)
      const [, answer] = Object.entries(answers).find(([start]) => asked.url.startsWith(start)) ?? []
      return answer === undefined ? { status: 404, text: '{}' } : { status: 200, text: JSON.stringify(answer) }
    },
  })
  beforeEach(() => void (seen.length = 0))

  test('AWS: signed with the headers that its documents name', async () => {
    const read = awsSecrets(
      { region: 'eu-central-1', accessKeyId: 'env:AKID', secretAccessKey: 'env:SK' },
      answering({ 'https://secretsmanager.eu-central-1.amazonaws.com/': { SecretString: canary } }),
    )
    expect((await read('prod/jira')).secret).toBe(canary)
    const headers = seen[0]!.headers!
    expect(headers['authorization']).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKID\/\d{8}\/eu-central-1\/secretsmanager\/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=[0-9a-f]{64}$/,
    )
    // By the steps of the document, written down a second time.
    const date = headers['x-amz-date']!
    const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()
    expect(date).toMatch(/^\d{8}T\d{6}Z$/)
    const again = signV4({
      service: 'secretsmanager',
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'secretsmanager.GetSecretValue' },
      url: seen[0]!.url,
      body: seen[0]!.body!,
      region: 'eu-central-1',
      id: 'AKID',
      key: 'SK',
      session: undefined,
      now: now(),
    })
    expect(again['authorization']).toBe(headers['authorization'])
    expect(hmac('AWS4SK', date.slice(0, 8))).toHaveLength(32)
  })
  test('Google: an assertion that its key signs, and never the metadata server', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const account = { client_email: 'hub@acme.iam', private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }) }
    const options = {
      ...answering({
        'https://oauth2': { access_token: 't1', expires_in: 3600 },
        'https://secretmanager': { payload: { data: Buffer.from(canary).toString('base64') } },
      }),
      resolve: async () => JSON.stringify(account),
    }
    const read = gcpSecrets({ project: 'acme-prod', serviceAccount: 'env:SA' }, options)
    expect((await read('jira@3')).secret).toBe(canary)
    await read('jira')
    expect(seen.map(({ url }) => url)).toEqual([
      'https://oauth2.googleapis.com/token',
      'https://secretmanager.googleapis.com/v1/projects/acme-prod/secrets/jira/versions/3:access',
      'https://secretmanager.googleapis.com/v1/projects/acme-prod/secrets/jira/versions/latest:access',
    ])
    const [head, body, signature] = new URLSearchParams(seen[0]!.body).get('assertion')!.split('.')
    expect(createVerify('RSA-SHA256').update(`${head}.${body}`).verify(publicKey, signature!, 'base64url')).toBe(true)
  })
  test('Azure: client credentials for the vault, kept until they end', async () => {
    const read = azureSecrets(
      { address: 'https://acme.vault.azure.net', tenant: 't-1', clientId: 'c', clientSecret: 'env:CS' },
      answering({
        'https://login.microsoftonline.com/t-1/': { access_token: 't2', expires_in: 3600 },
        'https://acme.vault.azure.net/secrets/jira?': { value: canary },
      }),
    )
    expect((await read('jira')).secret).toBe(canary)
    await read('jira')
    expect(seen).toHaveLength(3)
    expect(seen[1]!.headers).toMatchObject({ authorization: 'Bearer t2' })
    await expect(read('absent')).rejects.toThrow(/status 404/)
  })
})

test('a seal key is replaced by version: what was sealed before still opens, and is found under its name', async () => {
  const file = path.join(folder, 'seal.key')
  const [two, three] = [Buffer.alloc(32, 2).toString('base64'), Buffer.alloc(32, 3).toString('hex')]
  const first = await openSealing(file)
  const second = await openSealingWith({ file, version: 2, key: two, previous: new Map() })
  const third = await openSealingWith({ file, version: 3, key: three, previous: new Map([[2, two]]) })
  const sealed = [first, second, third].map((sealing) => sealing.seal(canary, 'here'))
  expect(sealed.map((text) => text.slice(0, 3))).toEqual(['v1.', 'v2.', 'v3.'])
  expect(sealed.map((text) => third.open(text, 'here'))).toEqual([canary, canary, canary])
  expect(() => second.open(sealed[2]!, 'here')).toThrow('cannot be opened')
  expect(third.fingerprint('x')).toBe(first.fingerprint('x'))
  await expect(openSealingWith({ file, version: 2, key: 'short', previous: new Map() })).rejects.toThrow(
    'openssl rand -base64 32',
  )
})

test('a signature is that of the published test suite of AWS (post-vanilla)', () => {
  // https://github.com/awslabs/aws-c-auth/tree/main/tests/aws-signing-test-suite/v4/post-vanilla
  const { authorization } = signV4({
    url: 'https://example.amazonaws.com/',
    body: '',
    region: 'us-east-1',
    service: 'service',
    headers: {},
    id: 'AKIDEXAMPLE',
    key: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
    session: undefined,
    now: new Date('2015-08-30T12:36:00.000Z'),
  })
  expect(authorization).toBe(
    'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
  )
})
