// Runs the official MCP conformance suite against a server and reads what it found. https://github.com/modelcontextprotocol/conformance
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { serveHttp } from '../../src/serve/http.ts'
import type { HttpDoor } from '../../src/serve/http.ts'
import { conformanceDispatcher } from './dispatcher.ts'

export type Revision = '2025-11-25' | '2026-07-28'

export interface ScenarioResult {
  readonly scenario: string
  readonly passed: number
  /** One line for each check that failed. */
  readonly failures: readonly string[]
  /** Whether it ran, passed at least one check, and failed none. */
  readonly ok: boolean
}

export interface Report {
  readonly revision: Revision
  readonly results: readonly ScenarioResult[]
  readonly ok: boolean
}

/** How many scenarios each revision requires of a server, so that a shorter list cannot pass for success. */
const requiredCount = { '2025-11-25': 30, '2026-07-28': 37 } as const satisfies Record<Revision, number>
export const revisions = Object.keys(requiredCount) as readonly Revision[]

/** Scenarios that no fixture is needed for. */
const withoutFixtures = {
  '2025-11-25': [
    'server-initialize',
    'ping',
    'tools-list',
    'server-sse-multiple-streams',
    'server-session-lifecycle',
    'dns-rebinding-protection',
  ],
  '2026-07-28': [
    'server-stateless',
    'tools-list',
    'server-sse-multiple-streams',
    'dns-rebinding-protection',
    'http-header-validation',
    'sep-2164-resource-not-found',
    'input-required-result-unsupported-methods',
  ],
} as const satisfies Record<Revision, readonly string[]>

/** Checks of `server-stateless` that call tools of the fixtures by name. */
const checksOfFixtures = new Set([
  'sep-2575-server-rejects-undeclared-capability',
  'sep-2575-missing-capability-http-400',
  'sep-2575-http-server-no-independent-requests-on-stream',
  'sep-2575-server-no-log-without-loglevel',
  'sep-2575-server-sends-prompts-list-changed-on-subscription',
  'sep-2575-server-sends-tools-list-changed-on-subscription',
])

async function fixtureDoor(): Promise<HttpDoor> {
  const principal = { tenant: 'conformance', id: 'suite', roles: [] }
  const quiet = { warn: () => undefined, error: () => undefined }
  return await serveHttp({
    dispatcher: conformanceDispatcher(),
    principalOf: () => Promise.resolve(principal),
    host: '127.0.0.1',
    port: 0,
    sessionIdleMs: 60_000,
    maxSessions: 100,
    log: quiet,
    now: () => new Date(),
    drainMs: 1000,
  })
}

/** Every scenario that the revision requires, against the real HTTP door with the fixtures behind it. */
export async function conformanceOfDoor(revision: Revision): Promise<Report> {
  const door = await fixtureDoor()
  try {
    return await judged(
      revision,
      door.url,
      await required(revision),
      ['--requirements', revision],
      new Set(),
      requiredCount[revision],
    )
  } finally {
    await door.close()
  }
}

/** What the suite asks of the Tasks extension. Its tenth scenario, on notifications, has no check that its own client can make. */
const taskScenarios = [
  'tasks-lifecycle',
  'tasks-capability-negotiation',
  'tasks-wire-fields',
  'tasks-request-state-removal',
  'tasks-mrtr-input',
  'tasks-request-headers',
  'tasks-dispatch-and-envelope',
  'tasks-required-task-error',
  'tasks-mrtr-composition',
] as const

/** The Tasks extension, on the real HTTP door with the fixtures behind it. */
export async function conformanceOfTasks(): Promise<Report> {
  const revision = '2026-07-28'
  const door = await fixtureDoor()
  try {
    const results: ScenarioResult[] = []
    for (const scenario of taskScenarios) {
      // An extension stands beside the revisions, so the suite wants to be told that it is meant.
      const flags = ['--scenario', scenario, '--spec-version', revision, '--force']
      results.push(...(await judged(revision, door.url, [scenario], flags, new Set(), 1)).results)
    }
    return { revision, results, ok: results.every(({ ok }) => ok) }
  } finally {
    await door.close()
  }
}

/** The scenarios that need no fixture, against whatever listens there: the hub as shipped. */
export async function conformanceOfHub(url: string, revision: Revision): Promise<Report> {
  const scenarios = withoutFixtures[revision]
  const reports: ScenarioResult[] = []
  for (const scenario of scenarios) {
    const report = await judged(
      revision,
      url,
      [scenario],
      ['--scenario', scenario, '--spec-version', revision],
      checksOfFixtures,
      1,
    )
    reports.push(...report.results)
  }
  return { revision, results: reports, ok: reports.every(({ ok }) => ok) }
}

async function judged(
  revision: Revision,
  url: string,
  scenarios: readonly string[],
  flags: readonly string[],
  excluded: ReadonlySet<string>,
  atLeast: number,
): Promise<Report> {
  const directory = await mkdtemp(join(tmpdir(), 'conformance-'))
  try {
    const output = await runSuite(['server', '--url', url, ...flags, '-o', directory])
    const folders = await readdir(directory)
    const results = await Promise.all(scenarios.map((scenario) => result(scenario, directory, folders, excluded, output)))
    return { revision, results, ok: results.length >= atLeast && results.every(({ ok }) => ok) }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

interface Check {
  readonly id: string
  readonly status: 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO'
  readonly errorMessage?: string
}

async function result(
  scenario: string,
  directory: string,
  folders: readonly string[],
  excluded: ReadonlySet<string>,
  output: string,
): Promise<ScenarioResult> {
  const folder = folders.find((name) => name.startsWith(`server-${scenario}-20`))
  if (folder === undefined) return { scenario, passed: 0, failures: [`did not run: ${output.slice(-300)}`], ok: false }
  const checks = JSON.parse(await readFile(join(directory, folder, 'checks.json'), 'utf8')) as readonly Check[]
  const counted = checks.filter(({ id }) => !excluded.has(id))
  const passed = counted.filter(({ status }) => status === 'SUCCESS').length
  const failures = counted
    .filter(({ status }) => status === 'FAILURE')
    .map(({ id, errorMessage }) => `${id}: ${errorMessage ?? ''}`)
  return { scenario, passed, failures, ok: passed > 0 && failures.length === 0 }
}

const packageFolder = new URL('../../node_modules/@modelcontextprotocol/conformance/', import.meta.url)

async function required(revision: Revision): Promise<readonly string[]> {
  const file = await readFile(new URL(`requirements/${revision}.yaml`, packageFolder), 'utf8')
  return (parse(file) as { readonly server: readonly string[] }).server
}

/** Its exit code also judges extensions in some modes, so the checks are read instead. */
function runSuite(args: readonly string[]): Promise<string> {
  const script = fileURLToPath(new URL('dist/index.js', packageFolder))
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    const collect = (chunk: Buffer) => {
      output += chunk.toString('utf8')
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.on('error', reject)
    child.on('close', () => resolve(output))
  })
}
