// What changes something in Slack; each message carries the operation that made it.
import type { ChatUpdateArguments, WebClient } from '@slack/web-api'
import { HubError } from 'toolgate/kit'
import * as answers from './answers.ts'
import type { Ask } from './memory.ts'
import { isSlackError } from './errors.ts'
import { operationEvent } from './answers.ts'
import type { SlackWrites } from './slack.ts'

export function writes(client: WebClient, ask: Ask): Omit<SlackWrites, 'upload' | 'deleteFile'> {
  return { ...messages(client, ask), ...reactions(client, ask), ...conversations(client, ask) }
}

function messages(client: WebClient, ask: Ask): Pick<SlackWrites, 'send' | 'update' | 'remove' | 'schedule' | 'unschedule'> {
  return {
    async send({ channel, text, thread_ts, unfurl_links, unfurl_media }, operationId) {
      const message = { channel, text, unfurl_links, unfurl_media, metadata: metadata({ operation: operationId }) }
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- Slack's method, not a window's
      const answer = await ask(client.chat.postMessage(thread_ts === undefined ? message : { ...message, thread_ts }))
      const sent = answers.one(answers.sent, answer)
      requireSame({ channel }, sent)
      return sent
    },
    async update({ channel, ts, text }, { operation, update }) {
      const tag = metadata(operation === undefined ? { update } : { operation, update })
      // Unlike a post, an update without `parse` looks for names and links in the text.
      // docs.slack.dev/reference/methods/chat.update
      const message: ChatUpdateArguments = { channel, ts, text, parse: 'none', link_names: false, metadata: tag }
      const updated = answers.one(answers.updated, await ask(client.chat.update(message)))
      requireSame({ channel, ts }, updated)
      return updated.text
    },
    async remove({ channel, ts }) {
      await ask(client.chat.delete({ channel, ts }))
    },
    async schedule({ channel, text, unfurl_links, unfurl_media }, postAt) {
      // Without metadata: a scheduled message that has any is never posted.
      // docs.slack.dev/reference/methods/chat.scheduleMessage
      const message = { channel, text, unfurl_links, unfurl_media, post_at: postAt }
      const scheduled = answers.one(answers.scheduledAnswer, await ask(client.chat.scheduleMessage(message)))
      requireSame({ channel }, scheduled)
      return scheduled
    },
    async unschedule({ channel, id }) {
      await ask(client.chat.deleteScheduledMessage({ channel, scheduled_message_id: id }))
    },
  }
}

function reactions(client: WebClient, ask: Ask): Pick<SlackWrites, 'react' | 'unreact'> {
  return {
    async react({ channel, ts, emoji }) {
      const request = ask(client.reactions.add({ channel, timestamp: ts, name: emoji }))
      return (await unlessSaid('already_reacted', request)) ? 'added' : 'already'
    },
    async unreact({ channel, ts, emoji }) {
      const request = ask(client.reactions.remove({ channel, timestamp: ts, name: emoji }))
      return (await unlessSaid('no_reaction', request)) ? 'removed' : 'absent'
    },
  }
}

function conversations(
  client: WebClient,
  ask: Ask,
): Pick<SlackWrites, 'openDirect' | 'createChannel' | 'invite' | 'archive' | 'setTopic'> {
  return {
    async openDirect(users) {
      return answers.one(answers.madeChannel, await ask(client.conversations.open({ users: users.join(',') }))).channel.id
    },
    async createChannel({ name, private: isPrivate }) {
      const answer = await ask(client.conversations.create({ name, is_private: isPrivate }))
      return answers.one(answers.madeChannel, answer).channel.id
    },
    async invite(channel, users) {
      await ask(client.conversations.invite({ channel, users: users.join(',') }))
    },
    async archive(channel) {
      await ask(client.conversations.archive({ channel }))
    },
    async setTopic(channel, topic) {
      await ask(client.conversations.setTopic({ channel, topic }))
    },
  }
}

/**
 * What Slack says that it changed is what it was asked to change.
 *
 * @throws HubError `bad_response` when it names something else: nobody knows then what became of ours
 */
function requireSame(asked: Named, { channel, ts }: Named): void {
  const same = (channel ?? asked.channel) === asked.channel && (asked.ts === undefined || (ts ?? asked.ts) === asked.ts)
  if (!same) throw new HubError('bad_response', 'Slack answered for another message than the one it was asked for.')
}

interface Named {
  readonly channel?: string | undefined
  readonly ts?: string | undefined
}

/** False where Slack said that nothing was left to do. */
async function unlessSaid(name: string, request: Promise<unknown>): Promise<boolean> {
  try {
    await request
    return true
  } catch (error) {
    if (isSlackError(error, name)) return false
    throw error
  }
}

function metadata(payload: { readonly operation?: string; readonly update?: string }) {
  return { event_type: operationEvent, event_payload: { ...payload } }
}
