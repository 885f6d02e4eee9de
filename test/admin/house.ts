// A hub with its HTTP door and the admin app, as `toolgate serve` opens them; and a browser to look at it with.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { chromium } from 'playwright-core'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { buildAdmin } from '../../src/admin/build.ts'
import { mountAdmin } from '../../src/hub/admin.ts'
import { serveHttp } from '../../src/serve/http.ts'
import { root } from '../doors.ts'
import { silentLog, testHub } from '../hub.ts'
import type { TestHub, TestHubOptions } from '../hub.ts'

export interface House extends TestHub {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string
  readonly mcp: string
  /** A one-time link for this person. */
  link(person: string): Promise<string>
  /** What a browser of this person would hold: its cookie and its token. */
  session(person: string): Promise<{ readonly cookie: string; readonly csrf: string }>
  /** A request to the API as this person's page would make it. */
  api(
    session: { readonly cookie: string; readonly csrf: string },
    method: string,
    path: string,
    body?: object,
  ): Promise<{ readonly status: number; readonly json: Record<string, unknown> }>
}

const people = {
  local: { id: 'maya', roles: ['member', 'support', 'sales'], admin: 'admin' },
  directory: {
    jonas: { name: 'Jonas Lindqvist', roles: ['member', 'lead', 'support-lead'], admin: 'approver' },
    ines: { name: 'Inês Duarte', roles: ['member', 'sales-lead'], admin: 'approver' },
    vera: { name: 'Vera Blom', roles: ['member'], admin: 'viewer' },
    otto: { name: 'Otto Kern', roles: ['member'], admin: 'operator' },
    nora: { name: 'Nora Falk', roles: ['member'] },
  },
}

export async function openHouse(options: TestHubOptions = {}): Promise<House> {
  await buildAdmin({ root, outDir: path.join(root, 'dist-admin') })
  const made = await testHub({ ...options, config: { people, ...options.config } })
  const { hub } = made
  const now = options.now ?? (() => new Date())
  const admin = mountAdmin({ hub, log: silentLog, secure: false, now })
  const door = await serveHttp({
    dispatcher: hub.dispatcher,
    principalOf: () => Promise.resolve(hub.person()),
    admin,
    slack: hub.slack,
    host: '127.0.0.1',
    port: 0,
    sessionIdleMs: 60_000,
    maxSessions: 20,
    log: silentLog,
    now,
    drainMs: 500,
  })
  await admin.announce(door.url)
  const { origin } = new URL(door.url)
  const token = async (person: string) => (await hub.sessions.link(person)).code
  const close = async () => {
    await door.close()
    await admin.close()
    await made.close()
  }
  return {
    ...made,
    origin,
    mcp: door.url,
    link: async (person) => `${origin}/admin/sign-in#${await token(person)}`,
    async session(person) {
      const response = await fetch(`${origin}/admin/api/session`, {
        method: 'POST',
        headers: { origin, 'content-type': 'application/json' },
        body: JSON.stringify({ link: await token(person) }),
      })
      const { csrf } = (await response.json()) as { csrf: string }
      return { csrf, cookie: response.headers.get('set-cookie')?.split(';', 1)[0] ?? '' }
    },
    async api({ cookie, csrf }, method, at, body) {
      const response = await fetch(`${origin}/admin/api/${at}`, {
        method,
        headers: { cookie, ...(method !== 'GET' && { origin, 'x-csrf-token': csrf, 'content-type': 'application/json' }) },
        ...(method !== 'GET' && { body: JSON.stringify(body ?? {}) }),
      })
      return { status: response.status, json: (await response.json()) as Record<string, unknown> }
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

const executable = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
].find(existsSync)

/** Whether there is a browser; says loudly when there is none. */
export const hasBrowser = executable !== undefined
if (!hasBrowser)
  console.warn(
    'NO CHROMIUM WAS FOUND: the tests of the admin app in a real browser are SKIPPED. Install chromium to run them.',
  )

export async function openBrowser(): Promise<Browser> {
  return await chromium.launch({
    executablePath: executable ?? '',
    headless: true,
    args: '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync'.split(
      ' ',
    ),
  })
}

export interface Visit {
  readonly page: Page
  readonly context: BrowserContext
  /** What the browser refused to run, and what broke in the page. */
  readonly problems: string[]
}

/** A person's own browser, signed in by a fresh link. */
export async function visit(
  browser: Browser,
  house: House,
  person: string,
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<Visit> {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  const problems: string[] = []
  page.on('pageerror', (error) => problems.push(String(error)))
  page.on('console', (message) => {
    if (/content security policy|trusted/i.test(message.text())) problems.push(message.text())
  })
  await page.goto(await house.link(person))
  await page.waitForURL(`${house.origin}/admin/approvals`)
  return { page, context, problems }
}
