// What a running hub cannot take up from a changed configuration is said to want a restart.
import { readFileSync, writeFileSync } from 'node:fs'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { testHub } from './hub.ts'

test('another port or store is said not to be in force, and a change back says nothing', async () => {
  const lines: { level: number; msg: string }[] = []
  const log = pino(
    { level: 'info' },
    { write: (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[number]) },
  )
  await using hub = await testHub({ log, config: { serve: { http: { port: 4100 } } } })
  const before = readFileSync(hub.configPath, 'utf8')
  writeFileSync(hub.configPath, before.replace('4100', '4200').replace('toolgate.db', 'other.db'))
  const event = await hub.hub.reload()
  expect(event).toMatchObject({
    ok: true,
    restart: [
      expect.stringMatching(/^"store" is now .*other\.db\. The change is not in force yet: it wants a restart\.$/),
      expect.stringMatching(/^"serve\.http" is now 127\.0\.0\.1:4200.* it wants a restart\.$/),
    ],
  })
  expect(lines.filter(({ level }) => level === 40).map(({ msg }) => msg)).toEqual(event.ok && event.restart)
  expect(await hub.call('desk_note_echo', { text: 'x' })).toMatchObject({ status: 'done' })
  writeFileSync(hub.configPath, before)
  expect(await hub.hub.reload()).toMatchObject({ ok: true, restart: [] })
})
