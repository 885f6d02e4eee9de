// The desk whose vendor says what it grants: a list of scopes, kept in its last note or in a file that the settings name.
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { connector, HubError } from 'toolgate/kit'
import type { Connector, Opening } from 'toolgate/kit'
import { desk } from '../desk/connector.ts'

interface Desk {
  ask(method: string, path: string): Promise<Readonly<Record<string, unknown>>>
  readonly list: string
}

const scopes = z.array(z.string())
const settings = z.strictObject({ site: z.url(), list: z.string().default('') })

// The desk's own parts, under other settings.
const { open: openDesk, ...parts } = desk as Omit<Connector, 'open'> & {
  open(opening: Opening<{ site: string }>): Promise<Pick<Desk, 'ask'>>
}

export const granting = connector({
  ...parts,
  id: 'granting',
  settings,
  open: async (opening: Opening<z.output<typeof settings>>): Promise<Desk> => ({
    ...(await openDesk(opening)),
    list: opening.settings.list,
  }),
  async grants(vendor, tools) {
    const granted = scopes.parse(JSON.parse(await listOf(vendor)))
    const needed = new Set(tools.flatMap((tool) => tool.scopes))
    const missing = tools.map(
      ({ name, scopes: wants }) => [name, wants.filter((scope) => !granted.includes(scope))] as const,
    )
    return {
      account: 'the hub at the desk',
      missing: Object.fromEntries(missing.filter(([, lacks]) => lacks.length > 0)),
      extra: granted.filter((scope) => !needed.has(scope)),
    }
  },
})

async function listOf({ list, ask }: Desk): Promise<string> {
  if (list === '') return String((await ask('GET', '/notes/n4'))['text'])
  return await readFile(list, 'utf8').catch(() => {
    throw new HubError('unavailable', 'The desk does not answer.')
  })
}
