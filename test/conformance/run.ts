// `npm run conformance`: the official suite against the real doors, or with `--hub URL` what needs no fixture against a running hub.
import { parseArgs } from 'node:util'
import { conformanceOfDoor, conformanceOfHub, revisions } from './suite.ts'
import type { Report } from './suite.ts'

const { values } = parseArgs({ options: { hub: { type: 'string' } } })
const reports: Report[] = []
for (const revision of revisions) {
  const report = values.hub === undefined ? await conformanceOfDoor(revision) : await conformanceOfHub(values.hub, revision)
  reports.push(report)
  process.stdout.write(summary(report))
}
process.exitCode = reports.every(({ ok }) => ok) ? 0 : 1

function summary({ revision, results, ok }: Report): string {
  const passed = results.filter((result) => result.ok).length
  const checks = results.reduce((sum, result) => sum + result.passed, 0)
  const subject = values.hub === undefined ? 'required' : 'without fixtures, on the hub'
  const failed = results
    .filter((result) => !result.ok)
    .map(({ scenario, failures }) => `  ✗ ${scenario}\n      ${failures.join('\n      ')}\n`)
  return `${ok ? '✓' : '✗'} ${revision}: ${passed}/${results.length} scenarios ${subject} passed (${checks} checks)\n${failed.join('')}`
}
