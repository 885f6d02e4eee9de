// A process with the stdio door on the fixture, for tests that need real pipes. What reached it is told on standard error.
import { serveStdioDoor } from '../../src/serve/stdio.ts'
import { fixture } from './fixture.ts'

const dispatcher = fixture()
const tell = (words: string) => process.stderr.write(`${words}\n`)
const door = await serveStdioDoor({
  dispatcher: {
    ...dispatcher,
    async call(call) {
      tell(`called ${call.name}`)
      call.signal.addEventListener('abort', () => tell('aborted'))
      if (call.name === 'book_wait' && call.arguments !== undefined) setTimeout(() => dispatcher.release(), 300)
      return await dispatcher.call(call)
    },
  },
  principal: () => ({ tenant: 'larkfield', id: 'local-user', roles: [] }),
  log: { warn: (fields, message) => tell(`warn ${message}`), error: (fields, message) => tell(`error ${message}`) },
  drainMs: 1000,
})
process.on('SIGUSR2', () => dispatcher.changeTools())
process.on('SIGTERM', () => void door.close())
tell('open')
await door.closed
tell('closed')
process.exit(0)
