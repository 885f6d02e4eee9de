// Waits until an address answers with 200: `node scripts/wait-for.mjs URL`. Gives up after 30 seconds.
import { setTimeout as wait } from 'node:timers/promises'

const url = process.argv[2]
for (let tries = 0; tries < 150; tries += 1) {
  const answer = await fetch(url).catch(() => undefined)
  if (answer?.status === 200) process.exit(0)
  await wait(200)
}
console.error(`${url} did not answer.`)
process.exit(1)
