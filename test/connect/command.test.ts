// `toolgate connect` and `toolgate connections`, as somebody at a terminal and their browser use them.
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { configFolder } from '../hub.ts'
import { browser } from './browser.ts'
import { freePort } from './house.ts'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

interface Running {
  readonly ended: Promise<{ readonly code: number | null; readonly out: string; readonly errors: string }>
  /** The first match of what it prints. */
  said(pattern: RegExp): Promise<string>
}

function toolgate(...words: readonly string[]): Running {
  const child = spawn(process.execPath, [main, ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, errors] = ['', '']
  const waiting = new Set<() => void>()
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString()
    for (const look of waiting) look()
  })
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const ended = new Promise<{ code: number | null; out: string; errors: string }>((resolve) =>
    child.on('close', (code) => resolve({ code, out, errors })),
  )
  return {
    ended,
    said: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = pattern.exec(out)?.[0]
          if (found !== undefined) resolve(found)
        }
        waiting.add(look)
        look()
        void ended.then((end) => reject(new Error(JSON.stringify(end))))
      }),
  }
}

async function folder(): Promise<string> {
  const made = configFolder({
    connectors: { jira: { sandbox: true, actsAs: 'user-or-refuse' }, slack: { sandbox: true } },
    config: { serve: { http: { port: await freePort() } } },
  })
  return path.join(made, 'mcp.config.json')
}

test('an account is connected, used, listed and taken back', async () => {
  const config = await folder()
  const before = await toolgate('call', 'jira_issue_get', '{"key": "OPS-42"}', '--config', config).ended
  expect(before.out + before.errors).toContain('/connect/to/jira')
  const connecting = toolgate('connect', 'jira', '--config', config)
  const link = await connecting.said(/http:\/\/127\.0\.0\.1:\d+\/connect\/to\/jira\?ticket=[\w-]+/)
  const page = await browser().connect(link, 'maya')
  expect(page.text).toContain('Maya Okafor')
  const { code, out } = await connecting.ended
  expect([code, out]).toEqual([0, expect.stringContaining('Connected as Maya Okafor.')])
  const after = await toolgate('call', 'jira_issue_get', '{"key": "OPS-42"}', '--config', config).ended
  expect(after.code).toBe(0)
  const listed = await toolgate('connections', '--config', config).ended
  expect(listed.out).toMatch(/jira\s+maya\s+Maya Okafor\s+connected/)
  const removed = await toolgate('connections', 'remove', 'jira', '--config', config).ended
  expect(removed.out).toContain('Your Jira Cloud account is disconnected')
  expect((await toolgate('connections', '--config', config).ended).out).toContain('Nobody has connected an account')
}, 60_000)

test.each([
  [['connect', 'slack'], /People have no accounts of their own in "slack" here/],
  [['connect', 'jira', '--person', 'nobody'], /knows no person called "nobody"/],
])(
  '%j says why not',
  async (words, sentence) => {
    const { code, errors } = await toolgate(...words, '--no-wait', '--config', await folder()).ended
    expect(code).toBe(1)
    expect(errors).toMatch(sentence)
  },
  30_000,
)

const exchange = {
  issuer: 'https://login.acme.dev',
  client_id: 'toolgate',
  client_secret: 'env:EXCHANGE',
  audience: 'https://acme.my.salesforce.com',
}

test.each([
  [
    { jira: { site: 'https://a.atlassian.net', email: 'a@b.example', credential: 'env:X', actsAs: 'user' } },
    /no app with which they could connect/,
  ],
  [{ jira: { sandbox: true, actsAs: 'me' } }, /"service", "user" or "user-or-refuse"/],
  [
    {
      jira: {
        site: 'https://a.atlassian.net',
        email: 'a@b.example',
        actsAs: 'user',
        oauth: { client_id: 'abcdefgh', client_secret: 'plain' },
      },
    },
    /reference to a secret|plain/i,
  ],
  [
    { desk: { uses: fileURLToPath(new URL('../desk', import.meta.url)), sandbox: true, actsAs: 'user' } },
    /Nobody can connect an account of their own/,
  ],
  [{ salesforce: { sandbox: true, exchange } }, /nothing to exchange tokens for.*"actsAs": "user-or-refuse"/s],
  [{ salesforce: { sandbox: true, actsAs: 'user', exchange } }, /No tokens of https:\/\/login.acme.dev.*people.issuers/s],
  [
    { salesforce: { sandbox: true, actsAs: 'user', exchange: { ...exchange, client_secret: 'plain-secret' } } },
    /reference to a secret/,
  ],
])(
  'a configuration of %j is refused',
  async (connectors, sentence) => {
    const config = await folder()
    const value = JSON.parse(readFileSync(config, 'utf8')) as object
    writeFileSync(config, JSON.stringify({ ...value, connectors }))
    const { code, errors, out } = await toolgate('check', '--config', config).ended
    expect(code).not.toBe(0)
    expect(errors + out).toMatch(sentence)
  },
  30_000,
)

test('exchanged tokens are refused where the vendor takes none', async () => {
  const config = await folder()
  const value = JSON.parse(readFileSync(config, 'utf8')) as { people: object }
  const people = { ...value.people, issuers: [{ issuer: exchange.issuer }] }
  const connectors = { jira: { sandbox: true, actsAs: 'user', exchange } }
  writeFileSync(config, JSON.stringify({ ...value, people, connectors }))
  const { code, errors } = await toolgate('check', '--config', config).ended
  expect([code === 0, errors]).toEqual([false, expect.stringContaining('Jira Cloud takes no exchanged tokens.')])
}, 30_000)
