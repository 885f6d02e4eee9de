// Three hundred searches of working days, through the whole hub: what is refused is printed, and is little.
/* oxlint-disable no-console -- what is refused is to be seen */
import { expect, test } from 'vitest'
import { testHub } from '../../test/hub.ts'
import { benign } from './test/benign-searches.ts'

const policy = `
rules:
  - allow: jira_issue_search
    who: role:member
    where: { jira.project: [OPS, SUP] }
`

test('of 300 searches that people make, less than 2 % are refused', async () => {
  await using hub = await testHub({ connectors: { jira: { sandbox: true } }, policy })
  expect(new Set(benign.map((each) => JSON.stringify(each))).size).toBe(300)
  const refused: string[] = []
  let rows = 0
  for (const input of benign) {
    const { status, message, result } = await hub.call('jira_issue_search', input)
    if (status === 'done') rows += ((result?.['issues'] ?? []) as unknown[]).length
    else refused.push(`${JSON.stringify(input)}: ${message}`)
  }
  console.log(`Benign searches refused: ${refused.length} of ${benign.length} (${rows} rows)\n${refused.join('\n')}`)
  expect(refused.length / benign.length).toBeLessThan(0.02)
  expect(rows).toBeGreaterThan(1_000)
}, 60_000)
