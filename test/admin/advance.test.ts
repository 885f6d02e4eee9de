// Yeses in advance, deputies, webhooks and requests that look alike, in a browser; and who may do what with them.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasBrowser, openBrowser, openHouse, visit } from './house.ts'

const policy = `rules:
  - allow: '*'
    who: role:member
  - ask: ['*_set', '*_send']
    who: role:support
    approvers: role:lead
`
const hour = () => new Date(Date.now() + 3_600_000).toISOString()

test('each role may do its own and no more, and nobody more than their own', async () => {
  await using house = await openHouse({ policy })
  const held = String((await house.call('desk_note_send', { desk: 'front', text: 'one' })).operation_id)
  const outside = String((await house.call('desk_note_send', { desk: 'outside', text: 'two' })).operation_id)
  const [vera, jonas, ines, otto, maya] = await Promise.all(
    ['vera', 'jonas', 'ines', 'otto', 'maya'].map((person) => house.session(person)),
  )
  const status = async (...[session, at, body]: [typeof vera, string, object]) =>
    (await house.api(session!, 'POST', at, body)).status
  const more = { count: 2, until: hour() }
  expect(await status(vera, `approvals/${held}/standing`, more)).toBe(403)
  // Whoever asked, and whoever is no approver of this rule.
  expect(await status(maya, `approvals/${held}/standing`, more)).toBe(403)
  expect(await status(ines, `approvals/${held}/standing`, more)).toBe(403)
  expect(await status(jonas, `approvals/${outside}/standing`, more)).toBeGreaterThanOrEqual(400)
  for (const wrong of [{}, { count: 2 }, { ...more, count: 0 }, { ...more, count: '2' }, { ...more, until: 'soon' }])
    expect(await status(jonas, `approvals/${held}/standing`, wrong)).toBeGreaterThanOrEqual(400)
  expect(await house.hub.standing.list()).toEqual([])
  // What it covers is of the request, whatever the page says.
  expect(await status(jonas, `approvals/${held}/standing`, { ...more, tool: '*', principal: 'otto', where: {} })).toBe(200)
  const [grant] = await house.hub.standing.list()
  expect(grant).toMatchObject({ tool: 'desk_note_send', principal: 'maya', where: { 'desk.name': ['front'] }, count: 2 })
  expect(await status(vera, `standing/${grant?.id}/revoke`, {})).toBe(403)
  expect(await status(jonas, 'standing/std_none/revoke', {})).toBe(404)
  expect(await status(vera, 'delegations', { to: 'jonas', until: hour() })).toBe(403)
  expect(await status(jonas, 'delegations', { to: 'jonas', until: hour() })).toBeGreaterThanOrEqual(400)
  expect(await status(jonas, 'delegations', { from: 'ines', to: 'otto', until: hour() })).toBe(200)
  const [delegation] = await house.hub.delegations.list()
  expect(delegation).toMatchObject({ from: 'jonas', to: 'otto' })
  expect(await status(ines, `delegations/${delegation?.id}/revoke`, {})).toBe(404)
  expect(await status(jonas, 'notifications/n_none/replay', {})).toBe(403)
  expect(await status(otto, 'notifications/n_none/replay', {})).toBe(404)
  for (const at of ['standing', 'delegations', 'notifications']) expect((await house.api(vera!, 'GET', at)).status).toBe(200)
})

