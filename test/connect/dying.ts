// A hub that renews somebody's access at the vendor and is killed when it has the answer and has not kept it yet.
// Arguments: the folder, how far ahead its clock is in milliseconds, the tool and its arguments as JSON.
import process from 'node:process'
import { house } from './house.ts'

const [folder = '', ahead = '0', tool = '', args = '{}'] = process.argv.slice(2)
const at = await house({ folder, clock: { ms: Number(ahead) } })
const { store } = at.hub
const put = store.put.bind(store)
store.put = async (puts, entry) => {
  if (puts.some(({ kind, value }) => kind === 'connection' && value !== undefined && value['renewing'] === undefined))
    process.kill(process.pid, 'SIGKILL')
  return await put(puts, entry)
}
await at.as('maya')(tool, JSON.parse(args))
await at.close()
