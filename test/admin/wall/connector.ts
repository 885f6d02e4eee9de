// A vendor that takes any text at all: what an agent writes there is not made harmless by anybody but the page that shows it.
import { z } from 'zod'
import { connector, writeTool } from 'toolgate/kit'
import type { Opening, Reads, SandboxRequest, SandboxState, Writes } from 'toolgate/kit'

interface Wall {
  read(): Promise<string>
  readonly write: { paint(text: string): Promise<void> }
}

const paint = writeTool({
  name: 'text_set',
  title: 'Paint the wall',
  description: 'Replaces the text on the wall.',
  class: 'W2',
  verb: 'update',
  default: 'on',
  scopes: ['paint'],
  routes: ['PUT /wall'],
  changes: ['text', 'size'],
  input: z.strictObject({ text: z.string().max(200_000) }),
  output: z.strictObject({ size: z.number() }),
  example: { text: 'Hello' },
  async plan({ text }, { vendor }: Reads<Wall>) {
    const before = await vendor.read()
    return {
      summary: `Paint the wall with ${text.length} characters.`,
      effects: [
        {
          verb: 'update' as const,
          target: 'wall:text/1',
          resources: {},
          before: { text: before, size: before.length },
          after: { text, size: text.length },
        },
      ],
      audience: { external: false, people: 12, massMention: false, where: 'the yard, 12 people' },
      fidelity: 'checked' as const,
      undo: 'none' as const,
      warnings: [],
      request: { text },
    }
  },
  async apply({ text }, { vendor }: Writes<Wall>) {
    await vendor.write.paint(text)
    return { size: text.length }
  },
})

export const wall = connector({
  id: 'wall',
  title: 'Wall',
  prefix: 'wall',
  settings: z.strictObject({}),
  credential: 'A key.',
  base: () => 'https://wall.example',
  reads: ['GET /wall'],
  async open({ base, fetch, credential }: Opening<object>): Promise<Wall> {
    const headers = { authorization: `Bearer ${credential}`, 'content-type': 'application/json' }
    return {
      read: async () => z.object({ text: z.string() }).parse(await (await fetch(`${base}/wall`, { headers })).json()).text,
      write: {
        async paint(text) {
          await fetch(`${base}/wall`, { method: 'PUT', headers, body: JSON.stringify({ text }) })
        },
      },
    }
  },
  tools: [paint],
  sandbox: {
    settings: {},
    credential: 'wall-sandbox-key',
    seed: (state: SandboxState) => state.put('wall', 'text', { text: 'An old text' }),
    respond(request: SandboxRequest, state: SandboxState) {
      if (request.method === 'PUT')
        state.put('wall', 'text', { text: z.object({ text: z.string() }).parse(JSON.parse(request.body)).text })
      return { status: 200, body: state.get('wall', 'text') ?? {} }
    },
  },
})
