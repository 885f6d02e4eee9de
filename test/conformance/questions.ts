// Tools that ask the client something: in the 2026 era by an unfinished result, in the 2025 era by a request of their own.
import { randomBytes } from 'node:crypto'
import {
  CLIENT_CAPABILITIES_META_KEY,
  MissingRequiredClientCapabilityError,
  ProtocolError,
  createRequestStateCodec,
  inputResponse,
} from '@modelcontextprotocol/server'
import type {
  CallToolResult,
  ClientCapabilities,
  InputRequests,
  InputRequiredResult,
  ServerContext,
} from '@modelcontextprotocol/server'
import { done } from './content.ts'

export type Answered = CallToolResult | InputRequiredResult
export type Fixture = (context: ServerContext, args: Readonly<Record<string, unknown>>) => Promise<Answered> | Answered

interface Step {
  readonly step: number
}
const states = createRequestStateCodec<Step>({ key: randomBytes(32) })

/** Tools by name; each asks first, and goes on when its question is answered. */
export const asking: Readonly<Record<string, Fixture>> = {
  test_input_required_result_elicitation: (context) => {
    const name = accepted(context, 'user_name')?.['name']
    return typeof name === 'string' ? done(`Hello, ${name}!`) : ask({ user_name: form('What is your name?', 'name') })
  },
  test_input_required_result_sampling: (context) =>
    responded(context, 'capital_question')
      ? done('The client answered the question.')
      : ask({ capital_question: sample('What is the capital of France?', 100) }),
  test_input_required_result_list_roots: (context) =>
    responded(context, 'client_roots') ? done('The client named its roots.') : ask({ client_roots: roots }),
  test_input_required_result_request_state: (context) => rounds(context, [{ confirm: confirmation }], 'state-ok'),
  test_input_required_result_tampered_state: (context) => rounds(context, [{ confirm: confirmation }], 'state-ok'),
  test_input_required_result_multiple_inputs: (context) =>
    rounds(
      context,
      [{ user_name: form('What is your name?', 'name'), greeting: sample('Generate a greeting', 50), client_roots: roots }],
      'All three were answered.',
    ),
  test_input_required_result_multi_round: (context) =>
    rounds(
      context,
      [
        { step1: form('Step 1: What is your name?', 'name') },
        { step2: form('Step 2: What is your favorite color?', 'color') },
      ],
      'Both rounds were answered.',
    ),
  test_input_required_result_capabilities: (context) => {
    const can = capabilities(context)
    return ask({
      ...(can.elicitation && { user_name: form('What is your name?', 'name') }),
      ...(can.sampling && { greeting: sample('Generate a greeting', 50) }),
    })
  },
  test_missing_capability: (context) => {
    if (capabilities(context).sampling) return done('The client can sample.')
    throw new MissingRequiredClientCapabilityError({ requiredCapabilities: { sampling: {} } })
  },
  test_streaming_elicitation: async (context) => {
    await context.mcpReq.notify({
      method: 'notifications/progress',
      params: { progressToken: progressToken(context), progress: 1 },
    })
    return ask({ user_name: form('What is your name?', 'name') })
  },
  test_sampling: async (context, { prompt }) => {
    const answer = await context.mcpReq.requestSampling({
      messages: [{ role: 'user', content: { type: 'text', text: String(prompt) } }],
      maxTokens: 100,
    })
    return done(`LLM response: ${JSON.stringify(answer.content)}`)
  },
  test_elicitation: async (context, { message }) => {
    const properties = { username: { type: 'string' }, email: { type: 'string' } } as const
    return await elicit(context, 'User response', String(message), { properties, required: ['username', 'email'] })
  },
  test_elicitation_sep1034_defaults: async (context) =>
    await elicit(context, 'Elicitation completed', 'Check the values.', {
      properties: {
        name: { type: 'string', default: 'John Doe' },
        age: { type: 'integer', default: 30 },
        score: { type: 'number', default: 95.5 },
        status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
        verified: { type: 'boolean', default: true },
      },
    }),
  test_elicitation_sep1330_enums: async (context) =>
    await elicit(context, 'Elicitation completed', 'Choose.', {
      properties: {
        untitledSingle: { type: 'string', enum: ['option1', 'option2', 'option3'] },
        titledSingle: { type: 'string', oneOf: titled('value1', 'value2', 'value3') },
        legacyEnum: {
          type: 'string',
          enum: ['opt1', 'opt2', 'opt3'],
          enumNames: ['Option One', 'Option Two', 'Option Three'],
        },
        untitledMulti: { type: 'array', items: { type: 'string', enum: ['option1', 'option2', 'option3'] } },
        titledMulti: { type: 'array', items: { anyOf: titled('value1', 'value2', 'value3') } },
      },
    }),
}

