// A small vendor for tests of the hub itself: notes on desks, with every kind of tool and a sandbox that keeps state.
import { z } from 'zod'
import { connector, digest, HubError, readTool, writeTool } from 'toolgate/kit'
import type { Asks, JsonObject, Opening, Reads, SandboxRequest, SandboxResponse, SandboxState, Writes } from 'toolgate/kit'

interface Desk {
  ask(method: string, path: string, body?: JsonObject): Promise<JsonObject>
}

const id = z.string().regex(/^n\d{1,6}$/, 'must be a note id, such as n1')
const note = z.strictObject({ id: z.string(), desk: z.string(), text: z.string(), secret: z.string() })
const kinds = ['desk.name']
const nobody = { external: false, people: 1, massMention: false, where: 'the desk' }

const echo = readTool({
  name: 'note_echo',
  title: 'Echo',
  description: 'Gives back a text.',
  class: 'R',
  default: 'on',
  scopes: [],
  input: z.strictObject({ text: z.string().max(1000) }),
  output: z.strictObject({ text: z.string() }),
  example: { text: 'hello' },
  run: async ({ text }) => ({ text }),
})

const get = readTool({
  name: 'note_get',
  title: 'Get a note',
  description: 'One note.',
  class: 'R',
  default: 'on',
  scopes: ['read:notes'],
  resolves: kinds,
  input: z.strictObject({ id }),
  output: note,
  example: { id: 'n1' },
  resources: ({ desk }) => ({ 'desk.name': desk }),
  run: async (input, { vendor }: Reads<Desk>) => note.parse(await vendor.ask('GET', `/notes/${input.id}`)),
})

const list = readTool({
  name: 'note_list',
  title: 'List notes',
  description: 'All notes.',
  class: 'R',
  default: 'on',
  scopes: ['read:notes'],
  resolves: kinds,
  input: z.strictObject({}),
  output: z.strictObject({ notes: z.array(note) }),
  example: {},
  rows: { in: 'notes', resources: ({ desk }) => ({ 'desk.name': desk }) },
  run: async (_input, { vendor }: Reads<Desk>) => ({
    notes: z.array(note).parse((await vendor.ask('GET', '/notes'))['notes']),
  }),
})

const set = writeTool({
  name: 'note_set',
  title: 'Change a note',
  description: 'Changes the text of a note.',
  class: 'W1',
  verb: 'update',
  default: 'on',
  scopes: ['write:notes'],
  resolves: kinds,
  routes: ['PUT /notes/{id}'],
  changes: ['text', 'secret'],
  input: z.strictObject({ id, text: z.string().max(1000) }),
  output: z.strictObject({ id: z.string(), text: z.string() }),
  example: { id: 'n1', text: 'new' },
  async plan(input, { vendor, admit }: Reads<Desk>) {
    const before = note.parse(await vendor.ask('GET', `/notes/${input.id}`))
    admit({ 'desk.name': before.desk })
    return {
      summary: `Change ${input.id} from ${JSON.stringify(before.text)} to ${JSON.stringify(input.text)}.`,
      effects: [
        {
          verb: 'update' as const,
          target: `desk:note/${input.id}`,
          resources: { 'desk.name': before.desk },
          before: { text: before.text },
          after: { text: input.text },
        },
      ],
      audience: { ...nobody, external: before.desk === 'outside' },
      rev: revOf(before.text),
      fidelity: 'checked' as const,
      undo: 'exact' as const,
      warnings: [],
      request: { id: input.id, text: input.text, rev: revOf(before.text) },
    }
  },
  async apply(request, { vendor }: Writes<Desk>) {
    const current = note.parse(await vendor.ask('GET', `/notes/${request.id}`))
    if (revOf(current.text) !== request.rev) throw new HubError('conflict', 'The note has changed since this was planned.')
    return note
      .pick({ id: true, text: true })
      .strip()
      .parse(await vendor.ask('PUT', `/notes/${request.id}`, { text: request.text }))
  },
  settlesMs: 60_000,
  async reconcile(request, { vendor }: Asks<Desk>) {
    const { id: key, text } = note.parse(await vendor.ask('GET', `/notes/${request.id}`))
    return text === request.text
      ? { verdict: 'happened' as const, output: { id: key, text } }
      : { verdict: 'absent' as const }
  },
  async undo({ request, effects }, { vendor }: Reads<Desk>) {
    const { text } = note.parse(await vendor.ask('GET', `/notes/${request.id}`))
    if (text !== request.text) throw new HubError('conflict', `Somebody has changed the text of ${request.id} since then.`)
    const before = z.string().parse(effects[0]?.before['text'])
    return { tool: 'note_set', input: { id: request.id, text: before }, fidelity: 'exact' as const, warnings: [] }
  },
})

