// A tool and an answer as MCP clients see them.
import type { CallToolResult, Tool as WireTool } from '@modelcontextprotocol/server'
import { z } from 'zod'
import type { JsonObject } from '../kit/json.ts'
import { revises } from './arguments.ts'
import type { Answer, Offer, PlanView } from './call.ts'
import { wireSchema } from './wire-schema.ts'

/**
 * One small schema for every tool: a full one per tool costs a model hundreds of tokens, and breaks on a masked field. It is
 * open; `Answer` has all that there may be beside these.
 */
export const answerSchema = {
  type: 'object',
  properties: {
    status: { enum: ['done', 'previewed', 'held', 'denied', 'failed', 'unknown'] },
    message: { type: 'string' },
  },
  required: ['status', 'message'],
} as const satisfies WireTool['outputSchema']

/** Made once for each version of the configuration. */
export function wireTool(offer: Offer): WireTool {
  const { tool, name } = offer
  return {
    name,
    title: tool.title,
    description: tool.description,
    inputSchema: inputSchema(offer) as WireTool['inputSchema'],
    outputSchema: answerSchema,
    annotations: hints(offer),
  }
}

/** Where a result carries its signed receipt. */
const receiptName = 'toolgate/receipt'

/** A refusal is a result that the agent can act on, never an error of the protocol. */
export function wireAnswer(answer: Answer, receipt?: object): CallToolResult {
  return {
    ...(receipt && { _meta: { [receiptName]: receipt } }),
    content: [{ type: 'text', text: textOf(answer) }],
    structuredContent: { ...answer },
    isError: answer.status === 'denied' || answer.status === 'failed' || answer.status === 'unknown',
  }
}

/** The same as the structure, in words. */
export function textOf(answer: Answer): string {
  const lines = [`${answer.status.toUpperCase()}: ${answer.message}`]
  if (answer.plan) lines.push(...planLines(answer.plan))
  if (answer.approval)
    lines.push(`Approvers: ${answer.approval.approvers.join(' and ')}. Until: ${answer.approval.expires_at}.`)
  if (answer.operation_id !== undefined) lines.push(`Operation: ${answer.operation_id}`)
  if (answer.masked) lines.push(`Hidden by policy: ${answer.masked.join(', ')}`)
  if (answer.notes) lines.push(...answer.notes)
  if (answer.result) lines.push(JSON.stringify(answer.result))
  return lines.join('\n')
}

function planLines(plan: PlanView): string[] {
  const { audience } = plan
  const people = audience.people === 'unknown' ? 'an unknown number of people' : `${audience.people} people`
  const outside = audience.external ? ', some of them outside the company' : ''
  return [
    // Quoted, since it quotes the record: a line of somebody's ticket is no line of ours.
    `Plan: ${JSON.stringify(plan.summary)}`,
    ...plan.effects.flatMap((effect) => [
      oneLine(`${effect.verb} ${effect.target}`),
      ...changeLines(effect.before, effect.after),
    ]),
    ...(plan.account === undefined ? [] : [`As: ${JSON.stringify(plan.account)}`]),
    `Seen by: ${oneLine(audience.where)} (${people}${outside}${audience.massMention ? '; mentions everybody' : ''})`,
    `Checked: ${plan.fidelity}. Undo: ${plan.undo}.${plan.rev === undefined ? '' : ` Rev: ${plan.rev}.`}`,
    ...plan.warnings.map((warning) => `Warning: ${oneLine(warning)}`),
  ]
}

function changeLines(before: PlanView['effects'][number]['before'], after: PlanView['effects'][number]['after']): string[] {
  const fields = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  return fields.map((field) => `  ${field}: ${spoken(before[field])} → ${spoken(after[field])}`)
}

function oneLine(text: string): string {
  return text.replaceAll(/[\r\n\u2028\u2029]+/g, ' ')
}

function spoken(value: unknown): string {
  return value === undefined ? '(nothing)' : JSON.stringify(value)
}

/** Only what differs from what the protocol takes for granted, or says something of a tool that writes. */
function hints({ tool, facts }: Offer) {
  return {
    readOnlyHint: tool.kind === 'read',
    ...(tool.kind === 'write' && { destructiveHint: tool.class === 'D' || tool.class === 'X' }),
    ...(tool.class === 'D' && { idempotentHint: true }),
    ...(facts.connector === 'hub' && { openWorldHint: false }),
  }
}

function inputSchema({ tool }: Offer) {
  const schema = wireSchema(z.toJSONSchema(tool.input, { io: 'input' }) as JsonObject)
  if (tool.kind === 'read') return schema
  return { ...schema, properties: { ...(schema['properties'] as JsonObject), ...hubProperties(revises(tool)) } }
}

/** What the hub adds to every write; its instructions say more. */
function hubProperties(withRev: boolean) {
  return {
    dry_run: { type: 'boolean', description: 'Only preview' },
    idempotency_key: { type: 'string', description: 'Your own; never done twice with it' },
    ...(withRev && { expect_rev: { type: 'string', description: 'The rev you read' } }),
  }
}
