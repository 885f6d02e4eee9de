// What an approver sees is what would be sent, byte for byte, whatever the text tries.
import path from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { piecesOf, reveal } from '../../src/admin/reveal.ts'
import { root } from '../doors.ts'
import { deceptive } from './deceptive.ts'
import { hasBrowser, openBrowser, openHouse, visit } from './house.ts'

const policy = `rules:
  - ask: '*_set'
    who: role:member
    approvers: role:lead
`
const connectors = { wall: { uses: path.join(root, 'test/admin/wall'), sandbox: true } }

const names: Readonly<Record<string, string>> = { TAB: '\t', CR: '\r', ESC: '\u001b', NBSP: '\u00a0' }

/** The text that somebody who reads the page would write down. */
function readBack(lines: readonly string[]): string {
  return lines
    .flatMap((line) => {
      const empty = /^⟦(\d+) empty lines⟧$/.exec(line)
      return empty
        ? Array.from({ length: Number(empty[1]) }, () => '')
        : [line.replace(/⟦([^⟧]+)⟧/g, (_, mark: string) => characterOf(mark))]
    })
    .join('\n')
}

function characterOf(mark: string): string {
  const spaces = /^SP×(\d+)$/.exec(mark)
  if (spaces) return ' '.repeat(Number(spaces[1]))
  return names[mark] ?? String.fromCodePoint(Number.parseInt(mark.slice(2), 16))
}

test('there are at least a hundred deceptive texts, and each can be read back from its marks', () => {
  expect(deceptive.length).toBeGreaterThanOrEqual(100)
  for (const text of deceptive) {
    const { lines, rest } = reveal(text, true)
    expect(rest).toBeUndefined()
    const shown = lines.map(({ empty, pieces }) =>
      empty > 0 ? `⟦${empty} empty lines⟧` : pieces.map((piece) => piece.shown).join(''),
    )
    expect(readBack(shown)).toBe(text)
  }
})

test('no two texts look the same', () => {
  const pairs = [
    ['a\u200bb', 'ab'],
    ['⟦U+200B⟧', '\u200b'],
    ['a  b', 'a b'],
    ['x ', 'x'],
    ['\u00a0', ' '],
  ] as const
  for (const pair of pairs) {
    const [left, right] = pair.map((text) =>
      piecesOf(text)
        .map(({ shown }) => shown)
        .join(''),
    )
    expect(left).not.toBe(right)
  }
})

describe.skipIf(!hasBrowser)('in a browser', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await openBrowser()
  })
  afterAll(async () => await browser.close())

  // APR-11, UI-01
  test('0 of the texts are seen differently from their bytes, and what is cut off must be opened before the yes', async () => {
    await using house = await openHouse({ policy, connectors, config: { approvals: { pendingMax: 1000 } } })
    const { page, problems } = await visit(browser, house, 'jonas')
    const different: string[] = []
    let opened = 0
    for (const text of deceptive) {
      const held = await house.call('wall_text_set', {
        text,
        idempotency_key: `k${deceptive.indexOf(text)}-${different.length}`,
      })
      expect(held).toMatchObject({ status: 'held' })
      await page.evaluate(
        `history.pushState(undefined, '', '/admin/approvals/${held.operation_id}'); dispatchEvent(new PopStateEvent('popstate'))`,
      )
      await page.locator(`[data-request="${held.operation_id}"]`).waitFor()
      const approve = page.getByRole('button', { name: 'Approve', exact: true })
      await approve.waitFor()
      const more = page.locator('.more')
      if ((await more.count()) > 0) {
        opened += 1
        expect(await approve.isDisabled()).toBe(true)
        while ((await more.count()) > 0) await more.first().click()
      }
      await expect.poll(async () => await approve.isEnabled()).toBe(true)
      for (const [label, bytes] of [
        ['after text', text],
        ['request', JSON.stringify({ text })],
      ] as const) {
        const seen = await seenIn(page, label)
        if (readBack(seen) !== bytes)
          different.push(`${label}: ${JSON.stringify(text.slice(0, 80))} was seen as ${JSON.stringify(seen).slice(0, 200)}`)
      }
      expect(await page.locator('.text :is(img, script, iframe, svg, style, a)').count()).toBe(0)
    }
    expect(different).toEqual([])
    expect(opened).toBeGreaterThan(5)
    expect(await page.evaluate('globalThis.owned')).toBeUndefined()
    expect(problems).toEqual([])
    expect(house.writes()).toEqual([])
  }, 300_000)
})

/** Each line as it is rendered, from what can be seen only. */
async function seenIn(page: Page, label: string): Promise<readonly string[]> {
  return await page.evaluate<string[]>(`(() => {
    const box = document.querySelector('[data-text="${label}"]')
    // An empty text is said in words, outside of any box of text.
    if (!box) return document.querySelector('.diff .after .muted')?.textContent === '(empty)' ? [''] : ['not shown']
    return [...box.querySelectorAll('li')].map((line) => {
      const { width, height } = line.getBoundingClientRect()
      const size = Number.parseFloat(getComputedStyle(line).fontSize)
      const seen = line.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && width > 20 && height > 8 && size > 9
      return seen ? line.innerText : 'hidden'
    })
  })()`)
}
