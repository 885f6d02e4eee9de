// The stand-in's modals, and messages that one person sees.
// docs.slack.dev/reference/methods/views.open, /reference/methods/chat.postEphemeral
import type { JsonObject } from 'toolgate/kit'
import { checkBlocks, modal, parsed } from './block-kit.ts'
import { postable } from './chat.ts'
import { SlackRefusal, isMember, ok, userOf } from './workspace.ts'
import type { Asked } from './workspace.ts'

export function viewsOpen({ arguments: given, state, now }: Asked): JsonObject {
  const trigger = given.get('trigger_id') ?? ''
  if (trigger === '') throw new SlackRefusal('invalid_arguments')
  if (!/^\d{6,}\.\d{6,}\.[0-9a-f]{32}$/.test(trigger)) throw new SlackRefusal('invalid_trigger_id')
  const view = modal.safeParse(parsed(given.get('view') ?? ''))
  if (!view.success) throw new SlackRefusal('invalid_arguments')
  // A trigger is good for one exchange.
  if (state.get('trigger', trigger) !== undefined) throw new SlackRefusal('exchanged_trigger_id')
  state.put('trigger', trigger, { at: now.toISOString() })
  const id = `V${String(state.next('view')).padStart(10, '0')}`
  state.put('view', id, view.data as unknown as JsonObject)
  return ok({ view: { id, type: 'modal', callback_id: view.data.callback_id ?? '' } })
}

export function chatPostEphemeral(asked: Asked): JsonObject {
  const { arguments: given, state, now } = asked
  const channel = postable(asked)
  const user = userOf(state, given.get('user') ?? '')
  if (user === undefined || !isMember(channel, user)) throw new SlackRefusal('user_not_in_channel')
  if ((given.get('text') ?? '') === '') throw new SlackRefusal('no_text')
  checkBlocks(given.get('blocks'))
  return ok({ message_ts: `${Math.floor(now.getTime() / 1000)}.${String(state.next('ts') % 1_000_000).padStart(6, '0')}` })
}
