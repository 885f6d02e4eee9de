// `toolgate notifications`: the log of signed webhooks, and sending one once more.
import type { Command } from 'commander'
import { print, printJson, subcommand, table, withHub } from './command.ts'
import type { CommonOptions } from './command.ts'
import { plainExitCodesHelp } from './exit.ts'

const description = `Lists what was sent to the addresses under "notify", or waits to be, newest first; a hub that is running delivers it. Each
body is signed: toolgate-signature is "v1=" and the HMAC-SHA256, in hexadecimal, of toolgate-timestamp, a dot and the body.`

export function command(): Command {
  const notifications = subcommand('notifications', description, examples, plainExitCodesHelp).option('--json', 'print JSON')
  notifications
    .command('list', { isDefault: true })
    .description('list them')
    .action(() => list(notifications.opts()))
  notifications
    .command('replay')
    .argument('<id>', 'the notification')
    .description('send it once more')
    .action((id: string) => replay(id, notifications.opts()))
  return notifications
}

const examples = ['toolgate notifications', 'toolgate notifications replay ntf_01jd3']

async function list(options: CommonOptions): Promise<void> {
  await withHub(options, async (hub) => {
    const sent = await hub.notifications.list({ limit: 200 })
    if (options.json === true) return printJson(sent)
    if (sent.length === 0) return print('Nothing was sent, and nothing waits to be.')
    const rows = sent.map(({ id, at, event, url, state, attempts, lastStatus, lastError }) => [
      id,
      at,
      event,
      url,
      state,
      String(attempts),
      lastError ?? String(lastStatus ?? ''),
    ])
    print(table(['notification', 'at', 'event', 'to', 'state', 'tries', 'last answer'], rows))
  })
}

async function replay(id: string, options: CommonOptions): Promise<void> {
  await withHub(options, async (hub) => {
    await hub.notifications.replay(id)
    await hub.tend()
    print(`${id} was tried once more; "toolgate notifications" says how it went.`)
  })
}
