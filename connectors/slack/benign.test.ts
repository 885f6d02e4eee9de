// A working day's requests: none may be refused, and what is written must arrive as it was meant.
import type { JsonObject } from 'toolgate/kit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sandboxHarness } from '../../test/sandbox/harness.ts'
import type { Harness } from '../../test/sandbox/harness.ts'
import { slack } from './connector.ts'
import { benign } from './test/benign.ts'
import { readable } from './text.ts'
import { look, planned, sandboxWorld, toolNamed } from './test/world.ts'
import type { World } from './test/world.ts'

let harness: Harness
let world: World
beforeAll(async () => {
  harness = await sandboxHarness(slack)
  world = sandboxWorld(harness, { fetch, now: () => new Date() })
})
afterAll(() => harness.close())

/** The words alone: what is left of either language when its marks are taken away. */
function wordsOf(text: string): string {
  return text
    .replace(/!?\[([^\]]*)\]\((?:[^()]|\([^()]*\))*\)/g, '$1')
    .replace(/[@#]\[([A-Z0-9]+)[^\]]*\]/g, '$1')
    .replace(/^```[a-z]+$/gm, '```')
    .replace(/^(\s*)(?:[-*+]|•) /gm, '$1')
    .replace(/^ {0,3}#{1,6} /gm, '')
    .replace(/mailto:|[\\`*_~<>]|———|^---$/gm, '')
    .replace(/\s+/g, ' ')
    .trim()
}

test(
  'of a working day’s requests at most 2 % are refused, and every text arrives as it was meant',
  { timeout: 60_000 },
  async () => {
    expect(benign.length).toBeGreaterThanOrEqual(300)
    const refusals: string[] = []
    const wrong: string[] = []
    for (const { tool, input } of benign) {
      const run = toolNamed(tool).kind === 'read' ? look(world, tool, input) : planned(world, tool, input)
      const outcome = await run.then(
        (answer) => answer,
        (error: unknown) => {
          refusals.push(`${tool} ${JSON.stringify(input)}: ${String(error)}`)
          return undefined
        },
      )
      const text = input['text']
      if (outcome === undefined || typeof text !== 'string' || tool === 'file_upload') continue
      const [effect] = outcome['effects'] as unknown as { after: JsonObject }[]
      const sent = effect?.after['text']
      if (typeof sent !== 'string') throw new Error('It says nothing.')
      if (wordsOf(readable(sent)) !== wordsOf(text)) wrong.push(`${JSON.stringify(text)} became ${JSON.stringify(sent)}`)
    }
    const figures = `${benign.length} benign requests: ${refusals.length} refused, ${wrong.length} rendered wrongly`
    process.stdout.write(`${[figures, ...refusals, ...wrong].join('\n')}\n`)
    expect(refusals.length / benign.length).toBeLessThan(0.02)
    expect(wrong).toEqual([])
  },
)
