// One of several processes on one file: starts the server, writes its notes through it, stops. Run by sandbox.test.ts.
import { startSandbox } from '../../src/sandbox/server.ts'
import { notes } from './notes.ts'

const [, , file = '', count = '0', name = ''] = process.argv
const server = await startSandbox({ file, instances: { notes: { connector: notes } }, now: () => new Date() })
for (let index = 0; index < Number(count); index += 1) {
  const { status } = await fetch(`${server.base('notes')}/notes`, { method: 'POST', body: `${name}-${index}` })
  if (status !== 200) process.exitCode = 1
}
await server.close()
