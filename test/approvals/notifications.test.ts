// Signed webhooks: written with the change, delivered once it can be, tried again, and kept as a log.
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { approver, testHub } from '../hub.ts'
import { askingDesk, held } from './desk.ts'

interface Got {
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

async function receiver(statuses: number[]) {
  const got: Got[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (part: string) => (body += part))
    request.on('end', () => {
      got.push({ headers: request.headers, body })
      const status = statuses.shift() ?? 204
      response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
  return {
    url,
    got,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}

const key = 'a-key-that-is-long-enough'
process.env['TEST_NOTIFY_KEY'] = key
const notify = (url: string, events?: readonly string[]) => ({
  notify: [{ url, secret: 'env:TEST_NOTIFY_KEY', ...(events && { events }) }],
})

// WH-02
test('each is signed over its time and body, and nothing is told that was not asked for', async () => {
  await using hook = await receiver([])
  await using desk = await askingDesk({
    config: notify(hook.url, ['approval.requested', 'approval.decided', 'switch.changed']),
  })
  const heard: string[] = []
  desk.hub.onEvent(({ kind }) => heard.push(kind))
  const id = await held(desk)
  await desk.approve(id)
  await desk.hub.switch.stop({ kind: 'all' }, approver('ines', 'browser'), 'a drill')
  await desk.hub.tend()
  const bodies = hook.got.map(({ body }) => JSON.parse(body) as { event: string; data: object })
  expect(bodies.map(({ event }) => event).toSorted()).toEqual(['approval.decided', 'approval.requested', 'switch.changed'])
  expect(bodies.find(({ event }) => event === 'approval.decided')).toMatchObject({
    data: { operation: id, decision: 'approved', by: 'jonas' },
  })
  expect(heard).toEqual(['approval.requested', 'approval.decided', 'switch.changed'])
  for (const { headers, body } of hook.got) {
    const signed = createHmac('sha256', key)
      .update(`${String(headers['toolgate-timestamp'])}.${body}`)
      .digest('hex')
    expect(headers['toolgate-signature']).toBe(`v1=${signed}`)
  }
  await desk.hub.tend()
  expect(hook.got).toHaveLength(3)
  expect(await desk.hub.notifications.list({ limit: 10 })).toMatchObject([
    { state: 'delivered' },
    { state: 'delivered' },
    { state: 'delivered' },
  ])
})

// WH-09, WH-13
test('what is refused, redirected or lost is tried again later, by one process, and can be sent once more', async () => {
  let now = Date.now()
  await using hook = await receiver([500, 302])
  await using desk = await askingDesk({ now: () => new Date(now), config: notify(hook.url, ['approval.requested']) })
  await held(desk)
  await using other = await testHub({ folder: desk.folder, now: () => new Date(now) })
  await Promise.all([desk.hub.tend(), other.hub.tend()])
  expect(hook.got).toHaveLength(1)
  expect(await desk.hub.notifications.list({ limit: 10 })).toMatchObject([
    { state: 'pending', attempts: 1, lastStatus: 500 },
  ])
  await desk.hub.tend()
  expect(hook.got).toHaveLength(1)
  for (const wait of [10_000, 60_000]) {
    now += wait
    await desk.hub.tend()
  }
  // The redirect was not followed.
  expect(hook.got).toHaveLength(3)
  const [sent] = await desk.hub.notifications.list({ limit: 10 })
  expect(sent).toMatchObject({ state: 'delivered', attempts: 3 })
  await desk.hub.notifications.replay(sent!.id)
  await desk.hub.tend()
  expect(hook.got).toHaveLength(4)
  expect(new Set(hook.got.map(({ body }) => body)).size).toBe(1)
})

test('a write whose end is not known is told', async () => {
  await using hook = await receiver([])
  await using desk = await askingDesk({ config: notify(hook.url) })
  const id = await held(desk, 'b')
  desk.break('desk', 'drop', 1, 'PUT /notes/n1')
  await desk.approve(id)
  await desk.hub.tend()
  const failed = hook.got
    .map(({ body }) => JSON.parse(body) as { event: string; data: Record<string, unknown> })
    .filter(({ event }) => event === 'call.failed')
  expect(failed).toMatchObject([{ data: { outcome: 'unknown', operation: id } }])
})

test('what waits too long is told again, and then others may decide', async () => {
  let now = Date.now()
  await using hook = await receiver([])
  const approvals = { remindAfterMinutes: 5, escalate: { afterMinutes: 10, to: ['person:tess'] } }
  await using desk = await askingDesk({
    now: () => new Date(now),
    config: { ...notify(hook.url, ['approval.reminded']), approvals },
  })
  const id = await held(desk)
  await expect(desk.approve(id, 'tess')).rejects.toThrow('not among')
  now += 5 * 60_000
  await desk.hub.tend()
  expect(hook.got).toHaveLength(1)
  await expect(desk.approve(id, 'tess')).rejects.toThrow('not among')
  now += 5 * 60_000
  await desk.hub.tend()
  expect(hook.got).toHaveLength(2)
  expect(await desk.hub.approvals.view(id)).toMatchObject({ escalated: true, state: 'waiting' })
  expect(await desk.approve(id, 'tess')).toMatchObject({ status: 'done' })
})
