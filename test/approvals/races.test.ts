// Many decide at once: one of them counts, and what was not approved is not sent.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { approver } from '../hub.ts'
import type { TestHub } from '../hub.ts'
import { askingDesk, held } from './desk.ts'

/** Sends whose plan has no yes of its own in the audit before them. */
async function unapproved(desk: TestHub): Promise<number> {
  const approved = new Set<unknown>()
  let count = 0
  for await (const { kind, payload } of desk.hub.store.entries('local')) {
    if (kind === 'approval.granted') approved.add(JSON.stringify([payload['operation'], payload['plan_digest']]))
    if (kind === 'operation.intent' && !approved.has(JSON.stringify([payload['operation'], payload['plan_digest']])))
      count += 1
  }
  return count
}

/** Everybody whose decision is on record, also one that came too late. */
async function whoDecided(desk: TestHub, id: string): Promise<ReadonlySet<unknown>> {
  const people = new Set<unknown>()
  for await (const { kind, payload } of desk.hub.store.entries('local')) {
    if (kind.startsWith('approval.') && payload['operation'] === id) people.add(payload['approver'])
  }
  return people
}

// APR-02, APR-03
test('of 200 who approve at once, one releases it', async () => {
  await using desk = await askingDesk()
  let doubles = 0
  for (let round = 0; round < 5; round += 1) {
    const id = await held(desk, `round ${round}`)
    const { digest } = await desk.hub.approvals.view(id)
    const leads = ['jonas', 'ines', 'omar']
    const tries = await Promise.allSettled(
      Array.from({ length: 200 }, (_, index) =>
        desk.hub.approvals.approve(id, approver(leads[index % 3]!, 'browser'), { digest }),
      ),
    )
    const done = tries.filter((each) => each.status === 'fulfilled' && each.value.status === 'done').length
    doubles += Math.max(0, desk.writes().length - round - 1)
    expect(done).toBe(1)
  }
  console.log(`5 × 200-way approve: double use ${doubles}, sends without a yes to their digest ${await unapproved(desk)}`)
  expect([doubles, await unapproved(desk), desk.writes().length]).toEqual([0, 0, 5])
}, 60_000)

// APR-02
test('two processes on one store: double use 0', async () => {
  await using desk = await askingDesk({ config: { approvals: { pendingMax: 100 } } })
  const ids: string[] = []
  // Each on another record, since one that moved would void the rest.
  for (let index = 0; index < 20; index += 1) {
    const answer = await desk.call('desk_note_send', { desk: 'front', text: `two ${index}` })
    ids.push(String(answer.operation_id))
  }
  const child = fileURLToPath(new URL('./approving.ts', import.meta.url))
  const begin = Date.now() + 3000
  const outputs = await Promise.all(
    ['jonas', 'ines'].map(async (who) => {
      const running = spawn(process.execPath, [child, desk.configPath, who, String(begin), ...ids], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let text = ''
      running.stdout.setEncoding('utf8').on('data', (part: string) => (text += part))
      await once(running, 'close')
      return JSON.parse(text) as { done: number }
    }),
  )
  const done = outputs.reduce((sum, each) => sum + each.done, 0)
  console.log(
    `two processes, ${ids.length} requests, 10 tries each a process: ${done} released (${outputs.map((each) => each.done).join(' + ')}), ${desk.writes().length} sends`,
  )
  expect([done, desk.writes().length, await unapproved(desk)]).toEqual([ids.length, ids.length, 0])
}, 90_000)

// APR-03
test.each(['deny', 'cancel', 'expire', 'stop'] as const)(
  'approve against %s at once leaves one end',
  async (other) => {
    const start = Date.parse('2026-03-02T09:00:00Z')
    let now = start
    await using desk = await askingDesk({ now: () => new Date(now) })
    const ended = { done: 0, not: 0 }
    for (let round = 0; round < 15; round += 1) {
      const answer = await desk.call('desk_note_send', { desk: 'front', text: `${other} ${round}` })
      const id = String(answer.operation_id)
      const before = desk.writes().length
      const against = async () => {
        // Sometimes the other one comes first.
        if (round % 3 > 0) await new Promise((resolve) => setTimeout(resolve, round))
        if (other === 'deny') return await desk.deny(id, 'ines')
        if (other === 'cancel') return await desk.hub.approvals.cancel(id, desk.hub.person())
        if (other === 'stop') return await desk.hub.switch.stop({ kind: 'all' }, approver('ines', 'browser'), 'a race')
        return void (now += 3_600_001)
      }
      await Promise.allSettled([desk.approve(id), against()])
      if (other === 'stop') await desk.hub.switch.resume({ kind: 'all' }, approver('omar', 'browser'), 'go on')
      const sent = desk.writes().length - before
      const { state } = await desk.hub.approvals.view(id)
      ended[sent === 1 ? 'done' : 'not'] += 1
      expect([state, sent]).toEqual([
        sent === 1 ? 'done' : expect.stringMatching(/denied|cancelled|expired|stopped|failed/),
        sent,
      ])
      if (other === 'deny') expect(await whoDecided(desk, id)).toEqual(new Set(['jonas', 'ines']))
    }
    console.log(`approve against ${other}: ${ended.done} sent, ${ended.not} not; each one end`)
    expect(await unapproved(desk)).toBe(0)
  },
  60_000,
)
