// What models read of a tool's arguments, beside what the hub checks.
import { expect, test } from 'vitest'
import { z } from 'zod'
import { wireSchema } from '../../src/call/wire-schema.ts'
import type { JsonObject } from '../../src/kit/json.ts'
import { testHub } from '../hub.ts'

const wire = (shape: z.ZodRawShape) =>
  wireSchema(z.toJSONSchema(z.strictObject(shape), { io: 'input' }) as JsonObject)['properties'] as JsonObject

test('expressions and bounds that nobody meets are left out; words, choices and near bounds stay', () => {
  expect(
    wire({
      key: z
        .string()
        .regex(/^[A-Z]+-\d+$/)
        .describe('Issue key'),
      since: z.iso.date(),
      summary: z.string().min(1).max(255),
      name: z.string().min(1).max(60),
      kind: z.enum(['a', 'b']),
      tags: z.array(z.string()).min(1).max(50).default([]),
      few: z.array(z.string()).max(5),
      limit: z.int().min(1).max(50).default(20),
      fields: z.record(z.string().regex(/^[a-z]+$/), z.number()),
    }),
  ).toEqual({
    key: { type: 'string', description: 'Issue key' },
    since: { type: 'string', format: 'date' },
    summary: { type: 'string', maxLength: 255 },
    name: { type: 'string' },
    kind: { type: 'string', enum: ['a', 'b'] },
    tags: { type: 'array', items: { type: 'string' } },
    few: { type: 'array', items: { type: 'string' }, maxItems: 5 },
    limit: { type: 'integer', minimum: 1, maximum: 50, default: 20 },
    fields: { type: 'object', additionalProperties: { type: 'number' } },
  })
})

test('an argument that is called like a keyword is an argument', () => {
  const shape = { pattern: z.string(), default: z.boolean(), properties: z.strictObject({ maxLength: z.string() }) }
  expect(Object.keys(wire(shape))).toEqual(['pattern', 'default', 'properties'])
  expect(wire(shape)['properties']).toMatchObject({ properties: { maxLength: { type: 'string' } } })
})

test('what models do not read is checked all the same', async () => {
  await using hub = await testHub()
  const [listed] = hub.hub.dispatcher.tools(hub.hub.person()).filter(({ name }) => name === 'desk_note_get')
  expect(JSON.stringify(listed)).not.toContain('pattern')
  expect(await hub.call('desk_note_get', { id: '../n1' })).toMatchObject({
    status: 'failed',
    message: expect.stringContaining('must be a note id, such as n1') as string,
  })
})
