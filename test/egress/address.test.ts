// Where a connection may go: public addresses only, the checked one only, and a sandbox on loopback only.
import { once } from 'node:events'
import { createServer } from 'node:tls'
import type { TlsOptions } from 'node:tls'
import * as tls from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { GuardOptions } from '../../src/egress/fetch.ts'
import { certificate } from './certificate.ts'
import { answering, codeOf, rawVendor, response, testGuard } from './vendor.ts'
import type { RawVendor } from './vendor.ts'

let vendor: RawVendor
beforeAll(async () => {
  vendor = await rawVendor(answering(response(200, '{}')))
})
afterAll(() => vendor.close())
afterEach(() => vi.unstubAllEnvs())

function resolvingTo(...addresses: readonly string[]): NonNullable<GuardOptions['lookup']> {
  return (_name, _options, callback) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )
}

const forbiddenAddresses = [
  '0.0.0.0',
  '0.1.2.3',
  '10.0.0.1',
  '100.64.0.1',
  '100.127.255.254',
  '127.0.0.1',
  '127.1.2.3',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.192',
  '192.168.1.1',
  '198.18.0.1',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::ffff:127.0.0.1',
  '::ffff:169.254.169.254',
  '::ffff:8.8.8.8',
  '::127.0.0.1',
  '::ffff:0:127.0.0.1',
  '64:ff9b::7f00:1',
  '64:ff9b::a9fe:a9fe',
  '64:ff9b:1::7f00:1',
  '2002:7f00:1::',
  '2001:0:7f00:1::',
  'fc00::1',
  'fd00:ec2::254',
  'fe80::1',
  'fe80::1%lo',
  'fec0::1',
  'ff02::1',
  'not an address',
]

// SSRF-02, SSRF-03
describe('a name that resolves to an address that is not public is refused', () => {
  test.each(forbiddenAddresses)('%s', async (address) => {
    for (const answers of [[address], ['93.184.216.34', address], [address, '93.184.216.34']]) {
      const base = `https://acme.example:${vendor.port}`
      const guard = testGuard(base, { loopback: false, lookup: resolvingTo(...answers) })
      expect(await codeOf(guard.fetch(`${base}/issue/A-1`))).toBe('forbidden')
      expect(await codeOf(guard.fetch(`${base}/issue/A-1`, { method: 'DELETE' }))).toBe('forbidden')
      expect(guard.touched()).toBe('untouched')
    }
    expect(vendor.connections()).toBe(0)
  })
})

// SSRF-01, SSRF-02
describe('an address in the configuration is refused in every spelling', () => {
  test.each([
    'https://127.0.0.1:PORT',
    'https://0177.0.0.1:PORT',
    'https://0x7f.1:PORT',
    'https://2130706433:PORT',
    'https://127.1:PORT',
    'https://①②⑦.0.0.1:PORT',
    'https://0:PORT',
    'https://localhost:PORT',
    'https://127。0。0。1:PORT',
    'https://[::1]:PORT',
    'https://[::]:PORT',
    'https://[::ffff:169.254.169.254]:PORT',
    'https://[::ffff:a9fe:a9fe]:PORT',
    'https://[fd00:ec2::254]:PORT',
    'https://[64:ff9b::7f00:1]:PORT',
    'https://[64:ff9b:1::7f00:1]:PORT',
    'https://[2002:7f00:1::]:PORT',
    'https://[::127.0.0.1]:PORT',
    'https://10.0.0.1:PORT',
    'https://169.254.169.254:PORT',
  ])('%s', async (text) => {
    const base = text.replace('PORT', String(vendor.port))
    const guard = testGuard(base, { loopback: false })
    expect(await codeOf(guard.fetch(`${base}/issue/A-1`))).toBe('forbidden')
    expect(vendor.connections()).toBe(0)
  })
})

