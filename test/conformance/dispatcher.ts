// What the official conformance suite calls, behind the same seam as the hub: its doors are then judged, not a stand-in.
import { setTimeout as pause } from 'node:timers/promises'
import { ProtocolError } from '@modelcontextprotocol/server'
import type { ServerContext, Tool } from '@modelcontextprotocol/server'
import type { Dispatcher } from '../../src/serve/dispatcher.ts'
import { audio, done, embeddedResource, image } from './content.ts'
import { offer } from './offerings.ts'
import { jobs } from './jobs.ts'
import { asking, progressToken } from './questions.ts'
import type { Fixture } from './questions.ts'

/** A dispatcher of the suite's fixtures, with state of its own. */
export function conformanceDispatcher(): Dispatcher {
  const listeners = new Set<() => void>()
  const { tools: longer, tasks } = jobs()
  const fixtures: Readonly<Record<string, Fixture>> = {
    ...answering,
    ...asking,
    test_trigger_tool_change: () => {
      for (const listener of listeners) listener()
      return done('The list of tools changed.')
    },
  }
  const tools = [...Object.keys(fixtures), ...Object.keys(longer)].sort().map(toolOf)
  return {
    instructions: 'Fixtures of the MCP conformance suite.',
    tools: () => tools,
    tasks,
    async call({ name, arguments: args, context, principal, tasks: understood }) {
      const given = (args ?? {}) as Readonly<Record<string, unknown>>
      const job = Object.hasOwn(longer, name) ? longer[name] : undefined
      if (job) return await job({ context, principal, understood }, given)
      const fixture = Object.hasOwn(fixtures, name) ? fixtures[name] : undefined
      if (fixture === undefined) throw new ProtocolError(-32602, `Unknown tool: ${name}`)
      return await fixture(context, given)
    },
    onToolsChanged(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    unready: () => undefined,
    extend: offer,
  }
}

const answering: Readonly<Record<string, Fixture>> = {
  json_schema_2020_12_tool: () => done('A tool with a rich schema.'),
  test_simple_text: () => done('This is a simple text response for testing.'),
  test_image_content: () => done(image),
  test_audio_content: () => done(audio),
  test_embedded_resource: () => done(embeddedResource),
  test_multiple_content_types: () =>
    done('Multiple content types test:', image, {
      type: 'resource',
      resource: { uri: 'test://mixed-content-resource', mimeType: 'application/json', text: '{"test":"data","value":123}' },
    }),
  test_error_handling: () => ({ ...done('This tool intentionally returns an error for testing'), isError: true }),
  test_tool_with_progress: async (context) => {
    for (const progress of [0, 50, 100]) await report(context, progress)
    return done('Reported progress three times.')
  },
  test_tool_with_logging: async (context) => {
    for (const words of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
      await context.mcpReq.log('info', words)
      await pause(50)
    }
    return done('Logged three times.')
  },
  test_logging_tool: async (context) => {
    await context.mcpReq.log('info', 'This is for those who asked for a log.')
    return done('Logged, if it was asked for.')
  },
}

async function report(context: ServerContext, progress: number): Promise<void> {
  const params = { progressToken: progressToken(context), progress, total: 100 }
  if (context.mcpReq._meta?.progressToken !== undefined)
    await context.mcpReq.notify({ method: 'notifications/progress', params })
  await pause(50)
}

function toolOf(name: string): Tool {
  const described = { name, description: `Fixture ${name}` }
  if (name === 'json_schema_2020_12_tool') return { ...described, inputSchema: richSchema }
  const required = name === 'test_sampling' ? ['prompt'] : name === 'test_elicitation' ? ['message'] : []
  const properties = Object.fromEntries(required.map((property) => [property, { type: 'string' }]))
  return { ...described, inputSchema: { type: 'object', properties, required } }
}

/** SEP-1613 and SEP-2106: every keyword must arrive as it was written. */
const richSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: {
    address: { $anchor: 'addressDef', type: 'object', properties: { street: { type: 'string' }, city: { type: 'string' } } },
  },
  properties: {
    name: { type: 'string' },
    address: { $ref: '#/$defs/address' },
    contactMethod: { type: 'string', enum: ['phone', 'email'] },
    phone: { type: 'string' },
    email: { type: 'string' },
  },
  allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
  if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
  // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
  then: { required: ['phone'] },
  else: { required: ['email'] },
  additionalProperties: false,
} satisfies Tool['inputSchema']
