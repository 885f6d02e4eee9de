// Whether a write happened is known from the wire: for every place where the connection can be cut, what `touched` says.
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { GuardOptions } from '../../src/egress/fetch.ts'
import { HubError } from '../../src/kit/error.ts'
import { answering, codeOf, rawVendor, response, testGuard } from './vendor.ts'
import type { RawVendor, Turn } from './vendor.ts'

const open: RawVendor[] = []
afterEach(async () => {
  for (const vendor of open.splice(0)) await vendor.close()
})

async function vendorThat(react: (turn: Turn) => void): Promise<RawVendor> {
  const vendor = await rawVendor(react)
  open.push(vendor)
  return vendor
}

const write = { method: 'PUT', body: 'x'.repeat(100) }
const large = { method: 'PUT', body: 'x'.repeat(8_000_000) }
const ok = 'HTTP/1.1 200 OK'
const bodyArrived = (text: string): boolean => text.endsWith('x'.repeat(100))

// IDEM-11
describe('cut once a byte may have left: unclear, and sent once', () => {
  const cuts: readonly (readonly [when: string, react: (turn: Turn) => void, init?: typeof write])[] = [
    ['after the first bytes', ({ socket, text }) => text !== '' && socket.resetAndDestroy(), large],
    ['after half of the body', ({ socket, text }) => text.length > 1_000_000 && socket.resetAndDestroy(), large],
    ['after the whole request', ({ socket, text }) => bodyArrived(text) && socket.resetAndDestroy()],
    ['politely, after the whole request', ({ socket, text }) => bodyArrived(text) && socket.end()],
    ['after the status line', ({ socket, text }) => bodyArrived(text) && socket.end(`${ok}\r\n`)],
    ['after the headers', ({ socket, text }) => bodyArrived(text) && socket.end(`${ok}\r\ncontent-length: 9\r\n\r\n`)],
    ['in the body', ({ socket, text }) => bodyArrived(text) && socket.end(`${ok}\r\ncontent-length: 9\r\n\r\n{"a"`)],
    [
      'before the last chunk',
      ({ socket, text }) => bodyArrived(text) && socket.end(`${ok}\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n`),
    ],
    ['by something that is not HTTP', ({ socket, text }) => bodyArrived(text) && socket.end('220 smtp.example ESMTP\r\n')],
    ['after an interim answer', ({ socket, text }) => bodyArrived(text) && socket.end('HTTP/1.1 102 Processing\r\n\r\n')],
  ]
  const rows = cuts.map(([when, react, init = write]) => ({ when, react, init }))
  test.each(rows)('$when', async ({ react, init }) => {
    const vendor = await vendorThat(react)
    const guard = testGuard(vendor.base)
    expect(await codeOf(guard.fetch(`${vendor.base}/issue/A-1`, init))).toMatch(/^(unavailable|bad_response)$/)
    expect(guard.touched()).toBe('unclear')
    expect(vendor.connections()).toBe(1)
  })
})

// IDEM-11
test('cut right after the connection opens: never taken for accepted, and untouched only if nothing arrived', async () => {
  const vendor = await vendorThat(({ socket }) => socket.resetAndDestroy())
  const guard = testGuard(vendor.base)
  expect(await codeOf(guard.fetch(`${vendor.base}/issue/A-1`, write))).toBe('unavailable')
  const possible = vendor.received() === '' ? ['unclear', 'untouched'] : ['unclear']
  expect(possible).toContain(guard.touched())
  expect(vendor.connections()).toBe(1)
})

// IDEM-11
test('cut after the whole answer, before the connection is closed: accepted', async () => {
  const vendor = await vendorThat(({ socket, text }) => {
    if (bodyArrived(text)) socket.write(response(200, '{}'), () => socket.resetAndDestroy())
  })
  const guard = testGuard(vendor.base)
  expect((await guard.fetch(`${vendor.base}/issue/A-1`, write)).status).toBe(200)
  expect(guard.touched()).toBe('accepted')
})

