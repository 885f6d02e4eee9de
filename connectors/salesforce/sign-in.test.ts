// The three ways to sign in, and what the org grants, against a sandbox that checks each of them.
import { createPrivateKey, createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Keep, VendorFetch } from 'toolgate/kit'
import { keptInMemory } from '../../test/keep.ts'
import { openSandboxFile, transaction } from '../../src/sandbox/database.ts'
import { instanceState } from '../../src/sandbox/state.ts'
import { sandboxHarness } from '../../test/sandbox/harness.ts'
import type { Harness } from '../../test/sandbox/harness.ts'
import { audienceOf } from './assertion.ts'
import { salesforce } from './connector.ts'
import type { Salesforce } from './salesforce.ts'
import { account } from './sandbox/sign-in.ts'
import { adminUser, hubUser, supportUser } from './sandbox/users.ts'
import { settings } from './settings.ts'

const hourMs = 3_600_000
let clock = new Date('2026-11-18T09:30:15.250Z')
let harness: Harness

beforeAll(async () => {
  harness = await sandboxHarness(salesforce, { now: () => clock })
})
/** The key of a certificate that is made here and kept nowhere; the sandbox is given its public half. */
const pair = generateKeyPairSync('rsa', {
  modulusLength: 2_048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
})
beforeEach(() => {
  const database = openSandboxFile(harness.file)
  transaction(database, () => instanceState(database, 'sf').put('oauth', 'certificate', { publicKey: pair.publicKey }))
  database.close()
})
afterEach(() => {
  harness.mend()
  harness.reset()
})
afterAll(() => harness.close())

interface Way {
  readonly sign_in: 'client_credentials' | 'jwt_bearer' | 'refresh_token'
  readonly credential: string
  readonly username?: string
  readonly instance?: string
  readonly keep?: Keep
  readonly cache?: Map<string, unknown>
  readonly fetch?: (fetch: VendorFetch) => VendorFetch
}

async function opened({ credential, keep = keptInMemory(), cache = new Map(), fetch, ...more }: Way): Promise<Salesforce> {
  const { guard } = await harness.open('read')
  return (await salesforce.open({
    base: harness.base,
    hosts: {},
    fetch: fetch?.(guard.fetch) ?? guard.fetch,
    settings: settings.parse({ ...salesforce.sandbox.settings, ...more }),
    credential,
    keep,
    cache,
  })) as Salesforce
}

function address(input: string | URL | Request): string {
  return input instanceof Request ? input.url : String(input)
}

const jwt = { sign_in: 'jwt_bearer', credential: pair.privateKey, username: hubUser.username } as const
const refresh = {
  sign_in: 'refresh_token',
  credential: JSON.stringify({ client_secret: account.clientSecret, refresh_token: account.refreshToken }),
} as const
const secret = { sign_in: 'client_credentials', credential: account.clientSecret } as const

const asked = () => harness.requests().filter(({ path }) => path === '/services/oauth2/token')
const works = async (vendor: Salesforce) => expect(await vendor.count('SELECT COUNT() FROM Account')).toBe(5)
const failing = async (way: Way) =>
  await (await opened(way)).count('SELECT COUNT() FROM Account').catch((error: unknown) => error)

