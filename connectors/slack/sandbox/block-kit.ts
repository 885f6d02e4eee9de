// The stand-in's Block Kit: what Slack takes, and what it refuses. docs.slack.dev/reference/block-kit/blocks
import { z } from 'zod'
import { SlackRefusal } from './workspace.ts'

const plainText = (most: number) =>
  z.strictObject({ type: z.literal('plain_text'), text: z.string().min(1).max(most), emoji: z.boolean().optional() })
const markdown = z.strictObject({
  type: z.literal('mrkdwn'),
  text: z.string().min(1).max(3000),
  verbatim: z.boolean().optional(),
})
const blockId = z.string().max(255).optional()
const button = z.strictObject({
  type: z.literal('button'),
  text: plainText(75),
  action_id: z.string().max(255).optional(),
  value: z.string().max(2000).optional(),
  url: z.url().max(3000).optional(),
  style: z.enum(['primary', 'danger']).optional(),
})
const preformatted = z.strictObject({
  type: z.literal('rich_text_preformatted'),
  elements: z.array(z.strictObject({ type: z.literal('text'), text: z.string().min(1) })).min(1),
  border: z.number().optional(),
})
const input = z.strictObject({
  type: z.literal('plain_text_input'),
  action_id: z.string().max(255),
  multiline: z.boolean().optional(),
  max_length: z.int().min(1).max(3000).optional(),
})
/** The blocks that the stand-in knows; Slack has more. */
const block = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('header'), text: plainText(150), block_id: blockId }),
  z.strictObject({ type: z.literal('section'), text: z.union([plainText(3000), markdown]), block_id: blockId }),
  z.strictObject({ type: z.literal('actions'), elements: z.array(button).min(1).max(25), block_id: blockId }),
  z.strictObject({ type: z.literal('rich_text'), elements: z.array(preformatted).min(1), block_id: blockId }),
  z.strictObject({ type: z.literal('divider'), block_id: blockId }),
  z.strictObject({
    type: z.literal('input'),
    label: plainText(2000),
    element: input,
    optional: z.boolean().optional(),
    block_id: blockId,
  }),
])
const inMessage = z.array(block.refine(({ type }) => type !== 'input')).max(50)
export const modal = z.strictObject({
  type: z.literal('modal'),
  title: plainText(24),
  submit: plainText(24).optional(),
  close: plainText(24).optional(),
  callback_id: z.string().max(255).optional(),
  private_metadata: z.string().max(3000).optional(),
  blocks: z.array(block).max(100),
})

/** The error of Slack for blocks that it does not take. */
export function checkBlocks(text: string | undefined): void {
  if (text === undefined || text === '') return
  if (!inMessage.safeParse(parsed(text)).success) throw new SlackRefusal('invalid_blocks')
}

/** What it parses to; undefined for what is not JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