// IDEM-11
describe('provably untouched', () => {
  test('a refused connection', async () => {
    const vendor = await rawVendor(() => {})
    await vendor.close()
    const guard = testGuard(vendor.base)
    expect(await codeOf(guard.fetch(`${vendor.base}/issue/A-1`, write))).toBe('unavailable')
    expect(guard.touched()).toBe('untouched')
  })
  test('a name that does not resolve', async () => {
    const lookup: GuardOptions['lookup'] = (_name, _options, callback) =>
      callback(Object.assign(new Error('no'), { code: 'ENOTFOUND' }), [])
    const guard = testGuard('https://acme.example', { loopback: false, lookup })
    expect(await codeOf(guard.fetch('https://acme.example/issue/A-1', write))).toBe('unavailable')
    expect(guard.touched()).toBe('untouched')
  })
  test('a TLS handshake that fails', async () => {
    const vendor = await vendorThat(({ socket, text }) => text !== '' && socket.end(response(400)))
    const base = `https://127.0.0.1:${vendor.port}`
    const guard = testGuard(base)
    expect(await codeOf(guard.fetch(`${base}/issue/A-1`, write))).toBe('unavailable')
    expect(guard.touched()).toBe('untouched')
  })
  test('a TLS handshake that is never answered', async () => {
    const vendor = await vendorThat(() => {})
    const base = `https://127.0.0.1:${vendor.port}`
    const guard = testGuard(base, { timeoutMs: 200 })
    expect(await codeOf(guard.fetch(`${base}/issue/A-1`, write))).toBe('unavailable')
    expect(vendor.connections()).toBe(1)
    expect(guard.touched()).toBe('untouched')
    // The half-open connection is let go at once, not when its handshake times out.
    await vendor.quiet()
  })
  test('cancelled before it began', async () => {
    const vendor = await vendorThat(() => {})
    const guard = testGuard(vendor.base, { signal: AbortSignal.abort() })
    expect(await codeOf(guard.fetch(`${vendor.base}/issue/A-1`, write))).toBe('unavailable')
    expect(guard.touched()).toBe('untouched')
    expect(vendor.connections()).toBe(0)
  })
  test('cancelled while the name is looked up, also when the answer comes afterwards', async () => {
    const vendor = await vendorThat(() => {})
    const call = new AbortController()
    const { promise: asked, resolve: ask } = Promise.withResolvers<() => void>()
    const lookup: GuardOptions['lookup'] = (_name, _options, callback) =>
      ask(() => callback(null, [{ address: '127.0.0.1', family: 4 }]))
    const base = `http://localhost:${vendor.port}`
    const guard = testGuard(base, { lookup, signal: call.signal })
    const code = codeOf(guard.fetch(`${base}/issue/A-1`, write))
    const answerLate = await asked
    call.abort()
    expect(await code).toBe('unavailable')
    answerLate()
    // A connection made now is opened after any that the late answer could have led to.
    const probe = connect(vendor.port, '127.0.0.1')
    await once(probe, 'connect')
    probe.destroy()
    expect(guard.touched()).toBe('untouched')
    expect(vendor.received()).toBe('')
  })
  test('a refusal of ours', async () => {
    const vendor = await vendorThat(() => {})
    const guard = testGuard(vendor.base)
    expect(await codeOf(guard.fetch(`${vendor.base}/project/SECRET`, { method: 'DELETE' }))).toBe('forbidden')
    expect(guard.touched()).toBe('untouched')
  })
  test('a ledger that has not recorded that sending begins', async () => {
    const vendor = await vendorThat(() => {})
    const beforeWrite = (): void => {
      throw new HubError('internal', 'Sending was not recorded.')
    }
    const guard = testGuard(vendor.base, { beforeWrite })
    expect(await codeOf(guard.fetch(`${vendor.base}/issue/A-1`, write))).toBe('internal')
    expect(guard.touched()).toBe('untouched')
    expect(vendor.connections()).toBe(0)
  })
  test('reads, whatever becomes of them', async () => {
    const vendor = await vendorThat(answering(response(200, '{}'), response(500), response(404)))
    const guard = testGuard(vendor.base, {
      beforeWrite: () => {
        throw new Error('A read asked to write.')
      },
    })
    for (let count = 0; count < 3; count += 1) await guard.fetch(`${vendor.base}/issue/A-1`)
    expect(guard.touched()).toBe('untouched')
  })
})

