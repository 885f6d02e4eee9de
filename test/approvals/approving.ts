// A process of its own that approves what it is told, several times at once. Arguments: configuration, person, when, ids.
import { openHub } from '../../src/hub.ts'
import { approver, silentLog } from '../hub.ts'

const [configPath = '', who = '', begin = '', ...ids] = process.argv.slice(2)
const hub = await openHub({ configPath, log: silentLog })
const views = await Promise.all(ids.map(async (id) => await hub.approvals.view(id)))
await new Promise((resolve) => setTimeout(resolve, Number(begin) - Date.now()))
let done = 0
for (const { id, digest } of views) {
  const tries = await Promise.allSettled(
    Array.from({ length: 10 }, () => hub.approvals.approve(id, approver(who, 'browser'), { digest })),
  )
  done += tries.filter((each) => each.status === 'fulfilled' && each.value.status === 'done').length
}
await hub.close()
process.stdout.write(JSON.stringify({ done }))