// SSRF-03
test('the address that was checked is the one connected to: a second, other answer is never asked for', async () => {
  const asked: string[] = []
  const answers = ['127.0.0.1', '169.254.169.254']
  const lookup: GuardOptions['lookup'] = (name, _options, callback) => {
    asked.push(name)
    callback(null, [{ address: answers.shift() ?? '169.254.169.254', family: 4 }])
  }
  const own = await rawVendor(answering(response(200, '{}')))
  const base = `http://rebinding.example:${own.port}`
  const guard = testGuard(base, { lookup })
  expect((await guard.fetch(`${base}/issue/A-1`)).status).toBe(200)
  expect(asked).toEqual(['rebinding.example'])
  // The next connection asks anew, and is refused on what it hears then.
  expect(await codeOf(guard.fetch(`${base}/issue/A-1`, { method: 'DELETE' }))).toBe('forbidden')
  expect(own.connections()).toBe(1)
  await own.close()
})

test.each(['93.184.216.34', '10.0.0.1', '169.254.169.254', '::ffff:127.0.0.1'])(
  'a sandbox is on loopback, not at %s',
  async (address) => {
    const base = `http://sandbox.example:${vendor.port}`
    const guard = testGuard(base, { lookup: resolvingTo(address) })
    expect(await codeOf(guard.fetch(`${base}/issue/A-1`))).toBe('forbidden')
    expect(vendor.connections()).toBe(0)
  },
)

// SSRF-07
test('proxies of the environment are ignored', async () => {
  const proxy = await rawVendor(answering(response(200, 'proxied')))
  for (const name of ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'ALL_PROXY']) vi.stubEnv(name, proxy.base)
  vi.stubEnv('NODE_USE_ENV_PROXY', '1')
  const own = await rawVendor(answering(response(200, 'direct')))
  expect(await (await testGuard(own.base).fetch(`${own.base}/issue/A-1`)).text()).toBe('direct')
  expect(proxy.connections()).toBe(0)
  await own.close()
  await proxy.close()
})

// SSRF-09
describe('TLS', () => {
  const day = 86_400_000
  const now = Date.now()
  const valid = certificate('127.0.0.1', new Date(now - day), new Date(now + day))
  const expired = certificate('127.0.0.1', new Date(now - 2 * day), new Date(now - day))
  const ofAnother = certificate('127.0.0.2', new Date(now - day), new Date(now + day))
  const system = tls.getCACertificates('default')
  beforeAll(() => tls.setDefaultCACertificates([...system, valid.cert, expired.cert, ofAnother.cert]))
  afterAll(() => tls.setDefaultCACertificates(system))

  async function ask(
    options: TlsOptions,
  ): Promise<{ readonly said: string; readonly heard: string; readonly touched: string }> {
    let heard = ''
    const server = createServer(options, (socket) => {
      socket.on('error', () => {})
      socket.on('data', (chunk) => {
        heard += chunk.toString()
        socket.end(response(200, '{}'))
      })
    })
    server.on('tlsClientError', () => {})
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const base = `https://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
    const guard = testGuard(base)
    const said = await guard.fetch(`${base}/issue/A-1`, { method: 'DELETE' }).then(
      (answer) => String(answer.status),
      (error: Error) => error.message,
    )
    server.close()
    return { said, heard, touched: guard.touched() }
  }

  test('a trusted certificate of the right host is accepted', async () => {
    expect(await ask(valid)).toMatchObject({ said: '200', touched: 'accepted' })
  })
  test.each([
    ['self-signed and unknown', certificate('127.0.0.1', new Date(now - day), new Date(now + day))],
    ['expired', expired],
    ['of another host', ofAnother],
  ])('a certificate that is %s is refused before a byte of HTTP', async (_what, options) => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    const { said, heard, touched } = await ask(options)
    expect(said).toContain('could not prove who it is, so nothing was sent')
    expect({ heard, touched }).toEqual({ heard: '', touched: 'untouched' })
  })
  test('TLS 1.1 is refused', async () => {
    const old = { ...valid, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
    const { said, heard, touched } = await ask(old)
    expect(said).toContain('could not prove who it is')
    expect({ heard, touched }).toEqual({ heard: '', touched: 'untouched' })
  })
})