export function ask(inputRequests: InputRequests, requestState?: string): InputRequiredResult {
  return { resultType: 'input_required', inputRequests, ...(requestState !== undefined && { requestState }) }
}

export function form(message: string, field: string): InputRequests[string] {
  const requestedSchema = {
    type: 'object' as const,
    properties: { [field]: { type: 'string' as const } },
    required: [field],
  }
  return { method: 'elicitation/create', params: { message, requestedSchema } }
}

export function accepted(context: ServerContext, key: string): Readonly<Record<string, unknown>> | undefined {
  const view = inputResponse(context.mcpReq.inputResponses, key)
  return view.kind === 'elicit' && view.action === 'accept' ? view.content : undefined
}

export function progressToken(context: ServerContext): string | number {
  return context.mcpReq._meta?.progressToken ?? 0
}

/** Asks one round after the other; the signed state says which round an answer belongs to. */
async function rounds(context: ServerContext, questions: readonly InputRequests[], end: string): Promise<Answered> {
  const sealed = context.mcpReq.requestState<string>()
  const step = sealed === undefined ? 0 : (await opened(sealed, context)).step
  const asked = step === 0 ? undefined : questions[step - 1]
  const answered = asked !== undefined && Object.keys(asked).every((key) => responded(context, key))
  const next = answered ? step : Math.max(0, step - 1)
  const question = questions[next]
  return question === undefined ? done(end) : ask(question, await states.mint({ step: next + 1 }, context))
}

async function opened(sealed: string, context: ServerContext): Promise<Step> {
  try {
    return await states.verify(sealed, context)
  } catch {
    throw new ProtocolError(-32602, 'The requestState is not one that this server made.')
  }
}

async function elicit(context: ServerContext, prefix: string, message: string, schema: object): Promise<CallToolResult> {
  const requestedSchema = { type: 'object', ...schema } as never
  const { action, content } = await context.mcpReq.elicitInput({ message, requestedSchema })
  return done(`${prefix}: action=${action}, content=${JSON.stringify(content ?? {})}`)
}

function responded(context: ServerContext, key: string): boolean {
  return inputResponse(context.mcpReq.inputResponses, key).kind !== 'missing'
}

function capabilities(context: ServerContext): ClientCapabilities {
  const envelope = context.mcpReq.envelope as Readonly<Record<string, ClientCapabilities>> | undefined
  return envelope?.[CLIENT_CAPABILITIES_META_KEY] ?? {}
}

function sample(words: string, maxTokens: number): InputRequests[string] {
  return {
    method: 'sampling/createMessage',
    params: { messages: [{ role: 'user', content: { type: 'text', text: words } }], maxTokens },
  }
}

function titled(...values: readonly string[]): readonly { readonly const: string; readonly title: string }[] {
  return values.map((value) => ({ const: value, title: `Title of ${value}` }))
}

const roots: InputRequests[string] = { method: 'roots/list', params: {} }
const confirmation: InputRequests[string] = {
  method: 'elicitation/create',
  params: {
    message: 'Please confirm',
    requestedSchema: { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] },
  },
}