describe('what an answer says of the write', () => {
  test.each([
    [200, 'accepted'],
    [201, 'accepted'],
    [204, 'accepted'],
    [300, 'unclear'],
    [400, 'untouched'],
    [401, 'untouched'],
    [404, 'untouched'],
    [408, 'unclear'],
    [409, 'untouched'],
    [429, 'untouched'],
    [500, 'unclear'],
    [502, 'unclear'],
    [503, 'unclear'],
    [504, 'unclear'],
  ])('%i: %s, sent once', async (status, touched) => {
    const vendor = await vendorThat(answering(response(status, status === 204 ? '' : '{}', ['retry-after: 0'])))
    const guard = testGuard(vendor.base)
    expect((await guard.fetch(`${vendor.base}/issue/A-1`, write)).status).toBe(status)
    expect(guard.touched()).toBe(touched)
    expect(vendor.connections()).toBe(1)
    expect(guard.requests).toHaveLength(1)
  })

  test('the connector knows better: Slack says no with 200', async () => {
    const vendor = await vendorThat(
      answering(response(200, '{"ok":false}'), response(200, '{"ok":true}'), response(503, '{"ok":false}')),
    )
    const verdict: GuardOptions['verdict'] = ({ json }) =>
      typeof json === 'object' && json !== null && 'ok' in json && json['ok'] === true ? 'accepted' : 'refused'
    const guard = testGuard(vendor.base, { verdict })
    await guard.fetch(`${vendor.base}/issue/A-1`, write)
    expect(guard.touched()).toBe('untouched')
    await guard.fetch(`${vendor.base}/issue/A-1`, write)
    expect(guard.touched()).toBe('accepted')
    await guard.fetch(`${vendor.base}/issue/A-1`, write)
    expect(guard.touched()).toBe('accepted')
  })

  test('a connector whose verdict breaks leaves it unclear', async () => {
    const vendor = await vendorThat(answering(response(400, 'not json')))
    const verdict: GuardOptions['verdict'] = ({ json }) => {
      throw new Error(`Cannot judge ${JSON.stringify(json)}.`)
    }
    const guard = testGuard(vendor.base, { verdict })
    await guard.fetch(`${vendor.base}/issue/A-1`, write)
    expect(guard.touched()).toBe('unclear')
  })

  test('a redirect is not followed, and leaves it unclear', async () => {
    const elsewhere = await vendorThat(answering(response(200, '{}')))
    const vendor = await vendorThat(answering(response(307, '', [`location: ${elsewhere.base}/issue/A-1`])))
    const guard = testGuard(vendor.base)
    expect(await codeOf(guard.fetch(`${vendor.base}/issue/A-1`, write))).toBe('bad_response')
    expect(guard.touched()).toBe('unclear')
    expect(elsewhere.connections()).toBe(0)
  })

  test('accepted, then refused: accepted. Accepted, then cut: unclear, whatever follows', async () => {
    const vendor = await vendorThat(({ socket, text, nth }) => {
      if (!bodyArrived(text)) return
      if (nth === 3) socket.resetAndDestroy()
      else socket.write(response(nth === 2 ? 404 : 200, '{}'))
    })
    const guard = testGuard(vendor.base)
    const send = (): Promise<unknown> => guard.fetch(`${vendor.base}/issue/A-1`, write).catch(() => undefined)
    const seen: string[] = []
    for (let count = 0; count < 4; count += 1) {
      await send()
      seen.push(guard.touched())
    }
    expect(seen).toEqual(['accepted', 'accepted', 'unclear', 'unclear'])
    expect(vendor.connections()).toBe(4)
  })

  test('while an answer is awaited it is unclear; cancelled or timed out, it stays so', async () => {
    const arrived = Promise.withResolvers<void>()
    const vendor = await vendorThat(({ text }) => bodyArrived(text) && arrived.resolve())
    const call = new AbortController()
    const guard = testGuard(vendor.base, { signal: call.signal })
    const code = codeOf(guard.fetch(`${vendor.base}/issue/A-1`, write))
    await arrived.promise
    expect(guard.touched()).toBe('unclear')
    call.abort()
    expect(await code).toBe('unavailable')
    expect(guard.touched()).toBe('unclear')

    const hurried = testGuard(vendor.base, { timeoutMs: 100 })
    expect(await codeOf(hurried.fetch(`${vendor.base}/issue/A-1`, write))).toBe('unavailable')
    expect(hurried.touched()).toBe('unclear')
  })

  test('an answer that is too large leaves it unclear', async () => {
    const vendor = await vendorThat(answering(response(200, 'x'.repeat(5000))))
    const guard = testGuard(vendor.base, { maxBytes: 4096 })
    expect(await codeOf(guard.fetch(`${vendor.base}/issue/A-1`, write))).toBe('bad_response')
    expect(guard.touched()).toBe('unclear')
  })
})

test('every write has a connection of its own, so that none goes down one that the vendor has just closed', async () => {
  const vendor = await vendorThat(answering(response(200, '{}')))
  const guard = testGuard(vendor.base)
  for (let count = 0; count < 3; count += 1) await guard.fetch(`${vendor.base}/issue/A-1`, write)
  expect(vendor.connections()).toBe(3)
})
