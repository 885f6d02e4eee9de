// Connecting to Slack as others play it (emulate): the same pages, the same exchange, the same account afterwards.
import { createEmulator } from 'emulate'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { slack } from '../../connectors/slack/connector.ts'
import { browser } from './browser.ts'
import { freePort, house } from './house.ts'

let emulator: { readonly url: string; close(): Promise<void> }
let port: number
let base: string

beforeAll(async () => {
  port = await freePort()
  const app = slack.sandbox.client
  emulator = await createEmulator({
    service: 'slack',
    port: 0,
    seed: {
      slack: {
        team: { name: 'Larkfield', domain: 'larkfield' },
        users: [
          { name: 'maya', real_name: 'Maya Okafor', email: 'maya.okafor@larkfield.example' },
          { name: 'jonas', real_name: 'Jonas Lindqvist', email: 'jonas.lindqvist@larkfield.example' },
        ],
        channels: [{ name: 'support' }],
        oauth_apps: [
          {
            client_id: app?.id ?? '',
            client_secret: app?.secret ?? '',
            name: 'Toolgate',
            redirect_uris: [`http://127.0.0.1:${port}/connect/callback`],
          },
        ],
        strict_scopes: true,
      },
    },
  })
  base = `http://127.0.0.1:${new URL(emulator.url).port}`
})
afterAll(() => emulator.close())

/** Its page has one form for each person. */
async function agree(by: ReturnType<typeof browser>, page: string, name: string): Promise<string> {
  const shown = await by.ask(page)
  const form = shown.text.split('<form').find((part) => part.includes(`>${name}<`)) ?? ''
  const fields = [...form.matchAll(/name="([^"]+)" value="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value])
  const action = /action="([^"]+)"/.exec(form)?.[1] ?? ''
  const agreed = await by.ask(new URL(action, base).href, {
    method: 'POST',
    form: Object.fromEntries(fields.map(([key, value]) => [key, (value ?? '').replaceAll('&amp;', '&')])) as Record<
      string,
      string
    >,
  })
  return agreed.location ?? ''
}

test('two people connect, and Slack knows each by their own name', async () => {
  await using at = await house({
    port,
    connectors: { slack: { sandbox: true, actsAs: 'user-or-refuse' } },
    sandboxBase: () => base,
  })
  for (const person of ['maya', 'jonas']) {
    const by = browser()
    const { url } = await at.connections.link({ tenant: 'local', person, instance: 'slack' })
    const back = await agree(by, await by.toVendor(url), person)
    const page = await by.ask(back)
    expect(page.status).toBe(200)
    expect(page.text).toContain(`@${person} in Larkfield`)
    // It is good once there too.
    expect((await by.ask(back)).status).toBe(403)
  }
  const found = await at.as('maya')('slack_user_find', { query: 'jonas' })
  expect(found).toMatchObject({ status: 'done', result: { people: [{ name: 'Jonas Lindqvist' }] } })
  const accounts = await at.connections.all('local')
  expect(accounts.map(({ account = '' }) => account).toSorted((one, other) => one.localeCompare(other))).toEqual([
    '@jonas in Larkfield',
    '@maya in Larkfield',
  ])
  // It has no way to take a grant back: the hub forgets it all the same, and says how it went.
  const told = await at.connections.remove({ tenant: 'local', person: 'maya', instance: 'slack' }, 'test')
  expect(told).toContain('Take the access back yourself')
  expect(await at.as('maya')('slack_user_find', { query: 'jonas' })).toMatchObject({
    status: 'failed',
    connect: { instance: 'slack' },
  })
})