describe.each([secret, jwt, refresh])('by $sign_in', (way) => {
  test('the hub is signed in as its user, once for all calls that wait', async () => {
    const cache = new Map<string, unknown>()
    const keep = keptInMemory()
    const vendors = await Promise.all(Array.from({ length: 12 }, () => opened({ ...way, cache, keep })))
    await Promise.all(vendors.map(works))
    expect(asked()).toHaveLength(1)
    expect(await vendors[0]?.userId()).toBe(hubUser.id)
  })

  test('a session that Salesforce has ended is renewed once, and all go on', async () => {
    const [cache, keep] = [new Map<string, unknown>(), keptInMemory()]
    await works(await opened({ ...way, cache, keep }))
    clock = new Date(clock.getTime() + 3 * hourMs)
    const vendors = await Promise.all(Array.from({ length: 6 }, () => opened({ ...way, cache, keep })))
    await Promise.all(vendors.map(works))
    expect(asked()).toHaveLength(2)
  })

  test('whoever goes away while all wait does not end it for the others', async () => {
    const [cache, keep] = [new Map<string, unknown>(), keptInMemory()]
    let gone = false
    const leaving = await opened({
      ...way,
      cache,
      keep,
      fetch: (real) => async (input, init) => {
        if (!gone && address(input).includes('/oauth2/')) {
          gone = true
          throw new Error('aborted')
        }
        return await real(input, init)
      },
    })
    const first = leaving.count('SELECT COUNT() FROM Account').catch(() => 'gone')
    const others = await Promise.all(Array.from({ length: 5 }, () => opened({ ...way, cache, keep })))
    await Promise.all(others.map(works))
    expect(await first).toBe('gone')
    expect(asked()).toHaveLength(1)
  })

  test('a no of Salesforce is told to all who wait, after one try, without its words', async () => {
    const cache = new Map<string, unknown>()
    const wrong = { ...way, client_id: '3MVG9SomebodyElse', cache }
    const answers = await Promise.all(Array.from({ length: 6 }, () => failing(wrong)))
    for (const error of answers) {
      expect(error).toMatchObject({ name: 'HubError', code: 'unauthenticated' })
      expect((error as Error).message).not.toMatch(/identifier invalid|invalid assertion/)
    }
    expect(asked()).toHaveLength(1)
  })
})

describe('the assertion', () => {
  test('it is signed by the key and says who asks, for whom, where, and for less than three minutes', async () => {
    let assertion = ''
    const vendor = await opened({
      ...jwt,
      fetch: (real) => async (input, init) => {
        if (typeof init?.body === 'string') assertion = new URLSearchParams(init.body).get('assertion') ?? assertion
        return await real(input, init)
      },
    })
    await works(vendor)
    const [header = '', claims = '', signature = ''] = assertion.split('.')
    const said = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Record<string, unknown>
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({ alg: 'RS256', typ: 'JWT' })
    expect(said).toEqual({
      iss: account.clientId,
      sub: hubUser.username,
      aud: 'https://login.salesforce.com',
      exp: Math.floor(clock.getTime() / 1_000) + 170,
    })
    const key = createPublicKey(pair.publicKey)
    expect(verify('RSA-SHA256', Buffer.from(`${header}.${claims}`), key, Buffer.from(signature, 'base64url'))).toBe(true)
  })

  test.each([
    ['https://larkfield.my.salesforce.com', 'https://login.salesforce.com'],
    ['https://larkfield--uat.sandbox.my.salesforce.com', 'https://test.salesforce.com'],
    ['https://a-b-dev-ed.develop.my.salesforce.com', 'https://login.salesforce.com'],
    ['https://larkfield.scratch.my.salesforce.com', 'https://test.salesforce.com'],
  ])('for %s it is meant for %s', (instance, audience) => {
    expect(audienceOf(instance)).toBe(audience)
  })

  const other = generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey.export({ type: 'pkcs8', format: 'pem' })
  const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' })
  test.each<[string, Partial<Way>]>([
    ['another key', { credential: String(other) }],
    ['a key of another kind', { credential: String(curve) }],
    ['no key at all', { credential: 'larkfield-sandbox-consumer-secret' }],
    ['a public key', { credential: pair.publicKey }],
    ['a user who is not there', { username: 'nobody@larkfield.example' }],
    ['the audience of a sandbox org', { instance: 'https://larkfield--uat.sandbox.my.salesforce.com' }],
  ])('%s is refused', async (_, change) => {
    const error = await failing({ ...jwt, ...change })
    expect(error).toMatchObject({ code: 'unauthenticated' })
    expect((error as Error).message).not.toContain('PRIVATE KEY-')
  })

  test('an app without a certificate takes none', async () => {
    harness.reset()
    expect(await failing(jwt)).toMatchObject({ code: 'unauthenticated' })
  })

  test('one that has run out is refused by the org', async () => {
    const late: Way['fetch'] = (real) => async (input, init) => {
      const response = await real(input, init)
      if (!address(input).endsWith('/services/data')) return response
      return new Response('[]', { headers: { date: new Date(clock.getTime() - 10 * 60_000).toUTCString() } })
    }
    expect(await failing({ ...jwt, fetch: late })).toMatchObject({ code: 'unauthenticated' })
  })

  test('without a username it says what is missing, and asks nothing', async () => {
    const error = await failing({ sign_in: 'jwt_bearer', credential: pair.privateKey })
    expect(error).toMatchObject({ code: 'unauthenticated', message: expect.stringContaining('username') as string })
    expect(asked()).toEqual([])
    expect(createPrivateKey(pair.privateKey).asymmetricKeyType).toBe('rsa')
  })
})

