// An approver clicks in Slack, and a page that is open in somebody's browser shows it within a second.
import { randomBytes } from 'node:crypto'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sign } from '../../src/hub/slack/clicks.ts'
import { sandboxRequests } from '../../src/sandbox/admin.ts'
import { connect } from '../doors.ts'
import { deskFolder } from '../hub.ts'
import { hasBrowser, openBrowser, openHouse, visit } from './house.ts'
import type { House } from './house.ts'

const secret = randomBytes(16).toString('hex')
const jonas = 'U0JONASLIND'
const policy = `rules:
  - allow: 'desk_*'
    who: role:member
  - ask: '*_set'
    who: role:support
    approvers: role:lead
  - deny: 'slack_*'
    because: Agents do not speak here.
`

interface Posted {
  readonly blocks: readonly {
    readonly type: string
    readonly elements?: readonly { value?: string; action_id?: string }[]
  }[]
}

function posted({ hub }: House): Posted {
  const [body] = sandboxRequests(hub.sandboxFile, { instance: 'slack', limit: 100 })
    .filter(({ path }) => path === '/api/chat.postMessage')
    .map((request) => request.body)
  return JSON.parse(body ?? '{}') as Posted
}

/** As Slack sends it when somebody presses the button of the message. */
async function click(house: House, user: string, action: string): Promise<number> {
  const button = posted(house)
    .blocks.flatMap(({ elements = [] }) => elements)
    .find(({ action_id: id }) => id === action)
  const payload = {
    type: 'block_actions',
    user: { id: user },
    trigger_id: 'none',
    actions: [{ action_id: action, value: button?.value ?? '' }],
  }
  const body = new URLSearchParams({ payload: JSON.stringify(payload) }).toString()
  const sentAt = String(Math.floor(Date.now() / 1000))
  const response = await fetch(`${house.origin}/slack/interactions`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-slack-request-timestamp': sentAt,
      'x-slack-signature': sign(secret, sentAt, body),
    },
    body,
  })
  return response.status
}

describe.skipIf(!hasBrowser)('in a browser', () => {
  let browser: Browser
  beforeAll(async () => {
    process.env['TEST_SLACK_CLICK'] = secret
    browser = await openBrowser()
  })
  afterAll(async () => await browser.close())

  test('held, posted to Slack, clicked there, done once, seen in the browser, told to the agent', async () => {
    await using house = await openHouse({
      policy,
      connectors: { desk: { uses: deskFolder, sandbox: true }, slack: { sandbox: true } },
      config: {
        approvals: {
          slack: {
            sandbox: 'slack',
            channel: 'C0SUPPORT01',
            signingSecret: 'env:TEST_SLACK_CLICK',
            people: { [jonas]: 'jonas' },
          },
        },
      },
    })
    const agent = await connect('v2 modern', { url: house.mcp })
    const call = { name: 'desk_note_set', arguments: { id: 'n1', text: 'Approved in Slack' } }
    expect((await agent.callTool(call))['structuredContent']).toMatchObject({ status: 'held' })
    await house.hub.tend()
    expect(JSON.stringify(posted(house))).toContain('Approved in Slack')

    // Somebody who may only look has the request open.
    const { page, problems } = await visit(browser, house, 'vera')
    await page.locator('.queue a').click()
    await page.locator('.card .badge', { hasText: 'waiting' }).waitFor()
    expect(await click(house, jonas, 'toolgate_approve')).toBe(200)
    await page.locator('.card .badge', { hasText: 'done' }).waitFor()
    await page.getByText('Yes from').waitFor()
    const notes = house.writes().filter((line) => line.includes('/notes'))
    expect(notes).toHaveLength(1)
    expect((await agent.callTool(call))['structuredContent']).toMatchObject({ status: 'done' })
    expect(house.writes().filter((line) => line.includes('/notes'))).toEqual(notes)
    expect(problems).toEqual([])
    await agent.close()
  }, 60_000)
})
