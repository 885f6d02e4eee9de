// A write is held, a person looks at it in a browser and decides, and what they saw is what happens, once.
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connect } from '../doors.ts'
import { hasBrowser, openBrowser, openHouse, visit } from './house.ts'

const policy = `rules:
  - id: members
    allow: '*'
    who: role:member
  - id: set-asks
    ask: '*_set'
    who: role:support
    approvers: role:lead
    because: A lead reads what is changed.
`
const jonas = { tenant: 'local', id: 'jonas', roles: ['member', 'lead', 'support-lead'] }

describe.skipIf(!hasBrowser)('in a browser', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await openBrowser()
  })
  afterAll(async () => await browser.close())

  test('an approver sees the exact change, approves it, it happens once, and the agent gets the result', async () => {
    await using house = await openHouse({ policy })
    const agent = await connect('v2 modern', { url: house.mcp })
    const { page, problems } = await visit(browser, house, 'jonas')
    await page.getByText('Nothing waits for anybody.').waitFor()

    const call = { name: 'desk_note_set', arguments: { id: 'n1', text: 'Exactly this' } }
    const held = await agent.callTool(call)
    expect(held['structuredContent']).toMatchObject({ status: 'held' })
    const began = performance.now()
    // Nobody loads the page anew: the request comes by itself.
    await page.locator('.queue li').waitFor()
    expect(performance.now() - began).toBeLessThan(1000)
    expect(house.writes()).toEqual([])

    await page.locator('.queue a').click()
    await page.getByRole('button', { name: 'Approve' }).waitFor()
    expect(await page.locator('[data-text="after text"]').innerText()).toBe('Exactly this')
    expect(await page.locator('[data-text="before text"]').innerText()).not.toBe('')
    await page.getByRole('button', { name: 'Approve' }).click()
    await page.locator('.decision .notice.good').first().waitFor()
    expect(house.writes()).toHaveLength(1)

    const result = await agent.callTool(call)
    expect(result['structuredContent']).toMatchObject({ status: 'done' })
    expect(house.writes()).toHaveLength(1)
    expect(problems).toEqual([])
    await agent.close()
  }, 60_000)

  test('an approver says no with a reason, and nothing is sent', async () => {
    await using house = await openHouse({ policy })
    const call = ['desk_note_set', { id: 'n1', text: 'Please' }] as const
    await house.call(...call)
    const { page } = await visit(browser, house, 'jonas')
    await page.locator('.queue a').click()
    await page.getByRole('button', { name: 'Deny …' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('textbox').fill('The customer has not agreed.')
    await dialog.getByRole('button', { name: 'Deny' }).click()
    await page.locator('.decision [role=status]').getByText('The customer has not agreed.').waitFor()
    expect(house.writes()).toEqual([])
    const answer = await house.call(...call)
    expect(answer.status).toBe('denied')
    expect(answer.message).toContain('The customer has not agreed.')
  }, 60_000)

  test('what was not decided in time cannot be approved from a page that was open all along', async () => {
    let ahead = 0
    await using house = await openHouse({
      policy,
      now: () => new Date(Date.now() + ahead),
      config: { approvals: { expiresAfterMinutes: 5 } },
    })
    expect((await house.call('desk_note_set', { id: 'n1', text: 'Too late' })).status).toBe('held')
    const { page } = await visit(browser, house, 'jonas')
    await page.locator('.queue a').click()
    const approve = page.getByRole('button', { name: 'Approve' })
    await approve.waitFor()
    ahead = 5 * 60_000 + 1
    // The page learns it by itself as well; whichever is first.
    await approve.click({ timeout: 1000 }).catch(() => undefined)
    await page.locator('.card .badge', { hasText: 'expired' }).waitFor()
    expect(await page.getByRole('button', { name: 'Approve' }).count()).toBe(0)
    const id = page.url().split('/').at(-1)
    const session = await house.session('jonas')
    const { digest } = (await house.api(session, 'GET', `approvals/${id}`)).json
    const late = await house.api(session, 'POST', `approvals/${id}/approve`, { digest })
    expect([late.status >= 400, house.writes()]).toEqual([true, []])
  }, 60_000)

  test('a record that moved after it was shown is not overwritten, and the approver is told', async () => {
    await using house = await openHouse({ policy })
    expect((await house.call('desk_note_set', { id: 'n1', text: 'From the plan' })).status).toBe('held')
    const { page } = await visit(browser, house, 'jonas')
    await page.locator('.queue a').click()
    const approve = page.getByRole('button', { name: 'Approve' })
    await approve.waitFor()
    expect((await house.call('desk_note_set', { id: 'n1', text: 'Somebody was faster' }, jonas)).status).toBe('done')
    await approve.click()
    await page.locator('.decision .notice.bad').first().waitFor()
    expect(await page.locator('.decision').innerText()).toMatch(/no longer|changed|void/i)
    expect(house.writes().filter((line) => line.startsWith('PUT'))).toHaveLength(1)
  }, 60_000)

  test('an approver changes it: planned anew, shown again, and only their version is sent', async () => {
    await using house = await openHouse({ policy })
    await house.call('desk_note_set', { id: 'n1', text: 'As the agent wrote it' })
    const { page } = await visit(browser, house, 'jonas')
    await page.locator('.queue a').click()
    const first = page.url()
    await page.getByRole('button', { name: 'Change …' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('textbox').fill('{"id": "n1", "text": "As Jonas wrote it"}')
    await dialog.getByRole('button', { name: 'Plan anew' }).click()
    await page.waitForURL((url) => url.href !== first)
    await page.locator('[data-text="after text"]', { hasText: 'As Jonas wrote it' }).waitFor()
    expect(house.writes()).toEqual([])
    await page.getByRole('button', { name: 'Approve' }).click()
    await page.locator('.decision .notice.good').first().waitFor()
    expect(house.writes()).toHaveLength(1)
    const jonasReads = await house.call('desk_note_get', { id: 'n1' }, jonas)
    expect(jonasReads.result).toMatchObject({ text: 'As Jonas wrote it' })
  }, 60_000)

  test('an operator stops everything with a button: what waits is cancelled, nothing is sent, every page says so', async () => {
    await using house = await openHouse({ policy })
    const held = await house.call('desk_note_set', { id: 'n1', text: 'Never' })
    const { page } = await visit(browser, house, 'otto')
    await page.getByRole('button', { name: 'Stop …' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Why?').fill('Something is odd.')
    await dialog.getByRole('button', { name: 'Stop now' }).click()
    await page.getByText('Stopped: everything, by otto').waitFor()
    expect((await house.hub.store.operation(String(held.operation_id)))?.state).toBe('failed')
    expect((await house.call('desk_note_send', { desk: 'front', text: 'hi' })).status).not.toBe('done')
    expect(house.writes()).toEqual([])
  }, 60_000)
})
