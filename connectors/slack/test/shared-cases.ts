// What the connector promises of Slack, asked alike of our sandbox and of an emulator that others wrote.
import type { Json, JsonObject } from 'toolgate/kit'
import { expect } from 'vitest'
import { applied, look, missing, nowhere, outgoing, planned, rawText, refused, said, toolNamed, wordOf } from './world.ts'
import type { Case } from './world.ts'

export const readingAndPosting: readonly Case[] = [
  {
    name: 'channel_get reads a channel by its id',
    async run(world) {
      const { support } = world.channels
      expect(await look(world, 'channel_get', { channel: support })).toMatchObject({
        id: support,
        type: 'public',
        is_member: true,
      })
    },
  },
  {
    name: 'channel_get finds a channel by its exact name and gives its id',
    async run(world) {
      const found = await look(world, 'channel_get', { channel: `#${world.names.support}` })
      expect(found).toMatchObject({ id: world.channels.support, name: world.names.support })
    },
  },
  {
    name: 'a name with a look-alike letter is another channel',
    async run(world) {
      const cyrillic = world.names.support.replace('o', 'о')
      expect(cyrillic).not.toBe(world.names.support)
      await refused(look(world, 'channel_get', { channel: `#${cyrillic}` }), 'not_found')
    },
  },
  {
    name: 'a private channel without the app is not found by its name',
    run: (world) => refused(look(world, 'channel_get', { channel: `#${world.names.secret}` }), 'not_found'),
  },
  {
    name: 'a private channel without the app is not found by its id',
    run: (world) => refused(look(world, 'channel_get', { channel: world.channels.secret }), 'not_found'),
    emulator: {
      wrong:
        'conversations.info says not_in_channel of a private channel, and so that it exists; Slack says channel_not_found.',
      async shows(world) {
        expect(await world.ask('conversations.info', { channel: world.channels.secret })).toMatchObject({
          error: 'not_in_channel',
        })
      },
    },
  },
  {
    name: 'channel_list gives the channels that the app is in',
    async run(world) {
      const { channels } = await look(world, 'channel_list', {})
      expect(channels).toContainEqual(expect.objectContaining({ id: world.channels.support, is_member: true }))
      expect(idsOf(channels)).not.toContain(world.channels.random)
    },
    emulator: {
      wrong: 'users.conversations answers 404.',
      shows: (world) => missing(world, 'users.conversations'),
    },
  },
  {
    name: 'channel_list gives every public channel once, a page at a time',
    async run(world) {
      const seen: string[] = []
      let cursor: string | undefined
      do {
        const asked = { member_only: false, limit: 2, ...(cursor === undefined ? {} : { cursor }) }
        const page = await look(world, 'channel_list', asked)
        expect((page['channels'] as Json[]).length).toBeLessThanOrEqual(2)
        seen.push(...idsOf(page['channels']))
        cursor = page['next_cursor'] as string | undefined
      } while (cursor !== undefined)
      expect(new Set(seen).size).toBe(seen.length)
      expect(seen).toEqual(expect.arrayContaining([world.channels.support, world.channels.random, world.channels.archive]))
      expect(seen).not.toContain(world.channels.secret)
    },
  },
  {
    name: 'history_read gives the newest first and leaves replies to thread_read',
    async run(world) {
      const first = await said(world, 'maya', 'first of two')
      await said(world, 'maya', 'a reply', first)
      const second = await said(world, 'maya', 'second of two')
      const { messages } = await look(world, 'history_read', { channel: world.channels.support, limit: 2 })
      expect(messages).toMatchObject([
        { ts: second, text: 'second of two' },
        { ts: first, text: 'first of two', replies: 1 },
      ])
    },
  },
  {
    name: 'history_read goes on where the page before ended',
    async run(world) {
      for (const text of ['page one', 'page two', 'page three']) await said(world, 'maya', text)
      const first = await look(world, 'history_read', { channel: world.channels.support, limit: 2 })
      const second = await look(world, 'history_read', {
        channel: world.channels.support,
        limit: 1,
        cursor: first['next_cursor'],
      })
      expect(textsOf(first['messages'])).toEqual(['page three', 'page two'])
      expect(textsOf(second['messages'])).toEqual(['page one'])
    },
  },
  {
    name: 'history_read keeps to the time that was asked for',
    async run(world) {
      const from = await said(world, 'maya', 'in time')
      await said(world, 'maya', 'too late')
      const { messages } = await look(world, 'history_read', { channel: world.channels.support, since: from, until: from })
      expect(textsOf(messages)).toEqual(['in time'])
    },
    emulator: {
      wrong: 'conversations.history ignores oldest, latest and inclusive.',
      async shows(world) {
        await said(world, 'maya', 'now')
        const { messages } = await world.ask('conversations.history', {
          channel: world.channels.support,
          latest: '1000000000.000000',
        })
        expect(messages).not.toEqual([])
      },
    },
  },
  {
    name: 'history_read names the author and marks the text as untrusted',
    async run(world) {
      await said(world, 'maya', 'who wrote this')
      const answer = await look(world, 'history_read', { channel: world.channels.support, limit: 1 })
      expect(answer).toMatchObject({
        content_trust: 'untrusted',
        messages: [{ channel_id: world.channels.support, from: { id: world.people.maya, name: 'Maya Okafor' } }],
      })
    },
  },
  {
    name: 'thread_read gives the first message, then its replies, oldest first',
    async run(world) {
      const parent = await said(world, 'maya', 'parent')
      await said(world, 'maya', 'reply one', parent)
      await said(world, 'app', 'reply two', parent)
      const { messages } = await look(world, 'thread_read', { channel: world.channels.support, thread_ts: parent })
      expect(textsOf(messages)).toEqual(['parent', 'reply one', 'reply two'])
    },
  },
  {
    name: 'a thread that does not exist is not found',
    run: (world) =>
      refused(look(world, 'thread_read', { channel: world.channels.support, thread_ts: nowhere }), 'not_found'),
  },
  {
    name: 'message_get reads a reply by its address',
    async run(world) {
      const parent = await said(world, 'maya', 'parent')
      const ts = await said(world, 'maya', 'the reply', parent)
      const { permalink } = await look(world, 'message_get', { channel: world.channels.support, ts })
      expect(permalink).toMatch(/^https:\/\/larkfield\.slack\.com\/archives\//)
      const answer = await look(world, 'message_get', { permalink })
      expect(answer).toMatchObject({ message: { ts, thread_ts: parent, text: 'the reply' } })
    },
  },
  {
    name: 'message_get gives the address that Slack gives',
    async run(world) {
      const parent = await said(world, 'maya', 'a parent')
      for (const ts of [parent, await said(world, 'maya', 'a reply', parent)]) {
        const address = await world.ask('chat.getPermalink', { channel: world.channels.support, message_ts: ts })
        const answer = await look(world, 'message_get', { channel: world.channels.support, ts })
        expect(answer['permalink']).toBe(address['permalink'])
      }
    },
    emulator: {
      wrong:
        'chat.getPermalink gives addresses of the emulator itself, while auth.test says that the workspace is elsewhere.',
      async shows(world) {
        const ts = await said(world, 'maya', 'a message')
        const { permalink } = await world.ask('chat.getPermalink', { channel: world.channels.support, message_ts: ts })
        const { url } = await world.ask('auth.test', {})
        expect(wordOf(permalink).startsWith(wordOf(url))).toBe(false)
      },
    },
  },
  {
    name: 'user_find finds people by a part of their name',
    async run(world) {
      const { people } = await look(world, 'user_find', { query: 'okaf' })
      expect(people).toMatchObject([{ id: world.people.maya, name: 'Maya Okafor', is_bot: false, is_external: false }])
    },
  },
  {
    name: 'user_find finds a person by e-mail address, and nobody by an unknown one',
    async run(world) {
      const known = await look(world, 'user_find', { query: 'maya.okafor@larkfield.example' })
      const unknown = await look(world, 'user_find', { query: 'nobody@larkfield.example' })
      expect(idsOf(known['people'])).toEqual([world.people.maya])
      expect(unknown['people']).toEqual([])
    },
  },
  {
    name: 'user_find finds a person by id, and nobody by an unknown one',
    async run(world) {
      expect(idsOf((await look(world, 'user_find', { query: world.people.maya }))['people'])).toEqual([world.people.maya])
      expect((await look(world, 'user_find', { query: 'U0NOBODY0000' }))['people']).toEqual([])
    },
  },
  {
    name: 'message_send is planned without a write and posts exactly what was planned',
    async run(world) {
      const before = world.asked('chat.postMessage')
      const plan = await planned(world, 'message_send', {
        channel: world.channels.support,
        text: 'Ticket **SUP-1** is *done*.',
      })
      expect(world.asked('chat.postMessage')).toBe(before)
      expect(plan.effects[0]?.after).toMatchObject({ text: 'Ticket *SUP-1* is _done_.' })
      const { out, touched } = await applied(world, 'message_send', plan)
      expect(touched).toBe('accepted')
      expect(world.asked('chat.postMessage')).toBe(before + 1)
      expect(await rawText(world, wordOf(out['ts']))).toBe('Ticket *SUP-1* is _done_.')
    },
  },
  {
    name: 'message_send cannot notify by its text',
    async run(world) {
      const text = `<!channel> <!here|x> <!subteam^S012345678> <@${world.people.maya}> &lt;!everyone&gt; a < b & c > d`
      const plan = await planned(world, 'message_send', { channel: world.channels.support, text })
      const { out } = await applied(world, 'message_send', plan)
      const stored = await rawText(world, wordOf(out['ts']))
      expect(stored).not.toMatch(/[<>]/)
      expect(stored).toContain('&lt;!channel&gt;')
      expect(plan.audience.massMention).toBe(false)
    },
  },
  {
    name: 'message_send mentions a person by id, and nobody by an unknown id',
    async run(world) {
      const text = (id: string) => `Thanks @[${id}]`
      const plan = await planned(world, 'message_send', { channel: world.channels.support, text: text(world.people.maya) })
      expect(plan.effects[0]?.after).toMatchObject({
        text: `Thanks <@${world.people.maya}>`,
        mentions: [`Maya Okafor (${world.people.maya})`],
      })
      await refused(
        planned(world, 'message_send', { channel: world.channels.support, text: text('U0NOBODY0000') }),
        'not_found',
      )
    },
  },
  {
    name: 'message_send carries the operation, so that it can be found again',
    async run(world) {
      const plan = await planned(world, 'message_send', { channel: world.channels.support, text: 'with an operation' })
      await applied(world, 'message_send', plan, 'op_0123456789')
      const { messages } = await world.ask('conversations.history', {
        channel: world.channels.support,
        limit: '1',
        include_all_metadata: 'true',
      })
      expect(messages).toMatchObject([
        { metadata: { event_type: 'toolgate_operation', event_payload: { operation: 'op_0123456789' } } },
      ])
    },
  },
  {
    name: 'a message longer than Slack takes in one piece is refused without asking',
    async run(world) {
      const before = world.asked('chat.postMessage')
      const input = { channel: world.channels.support, text: 'a'.repeat(4001) }
      await refused(planned(world, 'message_send', input), 'invalid_input')
      expect(world.asked('chat.postMessage')).toBe(before)
    },
  },
  {
    name: 'a plan counts the people who would see it',
    async run(world) {
      const { members } = await world.ask('conversations.members', { channel: world.channels.support })
      const { audience } = await planned(world, 'message_send', { channel: world.channels.support, text: 'hello' })
      expect(audience).toMatchObject({ people: (members as Json[]).length, external: false, massMention: false })
      expect(audience.where).toBe(`#${world.names.support}, ${(members as Json[]).length} people`)
    },
  },
  {
    name: 'a channel that is shared with another company counts as outside',
    async run(world) {
      const { audience } = await planned(world, 'message_send', { channel: world.channels.shared, text: 'hello' })
      expect(audience.external).toBe(true)
    },
    emulator: {
      wrong: 'conversations.info has no is_ext_shared, and no channel can be shared.',
      async shows(world) {
        const { channel } = await world.ask('conversations.info', { channel: world.channels.support })
        expect(channel).not.toHaveProperty('is_ext_shared')
      },
    },
  },
  {
    name: 'a channel with a guest counts as outside',
    async run(world) {
      const { audience } = await planned(world, 'message_send', { channel: world.channels.guests, text: 'hello' })
      expect(audience.external).toBe(true)
    },
    emulator: {
      wrong: 'users.info has no is_restricted, and nobody can be a guest.',
      async shows(world) {
        const { user } = await world.ask('users.info', { user: world.people.maya })
        expect(user).not.toHaveProperty('is_restricted')
      },
    },
  },
  {
    name: 'a channel where only some may post is refused in the plan',
    run: (world) =>
      refused(planned(world, 'message_send', { channel: world.channels.restricted, text: 'hello' }), 'refused'),
    emulator: {
      wrong: 'conversations.info has no properties.posting_restricted_to, and posting cannot be restricted.',
      async shows(world) {
        const { channel } = await world.ask('conversations.info', { channel: world.channels.support })
        expect(channel).not.toHaveProperty('properties')
      },
    },
  },
  {
    name: 'an archived channel is refused in the plan, and by Slack',
    async run(world) {
      await refused(planned(world, 'message_send', { channel: world.channels.archive, text: 'hello' }), 'refused')
      const { vendor, touched } = await world.open(toolNamed('message_send'))
      await refused(vendor.write.send(outgoing(world.channels.archive), 'op_1'), 'refused')
      expect(touched()).toBe('untouched')
    },
  },
  {
    name: 'a channel that the app is not in is refused in the plan',
    run: (world) => refused(planned(world, 'message_send', { channel: world.channels.random, text: 'hello' }), 'forbidden'),
  },
  {
    name: 'a channel that the app is not in is refused by Slack',
    async run(world) {
      const { vendor, touched } = await world.open(toolNamed('message_send'))
      await refused(vendor.write.send(outgoing(world.channels.random), 'op_1'), 'forbidden')
      expect(touched()).toBe('untouched')
    },
    emulator: {
      wrong: 'chat.postMessage posts to a public channel that the app is not in; Slack says not_in_channel.',
      async shows(world) {
        expect(await world.ask('chat.postMessage', { channel: world.channels.random, text: 'hello' })).toMatchObject({
          ok: true,
        })
      },
    },
  },
  {
    name: 'thread_reply lands in the thread and not in the channel',
    async run(world) {
      const parent = await said(world, 'maya', 'a question')
      const input = { channel: world.channels.support, thread_ts: parent, text: 'an answer' }
      const { out } = await applied(world, 'thread_reply', await planned(world, 'thread_reply', input))
      expect(out).toMatchObject({ thread_ts: parent })
      const { messages } = await look(world, 'history_read', { channel: world.channels.support, limit: 1 })
      expect(textsOf(messages)).toEqual(['a question'])
      const thread = await look(world, 'thread_read', { channel: world.channels.support, thread_ts: parent })
      expect(textsOf(thread['messages'])).toEqual(['a question', 'an answer'])
    },
  },
  {
    name: 'a reply to a message that does not exist, or that is elsewhere, is refused in the plan',
    async run(world) {
      const elsewhere = await world.ask('chat.postMessage', { channel: world.channels.shared, text: 'elsewhere' })
      for (const thread_ts of [nowhere, wordOf(elsewhere['ts'])]) {
        const input = { channel: world.channels.support, thread_ts, text: 'hello' }
        await refused(planned(world, 'thread_reply', input), 'not_found')
      }
    },
  },
  {
    name: 'a reply to a message that does not exist is refused by Slack',
    async run(world) {
      const { vendor, touched } = await world.open(toolNamed('thread_reply'))
      await refused(vendor.write.send({ ...outgoing(world.channels.support), thread_ts: nowhere }, 'op_1'), 'not_found')
      expect(touched()).toBe('untouched')
    },
    emulator: {
      wrong: 'chat.postMessage takes any thread_ts, also of no message.',
      async shows(world) {
        const input = { channel: world.channels.support, text: 'lost', thread_ts: nowhere }
        expect(await world.ask('chat.postMessage', input)).toMatchObject({ ok: true })
      },
    },
  },
  {
    name: 'a reply to a reply is refused and names the thread',
    async run(world) {
      const parent = await said(world, 'maya', 'parent')
      const reply = await said(world, 'maya', 'reply', parent)
      const input = { channel: world.channels.support, thread_ts: reply, text: 'hello' }
      const error = await refused(planned(world, 'thread_reply', input), 'invalid_input')
      expect(error.message).toContain(parent)
    },
  },
  {
    name: 'reaction_add reacts once; the second time is done with a note',
    async run(world) {
      const ts = await said(world, 'maya', 'well?')
      const plan = await planned(world, 'reaction_add', { channel: world.channels.support, ts, emoji: 'eyes' })
      const first = await applied(world, 'reaction_add', plan)
      const second = await applied(world, 'reaction_add', plan)
      expect(first.out).not.toHaveProperty('note')
      expect(second.out['note']).toContain('already')
      expect(second.touched).toBe('untouched')
      const { message } = await look(world, 'message_get', { channel: world.channels.support, ts })
      expect(message).toMatchObject({ reactions: [{ name: 'eyes', count: 1 }] })
    },
  },
  {
    name: 'an emoji that the workspace does not have is refused by Slack',
    async run(world) {
      const ts = await said(world, 'maya', 'well?')
      const plan = await planned(world, 'reaction_add', { channel: world.channels.support, ts, emoji: 'no_such_emoji' })
      await refused(applied(world, 'reaction_add', plan), 'invalid_input')
    },
    emulator: {
      wrong: 'reactions.add takes any name; Slack says invalid_name.',
      async shows(world) {
        const timestamp = await said(world, 'maya', 'well?')
        const input = { channel: world.channels.support, timestamp, name: 'no_such_emoji' }
        expect(await world.ask('reactions.add', input)).toMatchObject({ ok: true })
      },
    },
  },
  {
    name: 'message_update changes the text of the app’s own message',
    async run(world) {
      const ts = await said(world, 'app', 'draft')
      const plan = await planned(world, 'message_update', { channel: world.channels.support, ts, text: 'final' })
      expect(plan.effects[0]).toMatchObject({ before: { text: 'draft' }, after: { text: 'final' } })
      expect((await applied(world, 'message_update', plan)).touched).toBe('accepted')
      expect(await rawText(world, ts)).toBe('final')
    },
  },
  {
    name: 'message_update refuses a message of someone else, and so does Slack',
    async run(world) {
      const ts = await said(world, 'maya', 'hers')
      await refused(planned(world, 'message_update', { channel: world.channels.support, ts, text: 'mine' }), 'refused')
      const { vendor, touched } = await world.open(toolNamed('message_update'))
      await refused(
        vendor.write.update({ channel: world.channels.support, ts, text: 'mine' }, { operation: undefined, update: 'op_1' }),
        'refused',
      )
      expect(touched()).toBe('untouched')
    },
  },
  {
    name: 'message_update refuses when the message has changed since it was planned',
    async run(world) {
      const ts = await said(world, 'app', 'draft')
      const plan = await planned(world, 'message_update', { channel: world.channels.support, ts, text: 'final' })
      await world.ask('chat.update', { channel: world.channels.support, ts, text: 'moved' })
      await refused(applied(world, 'message_update', plan), 'conflict')
      expect(await rawText(world, ts)).toBe('moved')
    },
  },
  {
    name: 'message_delete deletes the app’s own message',
    async run(world) {
      const ts = await said(world, 'app', 'a mistake')
      const plan = await planned(world, 'message_delete', { channel: world.channels.support, ts })
      expect(plan.effects[0]).toMatchObject({ verb: 'delete', before: { text: 'a mistake' }, after: {} })
      await applied(world, 'message_delete', plan)
      await refused(look(world, 'message_get', { channel: world.channels.support, ts }), 'not_found')
    },
  },
  {
    name: 'message_delete refuses a message of someone else, and so does Slack',
    async run(world) {
      const ts = await said(world, 'maya', 'hers')
      await refused(planned(world, 'message_delete', { channel: world.channels.support, ts }), 'refused')
      const { vendor } = await world.open(toolNamed('message_delete'))
      await refused(vendor.write.remove({ channel: world.channels.support, ts }), 'refused')
    },
  },
  {
    name: 'a scope that the app lacks is named',
    async run(world) {
      const { vendor, touched } = await world.open(toolNamed('message_send'), world.tokens.readOnly)
      const error = await refused(vendor.write.send(outgoing(world.channels.support), 'op_1'), 'forbidden')
      expect(error.message).toContain('chat:write')
      expect(touched()).toBe('untouched')
    },
  },
  {
    name: 'a token that nobody issued is not accepted',
    async run(world) {
      const { vendor } = await world.open('read', world.tokens.nobody)
      await refused(vendor.channel(world.channels.support), 'unauthenticated')
    },
    emulator: {
      wrong: 'Any token is taken for the administrator; Slack says invalid_auth.',
      async shows(world) {
        const { vendor } = await world.open('read', world.tokens.nobody)
        expect(await vendor.me()).toMatchObject({ userId: 'U000000001' })
      },
    },
  },
]

function textsOf(messages: Json | undefined): string[] {
  return (messages as JsonObject[]).map(({ text }) => wordOf(text))
}

function idsOf(rows: Json | undefined): string[] {
  return (rows as JsonObject[]).map(({ id }) => wordOf(id))
}
