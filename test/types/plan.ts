// What must not compile: every line marked so is an error that the type checker has to find, or `npm run types` fails.
import { z } from 'zod'
import { readTool, writeTool } from 'toolgate/kit'
import type { Plan, Reads, Writes } from 'toolgate/kit'

interface Vendor {
  look(): Promise<string>
  readonly write: { change(text: string): Promise<void> }
}

const words = { title: 'x', description: 'x', scopes: [], default: 'on', example: {} } as const
const input = z.strictObject({})
const output = z.strictObject({})

async function planOf({ vendor }: Reads<Vendor>): Promise<Plan<{ text: string }>> {
  const text = await vendor.look()
  // @ts-expect-error -- a plan has nothing to write with
  await vendor.write.change(text)
  return {
    summary: text,
    effects: [],
    audience: { external: false, people: 0, massMention: false, where: '' },
    fidelity: 'local',
    undo: 'none',
    warnings: [],
    request: { text },
  }
}

export const writes = writeTool({
  ...words,
  name: 'thing_change',
  class: 'W1',
  verb: 'update',
  routes: [],
  changes: [],
  input,
  output,
  plan: async (_input, context: Reads<Vendor>) => await planOf(context),
  async apply({ text }, { vendor, operationId }: Writes<Vendor>) {
    await vendor.write.change(text + operationId)
    return {}
  },
})

export const reads = readTool({
  ...words,
  name: 'thing_get',
  class: 'R',
  input,
  output,
  async run(_input, { vendor }: Reads<Vendor>) {
    // @ts-expect-error -- a read has nothing to write with either
    await vendor.write.change('x')
    return {}
  },
})

export const wrongClass = readTool({
  ...words,
  name: 'thing_take',
  // @ts-expect-error -- a read cannot be of a class that writes
  class: 'W1',
  input,
  output,
  run: async () => ({}),
})

// @ts-expect-error -- a write without a plan is no tool
export const planless = writeTool({
  ...words,
  name: 'thing_do',
  class: 'W1',
  verb: 'run',
  routes: [],
  changes: [],
  input,
  output,
  apply: async () => ({}),
})
