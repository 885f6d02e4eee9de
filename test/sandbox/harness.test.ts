// The harness of the connectors' tests is the real way out to the real sandbox.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { writeTool } from '../../src/kit/tool.ts'
import { codeOf } from '../egress/vendor.ts'
import { sandboxHarness } from './harness.ts'
import type { Harness } from './harness.ts'
import { notes } from './notes.ts'
import type { NotesClient } from './notes.ts'

const write = writeTool({
  name: 'note_write',
  title: 'Write a note',
  description: 'Writes a note.',
  scopes: [],
  default: 'on',
  class: 'W1',
  verb: 'create',
  routes: ['POST /notes'],
  changes: [],
  input: z.strictObject({}),
  output: z.strictObject({}),
  example: {},
  plan: () => Promise.reject(new Error('Not used here.')),
  apply: () => Promise.reject(new Error('Not used here.')),
})

let sandbox: Harness
beforeAll(async () => {
  sandbox = await sandboxHarness(notes)
})
afterAll(() => sandbox.close())

test('opened for reading it cannot write; opened for a tool it writes what the tool declares; a dropped answer is unclear', async () => {
  const reading = await sandbox.open('read')
  const looking = reading.vendor as NotesClient
  expect(await looking.list()).toEqual(['seeded'])
  expect(await codeOf(looking.write('a'))).toBe('forbidden')
  expect(reading.guard.touched()).toBe('untouched')

  const writing = await sandbox.open(write)
  const pen = writing.vendor as NotesClient
  expect(await pen.write('a')).toBe(200)
  expect(writing.guard.touched()).toBe('accepted')

  sandbox.break({ mode: 'drop', route: 'POST *' })
  expect(await codeOf(pen.write('b'))).toBe('unavailable')
  expect(writing.guard.touched()).toBe('unclear')
  expect(await looking.list()).toEqual(['seeded', 'a', 'b'])
  expect(sandbox.requests().map(({ method }) => method)).toEqual(['GET', 'POST', 'POST', 'GET'])

  sandbox.reset()
  expect(await looking.list()).toEqual(['seeded'])
})
