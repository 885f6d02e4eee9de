// Prompts, resources and completions of the conformance fixtures: what the hub itself does not serve.
import { ProtocolError } from '@modelcontextprotocol/server'
import type {
  GetPromptResult,
  InputRequiredResult,
  Prompt,
  ReadResourceResult,
  Resource,
  Server,
  ServerContext,
} from '@modelcontextprotocol/server'
import { image, png, text } from './content.ts'
import { accepted, ask, form } from './questions.ts'

/** Gives one server the handlers and capabilities that the suite asks for beside tools. */
export function offer(server: Server): void {
  server.registerCapabilities({ prompts: {}, resources: { subscribe: true }, completions: {}, logging: {} })
  server.setRequestHandler('prompts/list', () => ({ prompts: [...prompts] }))
  server.setRequestHandler('prompts/get', ({ params }, context) => prompt(params.name, params.arguments ?? {}, context))
  server.setRequestHandler('resources/list', () => ({ resources: [...resources] }))
  server.setRequestHandler('resources/templates/list', () => ({
    resourceTemplates: [{ uriTemplate: 'test://template/{id}/data', name: 'template', mimeType: 'application/json' }],
  }))
  server.setRequestHandler('resources/read', ({ params }) => read(params.uri))
  server.setRequestHandler('resources/subscribe', () => ({}))
  server.setRequestHandler('resources/unsubscribe', () => ({}))
  server.setRequestHandler('completion/complete', ({ params }) => {
    const values = ['paris', 'park', 'party'].filter((word) => word.startsWith(params.argument.value))
    return { completion: { values, total: values.length, hasMore: false } }
  })
}

const prompts = [
  { name: 'test_input_required_result_prompt', description: 'Asks for a context first' },
  { name: 'test_prompt_with_arguments', description: 'Says its arguments', arguments: [required('arg1'), required('arg2')] },
  { name: 'test_prompt_with_embedded_resource', description: 'Holds a resource', arguments: [required('resourceUri')] },
  { name: 'test_prompt_with_image', description: 'Holds an image' },
  { name: 'test_simple_prompt', description: 'Says one sentence' },
] satisfies readonly Prompt[]

const resources = [
  { uri: 'test://static-binary', name: 'static-binary', description: 'A picture', mimeType: 'image/png' },
  { uri: 'test://static-text', name: 'static-text', description: 'A sentence', mimeType: 'text/plain' },
  { uri: 'test://watched-resource', name: 'watched-resource', description: 'One to subscribe to', mimeType: 'text/plain' },
] satisfies readonly Resource[]

function required(name: string): { name: string; description: string; required: true } {
  return { name, description: `The ${name}`, required: true }
}

function prompt(
  name: string,
  args: Readonly<Record<string, string>>,
  context: ServerContext,
): GetPromptResult | InputRequiredResult {
  if (name === 'test_simple_prompt') return said(text('This is a simple prompt for testing.'))
  if (name === 'test_prompt_with_arguments') {
    return said(text(`Prompt with arguments: arg1='${args['arg1']}', arg2='${args['arg2']}'`))
  }
  if (name === 'test_prompt_with_embedded_resource') {
    const resource = {
      uri: args['resourceUri'] ?? '',
      mimeType: 'text/plain',
      text: 'Embedded resource content for testing.',
    }
    return said({ type: 'resource', resource }, text('Please process the embedded resource above.'))
  }
  if (name === 'test_prompt_with_image') return said(image, text('Please analyze the image above.'))
  if (name === 'test_input_required_result_prompt') {
    const given = accepted(context, 'user_context')?.['context']
    if (typeof given === 'string') return said(text(`The context is ${given}.`))
    return ask({ user_context: form('What context should the prompt use?', 'context') })
  }
  throw new ProtocolError(-32602, 'There is no such prompt.')
}

function said(...contents: readonly GetPromptResult['messages'][number]['content'][]): GetPromptResult {
  return { messages: contents.map((content) => ({ role: 'user', content })) }
}

function read(uri: string): ReadResourceResult {
  if (uri === 'test://static-binary') return { contents: [{ uri, mimeType: 'image/png', blob: png }] }
  if (uri === 'test://static-text') {
    return { contents: [{ uri, mimeType: 'text/plain', text: 'This is the content of the static text resource.' }] }
  }
  if (uri === 'test://watched-resource') return { contents: [{ uri, mimeType: 'text/plain', text: 'Watched.' }] }
  const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1]
  if (id === undefined) throw new ProtocolError(-32602, 'Resource not found', { uri })
  const body = JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` })
  return { contents: [{ uri, mimeType: 'application/json', text: body }] }
}
