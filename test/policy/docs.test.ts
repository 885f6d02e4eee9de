// The examples in docs/policies.md are true of the shipped connectors: they load, they are refused, they run.
import { readFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { loadPolicies } from '../../src/policy/load.ts'
import { loadScenarios } from '../../src/policy/scenario.ts'
import { businessHours } from '../../policies/business-hours.ts'
import { separationOfDuties } from '../../policies/separation-of-duties.ts'
import { shippedTools as tools } from './shipped-tools.ts'

const text = await readFile(resolve(import.meta.dirname, '../../docs/policies.md'), 'utf8')
const examples = (kind: string) =>
  [...text.matchAll(new RegExp(`^\`\`\`${kind}\n(.*?)^\`\`\``, 'gms'))].map((match) => match[1]!)

async function inFolder<Result>(files: Record<string, string>, run: (path: (name: string) => string) => Promise<Result>) {
  const folder = await mkdtemp(join(import.meta.dirname, 'tmp-docs-'))
  try {
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content)
    return await run((name) => join(folder, name))
  } finally {
    await rm(folder, { recursive: true })
  }
}

const load = (yaml: string, code: Record<string, string> = {}) =>
  inFolder({ 'example.yaml': yaml, ...code }, (path) =>
    loadPolicies({
      files: [path('example.yaml')],
      shown: (shown) => `policies/${shown.split('/').at(-1)}`,
      tools,
      conditions: [businessHours, separationOfDuties],
    }),
  )

test('every policy in the manual loads without a warning', async () => {
  expect(examples('yaml policy')).toHaveLength(2)
  for (const example of examples('yaml policy')) expect((await load(example)).warnings).toEqual([])
})

test('the refused one is refused with the words that are printed below it', async () => {
  const [refused] = examples('yaml refused')
  await expect(load(refused!)).rejects.toThrow(examples('text')[0]!.trim())
})

test('the condition loads and can be named', async () => {
  const yaml = 'rules:\n  - allow: slack_message_send\n    use: { short-text: { at_most: 5 } }\n'
  const { policy } = await load(yaml, { 'short-text.ts': examples('ts condition')[0]! })
  const tool = tools.find(({ facts }) => facts.name === 'slack_message_send')!.facts
  const refuses = (words: string) =>
    policy.refuses({ principal: { tenant: 'main', id: 'x', roles: [] }, tool, args: { text: words }, now: new Date() })
  expect(refuses('short')).toBeUndefined()
  expect(refuses('longer')?.effect).toBe('deny')
})

test('the scenario parses', async () => {
  const scenarios = await inFolder({ 'a.test.yaml': examples('yaml scenarios')[0]! }, (path) =>
    loadScenarios({ files: [path('a.test.yaml')], shown: String, tools: tools.map(({ facts }) => facts.name) }),
  )
  expect(scenarios).toHaveLength(1)
})