const send = writeTool({
  name: 'note_send',
  title: 'Send a note',
  description: 'Puts a new note on a desk, and a copy on another where one is named.',
  class: 'W2',
  verb: 'create',
  default: 'on',
  scopes: ['write:notes'],
  resolves: kinds,
  routes: ['POST /notes'],
  changes: ['text', 'desk'],
  input: z.strictObject({
    desk: z.string().regex(/^[a-z]{1,20}$/),
    text: z.string().max(1000),
    copy: z
      .string()
      .regex(/^[a-z]{1,20}$/)
      .optional(),
  }),
  output: z.strictObject({ id: z.string() }),
  example: { desk: 'front', text: 'hi' },
  async plan(input) {
    const desks = [input.desk, ...(input.copy === undefined ? [] : [input.copy])]
    return {
      summary: `Send a note to ${desks.join(' and ')}.`,
      effects: desks.map((desk) => ({
        verb: 'create' as const,
        target: `desk:${desk}`,
        resources: { 'desk.name': desk },
        before: {},
        after: { desk, text: input.text },
      })),
      audience: { ...nobody, external: desks.includes('outside') },
      fidelity: 'local' as const,
      undo: 'partial' as const,
      warnings: [],
      request: { desks, text: input.text },
    }
  },
  async apply(request, { vendor, operationId }: Writes<Desk>) {
    let last = ''
    for (const desk of request.desks) {
      const made = await vendor.ask('POST', '/notes', { desk, text: request.text, operation: operationId })
      last = z.string().parse(made['id'])
    }
    return { id: last }
  },
  settlesMs: 60_000,
  async reconcile(request, { vendor }: Asks<Desk>) {
    const { notes } = await vendor.ask('GET', '/notes')
    const found = z
      .array(note)
      .parse(notes)
      .filter(({ text }) => text === request.text)
    if (found.length === 0) return { verdict: 'absent' as const }
    // One of two desks is neither yes nor no.
    const last = found.length === request.desks.length ? found.at(-1) : undefined
    return last ? { verdict: 'happened' as const, output: { id: last.id } } : { verdict: 'unclear' as const }
  },
  undo: async ({ output }) => ({
    tool: 'note_delete',
    input: { id: output?.id ?? '' },
    fidelity: 'lossy' as const,
    warnings: ['Whoever read it has read it.'],
  }),
})

const remove = writeTool({
  name: 'note_delete',
  title: 'Delete a note',
  description: 'Deletes a note.',
  class: 'D',
  verb: 'delete',
  default: 'off',
  scopes: ['delete:notes'],
  resolves: kinds,
  routes: ['DELETE /notes/{id}'],
  changes: ['text'],
  input: z.strictObject({ id }),
  output: z.strictObject({ id: z.string() }),
  example: { id: 'n2' },
  async plan(input, { vendor, admit }: Reads<Desk>) {
    const before = note.parse(await vendor.ask('GET', `/notes/${input.id}`))
    admit({ 'desk.name': before.desk })
    return {
      summary: `Delete ${input.id}.`,
      effects: [
        {
          verb: 'delete' as const,
          target: `desk:note/${input.id}`,
          resources: { 'desk.name': before.desk },
          before: { text: before.text },
          after: {},
        },
      ],
      audience: nobody,
      rev: revOf(before.text),
      fidelity: 'checked' as const,
      undo: 'none' as const,
      warnings: [],
      request: { id: input.id },
    }
  },
  async apply(request, { vendor }: Writes<Desk>) {
    await vendor.ask('DELETE', `/notes/${request.id}`)
    return { id: request.id }
  },
})

export const desk = connector({
  id: 'desk',
  title: 'Desk',
  prefix: 'desk',
  settings: z.strictObject({ site: z.url() }),
  credential: 'The token of the desk.',
  base: ({ site }) => site,
  reads: ['GET /notes', 'GET /notes/{id}'],
  async open({ base, fetch, credential }: Opening<{ site: string }>): Promise<Desk> {
    return {
      async ask(method, path, body) {
        const headers = { authorization: `Bearer ${credential}`, 'content-type': 'application/json' }
        const answer = await fetch(`${base}${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) })
        if (answer.status === 404) throw new HubError('not_found', 'There is no such note.')
        if (!answer.ok)
          throw new HubError(answer.status < 500 ? 'refused' : 'unavailable', `The desk answered with ${answer.status}.`)
        return (await answer.json()) as JsonObject
      },
    }
  },
  tools: [echo, get, list, set, send, remove],
  sandbox: {
    settings: { site: 'https://desk.example' },
    credential: 'desk-sandbox-token',
    seed(state) {
      const desks = ['front', 'front', 'back', 'outside']
      for (const [index, name] of desks.entries()) {
        const key = `n${state.next('note')}`
        state.put('note', key, { id: key, desk: name, text: `text ${index + 1}`, secret: `hidden ${index + 1}` })
      }
    },
    respond,
  },
})

function revOf(text: string): string {
  return digest(text).slice(0, 16)
}

function respond(request: SandboxRequest, state: SandboxState): SandboxResponse {
  if (request.headers.get('authorization') !== 'Bearer desk-sandbox-token')
    return { status: 401, body: { error: 'who are you' } }
  if (request.method === 'GET' && request.path === '/notes') {
    return { status: 200, body: { notes: state.list('note').map(({ value }) => withoutOperation(value)) } }
  }
  if (request.method === 'POST' && request.path === '/notes') {
    const key = `n${state.next('note')}`
    const made = { id: key, secret: '', ...(JSON.parse(request.body) as JsonObject) }
    state.put('note', key, made)
    return { status: 201, body: withoutOperation(made) }
  }
  const key = /^\/notes\/(n\d+)$/.exec(request.path)?.[1]
  const found = key === undefined ? undefined : state.get('note', key)
  if (key === undefined || !found) return { status: 404, body: { error: 'no such note' } }
  if (request.method === 'GET') return { status: 200, body: withoutOperation(found) }
  if (request.method === 'DELETE') {
    state.delete('note', key)
    return { status: 200, body: { id: key } }
  }
  const changed = { ...found, ...(JSON.parse(request.body) as JsonObject) }
  state.put('note', key, changed)
  return { status: 200, body: withoutOperation(changed) }
}

function withoutOperation({ operation: _operation, ...rest }: JsonObject): JsonObject {
  return rest
}
