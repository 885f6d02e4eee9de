// Runs one of the org's flows that the configuration allows.
import { HubError, cutText, visibleText, writeTool } from 'toolgate/kit'
import type { Asks, JsonObject, Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { settlesMs } from '../evidence.ts'
import { apiName } from '../identifiers.ts'
import type { FlowDefinition, Salesforce } from '../salesforce.ts'
import { exampleIds } from '../sandbox/examples.ts'
import { untrusted } from '../select.ts'
import { flowName } from '../settings.ts'

const longest = 4_000

interface Request {
  readonly flow: string
  readonly inputs: JsonObject
  /** The input that takes the operation's id, and the object on which the flow leaves it; null where it leaves none. */
  readonly trace: { readonly input: string; readonly object: string; readonly field: string } | null
  readonly [key: string]: string | JsonObject | null
}

const input = z.union([z.string().max(longest), z.number(), z.boolean()])

export const flowRun = writeTool({
  name: 'flow_run',
  title: 'Salesforce: run flow',
  description:
    'Runs one autolaunched Salesforce flow by its API name, one of those that the configuration allows, with its input variables. What it does is decided in the org: it cannot be previewed further, nor taken back.',
  class: 'W3',
  default: 'on',
  verb: 'run',
  scopes: ['api', 'Run Flows, or access to the flow'],
  resolves: ['sf.flow', 'sf.object'],
  routes: ['POST /services/data/{version}/actions/custom/flow/{flow}'],
  changes: ['Flow', 'Inputs'],
  input: z.strictObject({ flow: flowName, inputs: z.record(apiName, input).default({}) }),
  output: z.strictObject({ flow: z.string(), outputs: z.record(z.string(), z.json()), content_trust: untrusted }),
  example: { flow: 'Open_Onboarding', inputs: { accountId: exampleIds.account, note: 'Fourteen sites, first in May' } },
  async plan({ flow, inputs: given }, context: Reads<Salesforce>) {
    const { vendor } = context
    context.admit({ 'sf.flow': flow })
    const allowed = vendor.allowedFlow(flow)
    if (!allowed)
      throw new HubError(
        'not_found',
        'There is no such flow, or the configuration does not allow it. Whoever runs the hub can add it to `flows`.',
      )
    const { operation_input: operationInput, leaves_on: object } = allowed
    const definition = await vendor.flowOf(flow)
    const inputs = checked(definition, given, operationInput)
    const field = vendor.idempotencyField
    const traced = operationInput !== undefined && object !== undefined && field !== undefined
    const request: Request = {
      flow,
      inputs,
      trace:
        operationInput === undefined
          ? null
          : { input: operationInput, object: traced ? object : '', field: traced ? field : '' },
    }
    return {
      summary: `Run the flow “${cutText(visibleText(definition.label), 120).text}”.`,
      effects: [
        {
          verb: 'run' as const,
          target: `sf:flow/${flow}`,
          // Which records it changes is decided in the org, so that no rule on objects can speak for it.
          resources: { 'sf.flow': flow },
          before: {},
          after: { Flow: flow, Inputs: inputs },
        },
      ],
      // Nobody but the flow knows whom it tells.
      audience: {
        external: true,
        people: 'unknown' as const,
        massMention: false,
        where: 'whoever the flow tells; it may write to customers',
      },
      fidelity: 'local' as const,
      undo: 'none' as const,
      warnings: [
        'What the flow changes, and whom it tells, is decided in Salesforce and not known before.',
        ...(traced ? [] : ['If the answer is lost, nobody can tell from Salesforce whether it ran.']),
      ],
      request,
    }
  },
  async apply({ flow, inputs, trace }: Request, { vendor, operationId }: Writes<Salesforce>) {
    const outputs = await vendor.write.runFlow(flow, trace ? { ...inputs, [trace.input]: operationId } : inputs)
    return {
      flow,
      outputs: structuredClone(presented(outputs)) as Record<string, z.core.util.JSONType>,
      content_trust: 'untrusted' as const,
    }
  },
  settlesMs,
  async reconcile({ flow, trace }: Request, { vendor, operationId }: Asks<Salesforce>) {
    // Another flow or a person may have made the same records: without the operation's id there is no evidence.
    if (!trace || trace.object === '') return { verdict: 'unclear' as const }
    const found = await vendor.count(`SELECT COUNT() FROM ${trace.object} WHERE ${trace.field} = '${operationId}'`)
    if (found === 0) return { verdict: 'absent' as const }
    return { verdict: 'happened' as const, output: { flow, outputs: {}, content_trust: 'untrusted' as const } }
  },
})

/** By what Salesforce says of the flow's input variables. */
function checked(
  { inputs: known }: FlowDefinition,
  given: Readonly<Record<string, string | number | boolean>>,
  reserved: string | undefined,
): JsonObject {
  const open = known.filter(({ name }) => name !== reserved)
  const checkedInputs: Record<string, string | number | boolean> = {}
  for (const [name, value] of Object.entries(given)) {
    const variable = open.find((one) => one.name === name)
    if (!variable)
      throw new HubError(
        'invalid_input',
        `This flow has no input ${name}. It has: ${open.map((one) => one.name).join(', ') || 'none'}.`,
      )
    const type = /^(?:BOOLEAN)$/i.test(variable.type)
      ? 'boolean'
      : /^(?:NUMBER|CURRENCY|DOUBLE|INTEGER|LONG)$/i.test(variable.type)
        ? 'number'
        : 'string'
    if (typeof value !== type) throw new HubError('invalid_input', `The input ${name} of this flow is a ${type}.`)
    checkedInputs[name] = typeof value === 'string' ? visibleText(value) : value
  }
  const lacking = open.filter(({ name, required }) => required && checkedInputs[name] === undefined).map(({ name }) => name)
  if (lacking.length > 0) throw new HubError('invalid_input', `This flow also needs: ${lacking.join(', ')}.`)
  return checkedInputs
}

function presented(value: unknown): JsonObject {
  return Object.fromEntries(
    Object.entries(value as JsonObject).flatMap(([name, one]) => (one === null ? [] : [[name, shown(one)]])),
  )
}

function shown(value: unknown): JsonObject[string] {
  if (typeof value === 'string') return cutText(visibleText(value), longest).text
  if (Array.isArray(value)) return value.slice(0, 100).map(shown)
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value)
        .filter(([name]) => name !== 'attributes')
        .map(([name, one]) => [name, shown(one)]),
    )
  return value as number | boolean | null
}