describe('the refresh token', () => {
  test('the next one is kept before the session is used, and used after a restart', async () => {
    const keep = keptInMemory()
    const order: string[] = []
    const watched: Keep = {
      read: keep.read,
      async replace(before, next) {
        order.push('kept')
        return await keep.replace(before, next)
      },
    }
    const fetch: Way['fetch'] = (real) => async (input, init) => {
      if (address(input).includes('/query')) order.push('used')
      return await real(input, init)
    }
    await works(await opened({ ...refresh, keep: watched, fetch }))
    expect(order).toEqual(['kept', 'kept', 'used'])
    expect(await keep.read()).not.toBe(account.refreshToken)
    await works(await opened({ ...refresh, keep }))
    expect(asked()).toHaveLength(2)
  })

  test('what could not be kept is not used', async () => {
    const broken: Keep = { read: async () => undefined, replace: () => Promise.reject(new Error('disk full')) }
    const error = await failing({ ...refresh, keep: broken })
    expect(error).toBeInstanceOf(Error)
    expect(harness.requests().filter(({ path }) => path.endsWith('/query'))).toEqual([])
  })

  const minuteMs = 60_000
  /** A store that loses what it is given after so many times. */
  const failingAfter = (keep: Keep, times: number): Keep => {
    let left = times
    return {
      read: keep.read,
      replace: async (before, next) => {
        if ((left -= 1) < 0) throw new Error('disk full')
        return await keep.replace(before, next)
      },
    }
  }

  test('a store that fails for a moment loses nothing: the token is held, and kept with the next call', async () => {
    const [keep, cache] = [keptInMemory(), new Map<string, unknown>()]
    const error = await failing({ ...refresh, keep: failingAfter(keep, 1), cache })
    expect(error).toMatchObject({ code: 'unavailable', message: expect.stringContaining('authorize it again') as string })
    expect(harness.requests().filter(({ path }) => path.endsWith('/query'))).toEqual([])
    await works(await opened({ ...refresh, keep, cache }))
    expect(asked()).toHaveLength(2)
    await works(await opened({ ...refresh, keep }))
  })

  test('a hub that stopped before it kept the next token says so, waits for nobody forever, and never guesses', async () => {
    const keep = keptInMemory()
    await failing({ ...refresh, keep: failingAfter(keep, 1) })
    // A start within the minute: another process may still be at it, and a second use would end its token.
    expect(await failing({ ...refresh, keep })).toMatchObject({ code: 'unavailable' })
    expect(asked()).toHaveLength(1)
    clock = new Date(clock.getTime() + 2 * minuteMs)
    for (let start = 0; start < 2; start += 1) {
      const error = await failing({ ...refresh, keep })
      expect(error).toMatchObject({ code: 'unauthenticated', message: expect.stringContaining('was cut off') as string })
      expect((error as Error).message).toContain('authorize it again and put the new refresh token into its credential')
      clock = new Date(clock.getTime() + 2 * minuteMs)
    }
  })

  test('a renewal that never reached Salesforce is simply asked for again', async () => {
    const [keep, cache] = [keptInMemory(), new Map<string, unknown>()]
    const cut: Way['fetch'] = (real) => async (input, init) => {
      if (address(input).includes('/oauth2/')) throw new Error('cut')
      return await real(input, init)
    }
    await failing({ ...refresh, keep, cache, fetch: cut })
    await works(await opened({ ...refresh, keep, cache }))
    expect(asked()).toHaveLength(1)
  })

  test('where another process was faster, its token is read and used', async () => {
    const keep = keptInMemory()
    let stale = true
    const racing: Keep = {
      async read() {
        // Both read before either wrote.
        if (!stale) return await keep.read()
        stale = false
        return undefined
      },
      replace: keep.replace,
    }
    // A sandbox that refuses a used token without ending the newest one: rotation that is only being switched on.
    const fetch: Way['fetch'] = (real) => async (input, init) => {
      const form = new URLSearchParams(typeof init?.body === 'string' ? init.body : '')
      if (form.get('refresh_token') !== account.refreshToken) return await real(input, init)
      return Response.json({ error: 'invalid_grant' }, { status: 400 })
    }
    await works(await opened({ ...refresh, keep }))
    await works(await opened({ ...refresh, keep: racing, fetch }))
  })

  test('one that was used already ends it, and says that a person has to authorize again', async () => {
    await works(await opened({ ...refresh, keep: keptInMemory() }))
    const error = await failing({ ...refresh, keep: keptInMemory() })
    expect(error).toMatchObject({
      code: 'unauthenticated',
      message: expect.stringContaining('authorize it again') as string,
    })
  })

  test.each(['', 'not json', '{}', '{"refresh_token":""}', '{"refresh_token":"x","password":"y"}', '[]'])(
    'the credential %j is refused before anything is sent',
    async (credential) => {
      expect(await failing({ ...refresh, credential })).toMatchObject({ code: 'unauthenticated' })
      expect(asked()).toEqual([])
    },
  )
})

