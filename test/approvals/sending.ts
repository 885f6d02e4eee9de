// A process of its own that sends as fast as it can. Arguments: configuration, for how many milliseconds.
import { setTimeout as pause } from 'node:timers/promises'
import { openHub } from '../../src/hub.ts'
import { silentLog } from '../hub.ts'

const [configPath = '', ms = '0'] = process.argv.slice(2)
const hub = await openHub({ configPath, log: silentLog })
const until = Date.now() + Number(ms)
let index = 0
await Promise.all(
  Array.from({ length: 4 }, async () => {
    while (Date.now() < until) {
      index += 1
      const text = `there ${index}`
      await hub.call({ door: 'test', principal: hub.person(), tool: 'desk_note_send', arguments: { desk: 'front', text } })
      await pause(1)
      if (index === 4) process.stdout.write('sending\n')
    }
  }),
)
await hub.close()
