// A laboratory of addresses: whatever a service is called and whatever its name resolves to, nothing forbidden is connected to.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer as createTcpServer } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { serviceFetch } from '../../src/egress/service.ts'
import type { Lookup } from '../../src/egress/address.ts'

let connections = 0
let port = 0
// Stands for the metadata server and for every other address in this laboratory: each connection counts.
const metadata = createTcpServer((socket) => {
  connections += 1
  socket.destroy()
})
beforeAll(async () => {
  await new Promise<void>((resolve) => metadata.listen(0, '127.0.0.1', () => resolve()))
  port = (metadata.address() as AddressInfo).port
})
afterAll(() => void metadata.close())

const forbidden = [
  '127.0.0.1',
  '127.1',
  '0.0.0.0',
  '0',
  '2130706433',
  '0x7f000001',
  '0177.0.0.1',
  '169.254.169.254',
  '169.254.170.2',
  '100.100.100.200',
  '192.0.0.192',
  '10.0.0.1',
  '172.16.0.1',
  '192.168.1.1',
  '100.64.0.1',
  '224.0.0.1',
  '255.255.255.255',
  '240.0.0.1',
  '198.18.0.1',
  '192.0.2.1',
  '[::1]',
  '[::]',
  '[::ffff:127.0.0.1]',
  '[::ffff:169.254.169.254]',
  '[::ffff:a9fe:a9fe]',
  '[fe80::1]',
  '[fc00::1]',
  '[fd00:ec2::254]',
  '[64:ff9b::7f00:1]',
  '[64:ff9b:1::1]',
  '[2002:7f00:1::]',
  '[2001:db8::1]',
  '[ff02::1]',
  '[::127.0.0.1]',
  '①②⑦.0.0.1',
  '127。0。0。1',
  'localhost',
  'LOCALHOST',
  'localhost.',
]
const answers = [
  '127.0.0.1',
  '169.254.169.254',
  '10.1.2.3',
  '100.64.0.1',
  '0.0.0.0',
  '::1',
  '::ffff:127.0.0.1',
  '::ffff:169.254.169.254',
  'fd00:ec2::254',
  'fe80::1',
  'fc00::1',
  '64:ff9b::a9fe:a9fe',
  '2002:a9fe:a9fe::',
  '192.168.0.1',
  '172.31.255.255',
  '198.18.0.1',
  '224.0.0.1',
]

const answering =
  (...addresses: string[]): Lookup =>
  (_name, _options, callback) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )

// SSRF-01, SSRF-02, SSRF-03
test('nothing forbidden is connected to: by address, by name, by a second answer, by an answer that changes', async () => {
  let asked = 0
  const refused = async (url: string, lookup?: Lookup, named: string[] = []) => {
    asked += 1
    const ask = serviceFetch({ named: () => named, timeoutMs: 300, ...(lookup && { lookup }) })
    await expect(ask({ url })).rejects.toMatchObject({ name: 'HubError' })
  }
  for (const scheme of ['https', 'http'])
    for (const host of forbidden) {
      await refused(`${scheme}://${host}:${port}/latest/meta-data/`)
      await refused(`${scheme}://user:word@${host}:${port}/`)
    }
  for (const answer of answers) {
    await refused(`https://name.example:${port}/`, answering(answer))
    await refused(`https://name.example:${port}/`, answering('93.184.216.34', answer))
    await refused(`https://name.example:${port}/`, answering(answer, '93.184.216.34'))
    let turn = 0
    // The first answer is for whoever checks, the second for whoever connects.
    await refused(`https://name.example:${port}/`, (...asking) => answering(turn++ === 0 ? answer : '127.0.0.1')(...asking))
  }
  // What the configuration names may be in a private network, but is never a cloud's metadata.
  for (const answer of [
    '169.254.169.254',
    'fd00:ec2::254',
    '100.100.100.200',
    '192.0.0.192',
    '::ffff:169.254.169.254',
    '0.0.0.0',
    'fe80::1',
    '224.0.0.1',
  ])
    await refused(`https://idp.acme.example:${port}/`, answering(answer), [`https://idp.acme.example:${port}`])
  process.stdout.write(`egress laboratory: ${asked} addresses, forbidden connections ${connections}\n`)
  expect(asked).toBeGreaterThan(200)
  expect(connections).toBe(0)
})

// SSRF-07
test('no redirect is followed, no answer is longer or later than it may be, and the environment names no proxy', async () => {
  const seen: string[] = []
  const server = createServer((request, response) => {
    seen.push(request.url ?? '')
    if (request.url === '/redirect') response.writeHead(302, { location: `http://127.0.0.1:${port}/latest` }).end()
    else if (request.url === '/long') response.writeHead(200).end(Buffer.alloc(3 * 1024 * 1024))
    else if (request.url === '/slow') response.writeHead(200).write('{')
    else response.writeHead(200).end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const ask = serviceFetch({ named: () => [origin], timeoutMs: 400 })
  process.env['HTTP_PROXY'] = process.env['http_proxy'] = `http://127.0.0.1:${port}`
  expect(await ask({ url: `${origin}/` })).toEqual({ status: 200, text: '{}' })
  delete process.env['HTTP_PROXY']
  delete process.env['http_proxy']
  expect((await ask({ url: `${origin}/redirect` })).status).toBe(302)
  await expect(ask({ url: `${origin}/long` })).rejects.toMatchObject({ code: 'unavailable' })
  await expect(ask({ url: `${origin}/slow` })).rejects.toMatchObject({ code: 'unavailable' })
  expect(connections).toBe(0)
  server.closeAllConnections()
  server.close()
})
