// Outside arguments become a parsed input, or a sentence that says which of them is wrong.
import type { z } from 'zod'
import { textHash } from '../kit/chain.ts'
import { HubError } from '../kit/error.ts'
import { canonical } from '../kit/json.ts'
import type { Json, JsonObject } from '../kit/json.ts'
import type { Tool } from '../kit/tool.ts'
import type { Offer, Services } from './call.ts'

/** One call as it is meant: the tool's own input apart from what the hub adds. */
export interface Asked {
  /** After the tool's schema: defaults filled in. */
  readonly input: unknown
  /** The tool's own arguments as JSON: what rules see, what the repeat key and the audit are made of. */
  readonly args: JsonObject
  readonly argsDigest: string
  /** The length of their canonical text. */
  readonly argsBytes: number
  readonly dryRun: boolean
  readonly key: string | undefined
  readonly expectRev: string | undefined
}

const depthMax = 32
const bytesMax = 256 * 1024
const forbiddenKeys = new Set(['__proto__', 'constructor', 'prototype'])

/** @throws HubError `invalid_input`, naming every property that is wrong */
export function parseArguments(offer: Offer, given: unknown): Asked {
  const { tool } = offer
  const { own, ...hubs } = apart(tool, asObject(given ?? {}))
  const parsed = tool.input.safeParse(own) as z.ZodSafeParseResult<unknown>
  if (!parsed.success) throw new HubError('invalid_input', explain(parsed.error, tool, offer.name))
  const text = canonical(parsed.data)
  const args = JSON.parse(text) as JsonObject
  return { input: parsed.data, args, argsDigest: textHash(text), argsBytes: Buffer.byteLength(text), ...hubs }
}

/**
 * The arguments as an object that is safe to hash, walk and store. Its members are in the order in which it is stored: what is
 * planned now is planned again from there when it is approved, and must read the same.
 */
function asObject(given: unknown): Readonly<Record<string, unknown>> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new HubError('invalid_input', 'The arguments must be a JSON object.')
  }
  wholesome(given, 0)
  let text: string
  try {
    text = canonical(given)
  } catch (error) {
    throw new HubError(
      'invalid_input',
      'The arguments are not valid JSON text: they have a lone surrogate or a number without a value.',
      {
        cause: error,
      },
    )
  }
  if (Buffer.byteLength(text) > bytesMax) {
    throw new HubError('invalid_input', `The arguments are larger than ${bytesMax / 1024} KB. Send less at once.`)
  }
  return JSON.parse(text) as JsonObject
}

function wholesome(value: unknown, depth: number): void {
  if (depth > depthMax) throw new HubError('invalid_input', `The arguments are nested deeper than ${depthMax} levels.`)
  if (typeof value !== 'object' || value === null) return
  for (const key of Object.keys(value)) {
    if (forbiddenKeys.has(key)) throw new HubError('invalid_input', `A property may not be called ${key}.`)
    wholesome((value as Record<string, unknown>)[key], depth + 1)
  }
}

/** Takes out what the hub added to the tool's schema. A malformed flag never means "go ahead". */
function apart(tool: Tool, given: Readonly<Record<string, unknown>>) {
  if (tool.kind === 'read') return { own: given, dryRun: false, key: undefined, expectRev: undefined }
  const { dry_run: dryRun = false, idempotency_key: key, expect_rev: expectRev, ...own } = given
  if (typeof dryRun !== 'boolean') throw new HubError('invalid_input', 'dry_run must be true or false.')
  if (key !== undefined && !(typeof key === 'string' && /^[\x21-\x7e]{1,255}$/.test(key) && !key.startsWith('auto:'))) {
    throw new HubError(
      'invalid_input',
      'idempotency_key must be 1 to 255 visible ASCII characters without spaces, and may not begin with "auto:".',
    )
  }
  if (expectRev === undefined) return { own, dryRun, key, expectRev }
  if (!revises(tool))
    throw new HubError('invalid_input', 'expect_rev is not known here: this tool changes no existing record.')
  if (typeof expectRev !== 'string')
    throw new HubError('invalid_input', 'expect_rev must be the text that a read gave as rev.')
  return { own, dryRun, key, expectRev }
}

/** Whether it changes a record that is already there. */
export function revises(tool: Tool): boolean {
  return tool.kind === 'write' && (tool.verb === 'update' || tool.verb === 'delete')
}

function explain(error: z.ZodError, tool: Tool, name: string): string {
  const known = Object.keys(tool.input.shape as object)
  const sentences = error.issues.slice(0, 8).map((issue) => sentence(issue, known))
  return `${name} cannot take these arguments. ${sentences.join(' ')}`
}

function sentence(issue: z.core.$ZodIssue, known: readonly string[]): string {
  const at = issue.path.map(String).join('.')
  if (issue.code === 'unrecognized_keys') {
    const keys = issue.keys.map((key) => JSON.stringify(key)).join(', ')
    return at === '' ? `Unknown: ${keys}. It takes: ${known.join(', ') || 'nothing'}.` : `Unknown in ${at}: ${keys}.`
  }
  return `${at === '' ? 'The whole' : at}: ${issue.message}.`.replace(/\.\.$/, '.')
}

/**
 * A credential that the hub keeps is sent nowhere: taken out of it, a call would not be what was asked for.
 *
 * @throws HubError `forbidden`
 */
export function refuseSecrets({ args, key = '', expectRev = '' }: Asked, hub: Pick<Services, 'scrub'>): void {
  if ([args, key, expectRev].every((given) => hub.scrub<Json>(given) === given)) return
  throw new HubError(
    'forbidden',
    'Nothing was sent: the arguments hold a credential that this hub keeps. Take it out. Whoever runs the hub should replace it, since it is known elsewhere.',
  )
}
