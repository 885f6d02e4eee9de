// A hub in a process of its own, which does what it is told and may be killed at any moment.
// `node victim.ts JSON`, with an Order; prints the answers as one line of JSON.
import { openHub } from '../../src/hub.ts'
import { silentLog } from '../hub.ts'

export interface Order {
  readonly configPath: string
  /** Where the vendors are: `http://127.0.0.1:PORT`. */
  readonly vendors: string
  /** How far this process's clock is ahead. */
  readonly aheadMs: number
  readonly tool: string
  readonly arguments: Readonly<Record<string, unknown>>
  /** Also asks what became of an operation whose outcome is unknown. */
  readonly ask: boolean
}

const order = JSON.parse(process.argv[2] ?? '') as Order
const hub = await openHub({
  configPath: order.configPath,
  log: silentLog,
  now: () => new Date(Date.now() + order.aheadMs),
  sandboxBase: (instance) => `${order.vendors}/${instance}`,
})
const call = (tool: string, given: unknown) => hub.call({ door: 'test', principal: hub.person(), tool, arguments: given })
const answer = await call(order.tool, order.arguments)
const asked = order.ask && answer.status === 'unknown' ? await call('operation_get', { id: answer.operation_id }) : undefined
process.stdout.write(`${JSON.stringify({ answer, asked })}\n`)
await hub.close()