describe.skipIf(!hasBrowser)('in a browser', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await openBrowser()
  })
  afterAll(async () => await browser.close())

  test('the next ones like this need no yes, this one still does, and it is taken back with a button', async () => {
    await using house = await openHouse({ policy })
    const held = await house.call('desk_note_send', { desk: 'front', text: 'first' })
    const { page, problems } = await visit(browser, house, 'jonas')
    await page.locator('.queue a').click()
    await page.getByRole('button', { name: 'Allow the next …' }).click()
    const dialog = page.getByRole('dialog')
    expect(await dialog.innerText()).toContain('where desk.name is front')
    await dialog.getByLabel('How many').fill('2')
    await dialog.getByRole('button', { name: 'Allow them' }).click()
    await page.getByText('This one still waits for its own.').waitFor()
    expect([(await house.hub.store.operation(String(held.operation_id)))?.state, house.writes()]).toEqual(['held', []])
    expect((await house.call('desk_note_send', { desk: 'front', text: 'second' })).status).toBe('done')
    expect((await house.call('desk_note_send', { desk: 'back', text: 'elsewhere' })).status).toBe('held')
    await page.getByRole('link', { name: 'Grants', exact: true }).click()
    await page.getByText('1 of 2 left').waitFor()
    await page.getByRole('button', { name: 'Take back desk_note_send' }).click()
    await page.getByText('Taken back by jonas').waitFor()
    expect((await house.call('desk_note_send', { desk: 'front', text: 'third' })).status).toBe('held')
    expect(problems).toEqual([])
  }, 60_000)

  test('a deputy decides until they are taken back, named with the keyboard alone', async () => {
    await using house = await openHouse({ policy })
    const { page } = await visit(browser, house, 'jonas')
    await page.getByRole('link', { name: 'Grants', exact: true }).press('Enter')
    await page.getByRole('button', { name: 'Name a deputy …' }).press('Enter')
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Who decides').selectOption('ines')
    await dialog.getByLabel('Why?').press('Enter')
    await page.getByText('ines for jonas').waitFor()
    const id = String((await house.call('desk_note_send', { desk: 'front', text: 'while away' })).operation_id)
    const ines = await house.session('ines')
    expect((await house.api(ines, 'GET', `approvals/${id}`)).json).toMatchObject({ mayDecide: true })
    await page.getByRole('button', { name: 'Take back from ines' }).press('Enter')
    await page.locator('[data-delegation] .badge', { hasText: 'revoked' }).waitFor()
    expect((await house.api(ines, 'GET', `approvals/${id}`)).json).toMatchObject({ mayDecide: false })
  }, 60_000)

  // APR-15
  test('what looks alike is shown together and decided one by one', async () => {
    await using house = await openHouse({ policy })
    for (const text of ['one', 'two', 'three']) await house.call('desk_note_send', { desk: 'front', text })
    await house.call('desk_note_set', { id: 'n1', text: 'Something else' })
    const { page } = await visit(browser, house, 'jonas')
    await page.getByText('3 alike').waitFor()
    expect(await page.locator('.group .request').count()).toBe(3)
    expect(await page.locator('.queue > .request').count()).toBe(1)
    // Nothing on this page says yes to anything.
    expect(await page.getByRole('button', { name: /approve|all/i }).count()).toBe(0)
    await page.getByRole('link', { name: 'One by one' }).click()
    for (const [text, rest] of [
      ['one', '2 more like this wait.'],
      ['two', '1 more like this wait'],
      ['three', 'No other one like this waits.'],
    ] as const) {
      await page.locator('[data-text="after text"]', { hasText: text }).waitFor()
      await page.getByText(rest).waitFor()
      await page.getByRole('button', { name: 'Approve' }).click()
      await page.locator('.decision .notice.good').first().waitFor()
      if (text !== 'three') await page.getByRole('link', { name: 'Look at the next one' }).click()
    }
    expect(house.writes()).toHaveLength(3)
  }, 60_000)

  test('an operator sees what was delivered and sends it once more', async () => {
    let got = 0
    const server = createServer((_request, response) => {
      got += 1
      response.writeHead(204).end()
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    process.env['TEST_ADMIN_NOTIFY'] = 'a-key-that-is-long-enough'
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
    const notify = [{ url, secret: 'env:TEST_ADMIN_NOTIFY', events: ['approval.requested'] }]
    try {
      await using house = await openHouse({ policy, config: { notify } })
      await house.call('desk_note_send', { desk: 'front', text: 'told' })
      await house.hub.tend()
      expect(got).toBe(1)
      const { page } = await visit(browser, house, 'otto')
      await page.getByRole('link', { name: 'Notifications' }).click()
      await page.locator('.badge', { hasText: 'delivered' }).waitFor()
      await page.getByRole('button', { name: 'Send approval.requested once more' }).click()
      await page.locator('.badge', { hasText: 'pending' }).waitFor()
      await house.hub.tend()
      expect(got).toBe(2)
    } finally {
      server.close()
    }
  }, 60_000)
})
