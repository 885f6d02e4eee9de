// A tool that is turned off in the browser is one line of the file, one entry of the audit, and one click to bring back.
import { readFile, writeFile } from 'node:fs/promises'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasBrowser, openBrowser, openHouse, visit } from './house.ts'

describe.skipIf(!hasBrowser)('in a browser', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await openBrowser()
  })
  afterAll(async () => await browser.close())

  test('off, in force at once, and back byte for byte', async () => {
    await using house = await openHouse()
    const original = (await readFile(house.configPath, 'utf8'))
      .replace(
        '"sandbox": true',
        '"sandbox": true,\n      "tools": {\n        "desk_note_get": true, // people need this\n      }',
      )
      .replace('{\n', '{\n  // Written by a person, and to be kept.\n')
    await writeFile(house.configPath, original)
    await house.hub.reload()
    const { page, problems } = await visit(browser, house, 'maya')
    await page.getByRole('link', { name: 'Tools' }).click()
    const toggle = page.getByRole('switch', { name: 'desk_note_get' })
    expect(await toggle.getAttribute('aria-checked')).toBe('true')
    await toggle.click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('Lose it').waitFor()
    expect(await dialog.locator('.changes li').count()).toBe(2)
    expect(await dialog.innerText()).toContain('maya')
    expect(await readFile(house.configPath, 'utf8')).toBe(original)
    await dialog.getByRole('button', { name: 'Save' }).click()
    await page.locator('[role=switch][aria-label=desk_note_get][aria-checked=false]').waitFor()

    const changed = await readFile(house.configPath, 'utf8')
    expect(changed).toBe(original.replace('"desk_note_get": true', '"desk_note_get": false'))
    expect((await house.call('desk_note_get', { id: 'n1' })).status).toBe('failed')
    const told = async () =>
      (await house.hub.store.recent('local', 200)).filter(({ kind }) => kind === 'configuration.changed')
    expect((await told()).map(({ payload }) => [payload['by'], payload['what']])).toEqual([
      ['maya', 'desk_note_get turned off'],
    ])

    await page.getByRole('button', { name: 'History of the configuration' }).click()
    await dialog.getByRole('button', { name: 'Bring back …' }).first().click()
    await dialog.getByRole('button', { name: 'Bring back', exact: true }).click()
    await page.locator('[role=switch][aria-label=desk_note_get][aria-checked=true]').waitFor()
    expect(await readFile(house.configPath, 'utf8')).toBe(original)
    expect(await told()).toHaveLength(2)
    expect((await house.call('desk_note_get', { id: 'n1' })).status).toBe('done')
    expect(problems).toEqual([])
  }, 60_000)
})

test('a byte-order mark stays through a toggle and comes back with a rollback, byte for byte', async () => {
  await using house = await openHouse()
  const marked = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), await readFile(house.configPath)])
  await writeFile(house.configPath, marked)
  await house.hub.reload()
  const maya = await house.session('maya')
  const { base } = (await house.api(maya, 'GET', 'tools/desk_note_get/change?on=false')).json
  expect((await house.api(maya, 'POST', 'tools/desk_note_get/change', { on: false, base })).status).toBe(200)
  const toggled = await readFile(house.configPath)
  expect([toggled.subarray(0, 3).toString('hex'), toggled.equals(marked)]).toEqual(['efbbbf', false])
  expect((await house.call('desk_note_get', { id: 'n1' })).status).toBe('failed')
  const { versions } = (await house.api(maya, 'GET', 'configuration')).json as { versions: { id: string }[] }
  const { json } = await house.api(maya, 'GET', `configuration/${versions[1]?.id}`)
  expect((await house.api(maya, 'POST', `configuration/${versions[1]?.id}/restore`, { base: json['base'] })).status).toBe(
    200,
  )
  expect((await readFile(house.configPath)).equals(marked)).toBe(true)
  expect((await house.call('desk_note_get', { id: 'n1' })).status).toBe('done')
})
