// `npm run conformance`: the official suite against the real doors with its fixtures, then what needs none against the hub as shipped.
import { rmSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { serve } from '../doors.ts'
import { configFolder, shipped } from '../hub.ts'
import { conformanceOfDoor, conformanceOfHub, conformanceOfTasks, revisions } from './suite.ts'
import type { Report } from './suite.ts'

/** `--hub URL` asks a hub that runs already, and nothing else. */
const { values } = parseArgs({ options: { hub: { type: 'string' } } })
let ok = true
if (values.hub === undefined) {
  for (const revision of revisions) tell(await conformanceOfDoor(revision), 'required scenarios, doors with fixtures')
  tell(await conformanceOfTasks(), 'scenarios of the Tasks extension, doors with fixtures')
  await shippedHub()
} else {
  await hubAt(values.hub)
}
process.exitCode = ok ? 0 : 1

async function shippedHub(): Promise<void> {
  const folder = configFolder(shipped)
  const served = await serve(path.join(folder, 'mcp.config.json'))
  await hubAt(served.url)
  await served.stop()
  rmSync(folder, { recursive: true, force: true })
}

async function hubAt(url: string): Promise<void> {
  for (const revision of revisions)
    tell(await conformanceOfHub(url, revision), 'scenarios that need no fixture, the hub as shipped')
}

function tell(report: Report, subject: string): void {
  const { revision, results } = report
  const passed = results.filter((result) => result.ok).length
  const checks = results.reduce((sum, result) => sum + result.passed, 0)
  console.log(`${report.ok ? '✓' : '✗'} ${revision}: ${passed}/${results.length} ${subject} (${checks} checks)`)
  for (const { scenario, failures } of results.filter((result) => !result.ok))
    console.log(`  ✗ ${scenario}\n      ${failures.join('\n      ')}`)
  ok &&= report.ok
}
