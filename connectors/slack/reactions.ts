// What the two tools for reactions share.
import { z } from 'zod'
import { channelInput, emojiInput, timestampInput } from './fields.ts'

export const reactionScopes = [
  'reactions:write',
  'channels:read',
  'channels:history',
  'groups:read',
  'groups:history',
  'users:read',
] as const
export const reactionInput = z.strictObject({ channel: channelInput, ts: timestampInput, emoji: emojiInput })
export const reactionOutput = z.strictObject({
  channel_id: z.string(),
  ts: z.string(),
  emoji: z.string(),
  note: z.string().optional(),
})

export interface Reaction {
  readonly [key: string]: string | boolean
  readonly channel: string
  readonly ts: string
  readonly emoji: string
  /** False where the plan found it as asked for. */
  readonly changes: boolean
}
