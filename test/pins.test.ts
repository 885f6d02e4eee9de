// What models see of each connector is frozen in test/pins: a change is meant, or it is a mistake.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { generate } from '../scripts/generate.ts'

const generated = await generate()

test('something is generated', () => {
  expect(generated.map(({ file }) => file)).toContain('mcp.config.schema.json')
  expect(generated.filter(({ file }) => file.startsWith('test/pins/')).length).toBeGreaterThan(0)
})

test.each(generated)('$file is what the source says (npm run generate writes it)', async ({ file, content }) => {
  expect(await readFile(path.join(import.meta.dirname, '..', file), 'utf8')).toBe(content)
})
