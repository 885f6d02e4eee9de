// The search behind `npm run test:canaries` notices a credential wherever it leaks, and says where; and is content where none does.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { search } from './search.ts'

const tap = pathToFileURL(path.join(import.meta.dirname, 'tap.ts')).href

/** What the search finds after a program leaked its one credential like this. */
async function found(how: string): Promise<readonly string[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'toolgate-canaries-'))
  const { stdout, status } = spawnSync(process.execPath, [path.join(import.meta.dirname, 'leaky.ts'), how], {
    env: { ...process.env, TOOLGATE_TAP: folder, NODE_OPTIONS: `--import=${tap}` },
    encoding: 'utf8',
  })
  expect(status).toBe(0)
  writeFileSync(path.join(folder, 'suite.txt'), stdout)
  const { lines, hits } = await search(folder)
  expect(lines[0]).toBe('Secrets met: 1 (authorization 1).')
  rmSync(folder, { recursive: true })
  return hits
}

test.each([
  ['keeps it', []],
  ['prints it', ['what leaky.ts prints it printed', 'what the test runner printed']],
  ['stores it', ['the file hub.db']],
  ['answers with it', ['what was sent by /mcp']],
  ['sends it on', ['what was sent to /rest']],
  ['passes it on', ['the credentials sent to somebody else']],
])('a program that %s', async (how, places) => {
  const hits = await found(how)
  expect(hits.map((hit) => hit.replace(/^authorization leaky-9d… in (.*) \(\d+\)$/, '$1')).toSorted()).toEqual(places)
})
