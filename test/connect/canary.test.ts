// Tokens, codes, verifiers and secrets of a connection are nowhere but at the vendor: not in the store, the log, the audit, an answer or a page.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { openSandboxFile } from '../../src/sandbox/database.ts'
import { browser } from './browser.ts'
import { house } from './house.ts'

test('no token of anybody is found anywhere, in any spelling', async () => {
  const log: string[] = []
  const told: string[] = []
  await using at = await house({ log: pino({ level: 'trace' }, { write: (line: string) => void log.push(line) }) })
  at.hub.onEvent((event) => told.push(JSON.stringify(event)))
  const secrets = new Set<string>()
  const pages: string[] = []
  for (const instance of ['jira', 'salesforce', 'slack']) {
    for (const person of ['maya', 'noor']) {
      const by = browser()
      const { url } = await at.connections.link({ tenant: 'local', person, instance })
      const vendor = await by.toVendor(url)
      for (const cookie of by.cookies.values()) secrets.add(cookie)
      const back = await by.agree(vendor, person)
      secrets.add(new URL(back).searchParams.get('code') ?? '')
      secrets.add(new URL(back).searchParams.get('state') ?? '')
      secrets.add(new URL(url).searchParams.get('ticket') ?? '')
      pages.push((await by.ask(back)).text, (await by.ask(back)).text)
    }
  }
  const answers: unknown[] = []
  const use = async () => {
    for (const person of ['maya', 'noor', 'jonas']) {
      answers.push(await at.as(person)('jira_issue_get', { key: 'OPS-42' }))
      answers.push(
        await at.as(person)('jira_comment_add', { key: 'OPS-42', body: 'hello', idempotency_key: `k${answers.length}` }),
      )
      answers.push(await at.as(person)('sf_object_list'))
      answers.push(await at.as(person)('slack_channel_get', { channel: 'C0SUPPORT01' }))
    }
  }
  await use()
  at.later(14 * 60 * 60_000)
  await use()
  // The vendors' own papers say which tokens there were.
  const papers = openSandboxFile(at.hub.sandboxFile)
  const kinds = ['access', 'person-refresh', 'person-access', 'refresh', 'token']
  for (const kind of kinds)
    for (const { id } of papers.prepare('SELECT id FROM docs WHERE kind = ?').all(kind) as { id: string }[])
      if (!/^xox[bp]-sandbox-|^xoxe-1-sandbox-(bot|maya)$/.test(id)) secrets.add(id)
  papers.close()
  expect(secrets.size).toBeGreaterThan(40)
  at.break('jira', '500', 3, 'POST /~auth/oauth/token')
  at.later(14 * 60 * 60_000)
  await use()

  const sinks: Record<string, string> = {
    log: log.join(''),
    told: told.join(''),
    answers: JSON.stringify(answers),
    pages: pages.join(''),
    views: JSON.stringify([await at.connections.all('local'), await at.connections.of('local', 'maya')]),
    audit: JSON.stringify(await at.hub.store.recent('local', 1000)),
  }
  for (const file of files(at.folder)) if (!file.includes('sandbox.db')) sinks[file] = readFileSync(file, 'latin1')
  expect(Object.keys(sinks).some((name) => name.includes('toolgate.db'))).toBe(true)
  let searched = 0
  for (const [sink, text] of Object.entries(sinks)) {
    for (const secret of secrets) {
      for (const spelling of spellings(secret)) {
        searched += 1
        if (text.includes(spelling))
          expect.fail(
            `${sink} holds a secret: ${text.slice(Math.max(0, text.indexOf(spelling) - 80), text.indexOf(spelling) + 30)}`,
          )
      }
    }
  }
  expect(searched).toBeGreaterThan(2000)
})

function spellings(secret: string): readonly string[] {
  const bytes = Buffer.from(secret)
  const last = secret.slice(-16)
  return [
    secret,
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('hex'),
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    secret.split('').toReversed().join(''),
    ...(last.length === 16 && /[0-9a-zA-Z_-]{16}/.test(last) && secret.length > 24 ? [last] : []),
  ]
}

function files(folder: string): readonly string[] {
  return readdirSync(folder).flatMap((name) => {
    const file = path.join(folder, name)
    return statSync(file).isDirectory() ? files(file) : [file]
  })
}