describe('what the org grants', () => {
  const all = salesforce.tools
  const granted = async (username: string, tools = all) =>
    await salesforce.grants!(await opened({ ...jwt, username }), tools)

  test('the hub’s own user lacks nothing, and has nothing beyond', async () => {
    expect(await granted(hubUser.username)).toEqual({
      account: 'Toolgate in larkfield.my.salesforce.com',
      missing: {},
      extra: [],
    })
  })

  test('of a user who may do less, the tools that would do nothing are named with what they lack', async () => {
    const { missing, extra } = await granted(supportUser.username)
    expect(Object.keys(missing).toSorted()).toEqual([
      'note_add',
      'record_delete',
      'record_undelete',
      'report_run',
      'task_create',
    ])
    expect(missing['report_run']).toEqual(['RunReports'])
    expect(missing['task_create']).toEqual(['Create on Task'])
    expect(missing['record_delete']).toContain('Delete on Case')
    expect(extra).toEqual(['OAuth scope full'])
  })

  test('what is granted beyond the tools is reported', async () => {
    const { missing, extra } = await granted(adminUser.username)
    expect(missing).toEqual({})
    expect(extra).toEqual([
      'ViewAllData',
      'ModifyAllData',
      'CustomizeApplication',
      'ManageUsers',
      'AuthorApex',
      'OAuth scope full',
    ])
    const reads = await granted(
      hubUser.username,
      all.filter(({ kind }) => kind === 'read'),
    )
    expect(reads.extra).toEqual([
      expect.stringMatching(/^Create on Account\/Contact\/.*\(for record_create and .*, which are off\)$/),
      expect.stringMatching(/^Edit on Account\/.*Lead/),
      'Delete on Account/Contact/Opportunity/Case/Task/Lead/Project__c (for record_delete and record_undelete, which are off)',
    ])
    const undeleting = await granted(
      hubUser.username,
      all.filter(({ name }) => !name.endsWith('delete')),
    )
    expect(undeleting.extra).toEqual([expect.stringMatching(/^Delete on Account\//)])
  })

  test('a probe that fails says nothing of anything', async () => {
    harness.break({ mode: '500', times: 5 })
    await expect(granted(hubUser.username)).rejects.toMatchObject({ name: 'HubError' })
  })

  test('descriptions are asked for again after a permission error, and once until then', async () => {
    const cache = new Map<string, unknown>()
    const vendor = await opened({ ...jwt, cache })
    const described = () => harness.requests().filter(({ path }) => path.endsWith('/Account/describe')).length
    await vendor.describe('Account', clock)
    await (await opened({ ...jwt, cache })).describe('Account', clock)
    expect(described()).toBe(1)
    await expect(vendor.query('SELECT AnnualRevenue FROM Account')).rejects.toMatchObject({ code: 'refused' })
    await vendor.describe('Account', clock)
    expect(described()).toBe(2)
    expect(cache.size).toBeLessThan(10)
  })
})
