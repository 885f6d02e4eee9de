// The smallest connector with a sandbox: notes that are listed, written, changed and deleted.
import { z } from 'zod'
import { connector } from '../../src/kit/connector.ts'
import type { Connector } from '../../src/kit/connector.ts'
import type { SandboxRequest, SandboxResponse, SandboxState } from '../../src/kit/sandbox.ts'
import type { VendorFetch } from '../../src/kit/vendor.ts'

export interface NotesClient {
  list(): Promise<unknown>
  write(text: string): Promise<number>
}

export const notes: Connector = connector({
  id: 'notes',
  title: 'Notes',
  prefix: 'notes',
  settings: z.strictObject({}),
  credential: 'Any text.',
  base: () => 'https://notes.example',
  reads: ['GET /notes'],
  open: async ({ base, fetch }): Promise<NotesClient> => client(base, fetch),
  tools: [],
  sandbox: {
    settings: {},
    credential: 'notes-credential/==',
    // Seeding twice would show: it makes another note each time.
    seed: (state) => state.put('note', `seed-${state.next('seed')}`, { text: 'seeded' }),
    respond,
  },
})

function client(base: string, fetch: VendorFetch): NotesClient {
  return {
    list: async () => (await fetch(`${base}/notes`)).json(),
    write: async (body) => (await fetch(`${base}/notes`, { method: 'POST', body })).status,
  }
}

function respond({ method, path, query, headers, body }: SandboxRequest, state: SandboxState): SandboxResponse {
  const id = path.split('/')[2] ?? ''
  if (path.startsWith('/echo/')) return { status: 200, body: { path, query: [...query], one: headers.get('x-one'), body } }
  if (path === '/text') return { status: 200, headers: { 'Content-Type': 'text/csv' }, body: 'a,b' }
  if (path === '/nothing') return { status: 204 }
  if (method === 'PUT') state.put('note', id, { text: body })
  if (method === 'DELETE') state.delete('note', id)
  if (method === 'POST') {
    const number = state.next('note')
    state.put('note', String(number), { text: body })
    if (path === '/break-after-writing') throw new Error('broken')
    return { status: 200, body: { id: number } }
  }
  return { status: 200, body: state.list('note').map(({ value }) => value['text'] ?? '') }
}
