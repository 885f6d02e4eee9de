// A connector as careless as SDKs are: its errors carry its credential in every place that an error has, and one of them is caught by nobody.
import { z } from 'zod'
import { connector, readTool } from 'toolgate/kit'
import type { Opening, Reads } from 'toolgate/kit'

interface Chatty {
  readonly credential: string
}

const fails = readTool({
  name: 'note_fail',
  title: 'Fail',
  description: 'Fails with everything that it knows.',
  class: 'R',
  default: 'on',
  scopes: [],
  input: z.strictObject({ how: z.enum(['thrown', 'text', 'stray']) }),
  output: z.strictObject({ text: z.string() }),
  example: { how: 'thrown' },
  async run({ how }, { vendor }: Reads<Chatty>) {
    if (how === 'text') throw `Bearer ${vendor.credential}` // oxlint-disable-line no-throw-literal -- what some SDKs do
    const error = errorWith(vendor.credential)
    if (how === 'thrown') throw error
    void Promise.reject(error)
    return { text: 'Nothing to see.' }
  },
})

/** As axios makes them: the request with its headers, and the error of the connection below. */
function errorWith(credential: string): Error {
  const authorization = `Bearer ${credential}`
  const cause = new AggregateError([new Error(`sent ${authorization}`)], `connect with ${authorization}`)
  const error = new Error(`Request failed: ${Buffer.from(credential).toString('base64')}`, { cause })
  const request = { headers: { authorization }, url: `https://chatty.example/?token=${encodeURIComponent(credential)}` }
  return Object.assign(error, { config: request, request: { inner: { inner: { inner: request } } }, [authorization]: 1 })
}

export const chatty = connector({
  id: 'chatty',
  title: 'Chatty',
  prefix: 'chatty',
  settings: z.strictObject({ site: z.url() }),
  credential: 'The token of the desk.',
  base: ({ site }) => site,
  reads: ['GET /notes'],
  open: async ({ credential }: Opening<{ site: string }>): Promise<Chatty> => ({ credential }),
  tools: [fails],
  sandbox: {
    settings: { site: 'https://chatty.example' },
    credential: 'chatty-sandbox-token-4f1c9a77d2',
    seed: () => undefined,
    respond: () => ({ status: 404, body: {} }),
  },
})
