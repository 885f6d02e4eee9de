// Every page can be used with a keyboard, a screen reader and a phone: checked by axe-core in light and dark.
import { mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openPolicy, shipped } from '../hub.ts'
import { hasBrowser, openBrowser, openHouse, visit } from './house.ts'

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** What still reaches past the right edge after two seconds: a frame of the layout on its way there is nobody's trouble. */
async function widerThanTheScreen(page: Page): Promise<string | undefined> {
  // Asked again and again rather than waited for in the page, where a busy machine may draw no frame for as long.
  for (let tries = 0; await page.evaluate('document.documentElement.scrollWidth > innerWidth'); tries += 1) {
    if (tries === 20) return await whatIsWider(page)
    await page.waitForTimeout(100)
  }
  return undefined
}

async function within(link: Locator, width: number): Promise<boolean> {
  const box = await link.boundingBox()
  return box !== null && box.x >= 0 && box.x + box.width <= width
}

async function whatIsWider(page: Page): Promise<string> {
  // What lies in a box that scrolls makes no page wider.
  const elements = await page.evaluate(`const rightOf = (element) => element.getBoundingClientRect().left +
    Math.max(element.getBoundingClientRect().width, element.scrollWidth);
  [...document.querySelectorAll('body *')]
    .filter((element) => rightOf(element) > innerWidth)
    .filter((element) => {
      for (let box = element.parentElement; box && box !== document.body; box = box.parentElement)
        if (getComputedStyle(box).overflowX !== 'visible') return false
      return true
    })
    .map((element) => Math.round(rightOf(element)) + ' ' + element.outerHTML.slice(0, 120))
    .concat(document.documentElement.scrollWidth + ' of ' + innerWidth)
    .slice(-4)`)
  return JSON.stringify(elements)
}

describe.skipIf(!hasBrowser)('in a browser', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await openBrowser()
  })
  afterAll(async () => await browser.close())

  test.each([
    ['light', 1280],
    ['dark', 375],
  ] as const)(
    '%s at %i pixels: nothing serious, and nothing wider than the screen',
    async (colorScheme, width) => {
      // A policy far away, as a checkout in a deep folder has them: its path has no place to break.
      using far = mkdtempDisposableSync(path.join(tmpdir(), `toolgate-${'far'.repeat(20)}-`))
      const faraway = path.join(far.path, 'policy.yaml')
      writeFileSync(faraway, openPolicy)
      await using house = await openHouse({ ...shipped, policies: [...(shipped.policies ?? []), faraway] })
      await house.call('jira_issue_get', { key: 'SUP-1' })
      await house.call('jira_comment_add', { key: 'SUP-1', body: 'Looked into it.' })
      const asked = await house.call('jira_issue_transition', { key: 'SUP-1', to_status: 'Done' })
      expect(asked).toMatchObject({ status: 'held' })
      const call = (await house.hub.store.recent('local', 1))[0]?.call
      // axe is put into the page by the test, which the page's own policy would rightly refuse.
      const { page } = await visit(browser, house, 'maya', {
        colorScheme,
        viewport: { width, height: 800 },
        bypassCSP: true,
      })
      const serious: string[] = []
      for (const at of [
        'approvals',
        'grants',
        'notifications',
        `approvals/${asked.operation_id}`,
        'tools',
        'calls',
        `calls/${call}`,
        'policies',
        'usage',
        'connections',
        'sign-in',
      ]) {
        await page.goto(`${house.origin}/admin/${at}`)
        await page.locator('h1').waitFor()
        await page.waitForLoadState('networkidle').catch(() => undefined)
        await page.waitForTimeout(300)
        await page.evaluate(axe)
        const found = (await page.evaluate('axe.run()')) as {
          violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[]
        }
        for (const { id, impact, nodes } of found.violations) {
          if (impact === 'serious' || impact === 'critical')
            serious.push(`${at}: ${id} ${nodes[0]?.html} ${nodes[0]?.failureSummary}`)
        }
        const here = page.locator('nav a[aria-current=page]')
        if (at !== 'sign-in' && !(await within(here, width))) serious.push(`${at}: the menu does not show where one is`)
        const wide = await widerThanTheScreen(page)
        if (wide !== undefined) serious.push(`${at}: wider than the screen: ${wide}`)
      }
      expect(serious).toEqual([])
    },
    90_000,
  )

  test('a request is decided with the keyboard alone', async () => {
    await using house = await openHouse({
      policy: "rules:\n  - ask: '*_set'\n    who: role:support\n    approvers: role:lead\n",
    })
    await house.call('desk_note_set', { id: 'n1', text: 'By keyboard' })
    const { page } = await visit(browser, house, 'jonas')
    await page.locator('.queue a').waitFor()
    const tabTo = async (words: string) => {
      for (let turns = 0; turns < 40; turns += 1) {
        await page.keyboard.press('Tab')
        if ((await page.evaluate('document.activeElement.textContent'))?.toString().includes(words)) return
      }
      throw new Error(`Nothing with ${words} can be reached with the keyboard.`)
    }
    await tabTo('Change n1')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Approve' }).waitFor()
    await tabTo('Approve')
    for (let turns = 0; turns < 40 && (await page.evaluate('document.activeElement.textContent')) !== 'Approve'; turns += 1)
      await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.locator('.decision .notice.good').waitFor()
    expect(house.writes()).toHaveLength(1)
  }, 60_000)
})
