// One autolaunched flow: it opens a case for the onboarding of an account.
// https://developer.salesforce.com/docs/atlas.en-us.api_action.meta/api_action/actions_obj_flow.htm
import type { JsonObject, SandboxRequest, SandboxResponse } from 'toolgate/kit'
import { recordId, toLongId } from '../identifiers.ts'
import { Refusal } from './refusal.ts'
import { createRow } from './rows.ts'
import { objectCalled } from './schema.ts'
import type { Place } from './store.ts'
import { find } from './store.ts'

const name = 'Open_Onboarding'
const inputs = [
  { name: 'accountId', type: 'STRING', required: true },
  { name: 'note', type: 'STRING', required: false },
  { name: 'urgent', type: 'BOOLEAN', required: false },
  { name: 'operationId', type: 'STRING', required: false },
] as const

export function flow(place: Omit<Place, 'object'>, called: string, request: SandboxRequest): SandboxResponse {
  if (called !== name) throw new Refusal(404, 'NOT_FOUND', 'The requested resource does not exist')
  if (request.method === 'GET') return { status: 200, body: definition() }
  if (request.method !== 'POST')
    throw new Refusal(405, 'METHOD_NOT_ALLOWED', `HTTP Method '${request.method}' not allowed. Allowed are HEAD,GET,POST`)
  const given = inputsOf(request.body)
  const wrong = problemOf(given)
  if (wrong !== undefined) return failed(wrong)
  const object = objectCalled('Account')
  const account = recordId.safeParse(given['accountId'])
  const found = object && account.success ? find(place.state, object, toLongId(account.data)) : undefined
  if (!found || found['IsDeleted'] === true)
    return failed('The flow failed to access the value for Account.Name because it hasn’t been set or assigned.')
  const values = {
    Subject: `Onboarding: ${String(found['Name'])}`,
    AccountId: String(found['Id']),
    Priority: given['urgent'] === true ? 'High' : 'Medium',
    ...(typeof given['note'] === 'string' && { Description: given['note'] }),
    ...(typeof given['operationId'] === 'string' && { MCP_Idem__c: given['operationId'] }),
  }
  const target = objectCalled('Case')
  if (!target) throw new Error('The org has no cases.')
  const made = createRow({ ...place, object: target }, { ...request, body: JSON.stringify(values) }).body as {
    readonly id: string
  }
  const outputValues = { Flow__InterviewStatus: 'Finished', caseId: made.id }
  return { status: 200, body: [{ actionName: name, errors: null, isSuccess: true, outputValues }] }
}

function definition(): JsonObject {
  return {
    name,
    label: 'Open onboarding',
    type: 'FLOW',
    inputs: inputs.map((one) => ({
      ...one,
      label: one.name,
      description: null,
      maxOccurs: 1,
      byteLength: 0,
      sobjectType: null,
    })),
    outputs: [{ name: 'caseId', type: 'STRING', label: 'caseId', description: null, maxOccurs: 1 }],
  }
}

function problemOf(given: Readonly<Record<string, unknown>>): string | undefined {
  for (const [input, value] of Object.entries(given)) {
    const known = inputs.find((one) => one.name === input)
    if (!known) return `The input parameter ${input} isn't valid.`
    if (typeof value !== (known.type === 'BOOLEAN' ? 'boolean' : 'string'))
      return `The input parameter ${input} has the wrong type.`
  }
  const lacking = inputs.find((one) => one.required && given[one.name] === undefined)
  return lacking && `Missing required input parameter: ${lacking.name}`
}

function failed(message: string): SandboxResponse {
  const errors = [{ statusCode: 'INVALID_ARGUMENT_TYPE', message, fields: [] }]
  return { status: 400, body: [{ actionName: name, errors, isSuccess: false, outputValues: null }] }
}

function inputsOf(body: string): Readonly<Record<string, unknown>> {
  try {
    const { inputs: list } = JSON.parse(body) as { readonly inputs?: readonly Record<string, unknown>[] }
    if (Array.isArray(list) && list.length === 1 && typeof list[0] === 'object') return list[0]
  } catch {
    // Answered below.
  }
  throw new Refusal(400, 'JSON_PARSER_ERROR', 'This sandbox runs a flow once, with { "inputs": [{ … }] }.')
}
