// What the connector promises of changes in Slack, of finding them again and of taking them back: asked of both worlds.
import type { JsonObject, Plan } from 'toolgate/kit'
import { expect } from 'vitest'
import { applied, asked, look, missing, planned, rawText, refused, said, takenBack, wordOf } from './world.ts'
import type { Account, Case, World } from './world.ts'

export const changingAndTakingBack: readonly Case[] = [
  {
    name: 'reaction_remove takes the app’s own reaction back and leaves others',
    async run(world) {
      const ts = await said(world, 'maya', 'well?')
      const place = { channel: world.channels.support, ts, emoji: 'eyes' }
      await done(world, 'reaction_add', place)
      await world.ask('reactions.add', { channel: world.channels.support, timestamp: ts, name: 'eyes' }, 'maya')
      const { plan } = await done(world, 'reaction_remove', place)
      expect(plan.effects[0]).toMatchObject({ verb: 'delete', before: { reaction: 'eyes' }, after: {} })
      const { message } = await look(world, 'message_get', { channel: world.channels.support, ts })
      expect(message).toMatchObject({ reactions: [{ name: 'eyes', count: 1 }] })
    },
  },
  {
    name: 'reaction_remove refuses a reaction that the app does not have; taken back twice is done with a note',
    async run(world) {
      const ts = await said(world, 'maya', 'well?')
      const place = { channel: world.channels.support, ts, emoji: 'eyes' }
      await refused(planned(world, 'reaction_remove', place), 'refused')
      await done(world, 'reaction_add', place)
      const plan = await planned(world, 'reaction_remove', place)
      await applied(world, 'reaction_remove', plan)
      const second = await applied(world, 'reaction_remove', plan)
      expect(second.out['note']).toContain('nothing changed')
      expect(second.touched).toBe('untouched')
    },
  },
  {
    name: 'a reaction is found again, and found not to be there',
    async run(world) {
      const ts = await said(world, 'maya', 'well?')
      const plan = await planned(world, 'reaction_add', { channel: world.channels.support, ts, emoji: 'eyes' })
      expect(await asked(world, 'reaction_add', plan, 'op_r')).toMatchObject({ verdict: 'absent' })
      const { out } = await applied(world, 'reaction_add', plan)
      expect(await asked(world, 'reaction_add', plan, 'op_r')).toMatchObject({ verdict: 'happened' })
      expect(await takenBack(world, 'reaction_add', plan, out)).toMatchObject({ tool: 'reaction_remove', fidelity: 'exact' })
    },
  },
  {
    name: 'a message is found again by its operation, and not by another one',
    async run(world) {
      const { plan, out } = await done(
        world,
        'message_send',
        { channel: world.channels.support, text: 'find me' },
        'op_found_again',
      )
      const found = await asked(world, 'message_send', plan, 'op_found_again')
      expect(found).toEqual({ verdict: 'happened', output: out })
      expect(await asked(world, 'message_send', plan, 'op_somebody_else')).not.toMatchObject({ verdict: 'happened' })
    },
  },
  {
    name: 'a reply is found again in its thread',
    async run(world) {
      const thread_ts = await said(world, 'maya', 'a question')
      const input = { channel: world.channels.support, thread_ts, text: 'an answer' }
      const plan = await planned(world, 'thread_reply', input)
      expect(await asked(world, 'thread_reply', plan, 'op_reply')).toMatchObject({ verdict: 'absent' })
      const { out } = await applied(world, 'thread_reply', plan, 'op_reply')
      expect(await asked(world, 'thread_reply', plan, 'op_reply')).toEqual({ verdict: 'happened', output: out })
    },
  },
  {
    name: 'a message is taken back by deleting it, as long as it says what it said',
    async run(world) {
      const { plan, out } = await done(world, 'message_send', { channel: world.channels.support, text: 'a *slip*' })
      const { tool, input } = await takenBack(world, 'message_send', plan, out)
      await world.ask('chat.update', { channel: world.channels.support, ts: wordOf(out['ts']), text: 'better' })
      await refused(takenBack(world, 'message_send', plan, out), 'conflict')
      await done(world, tool, input)
      await refused(takenBack(world, 'message_send', plan, out), 'conflict')
    },
  },
  {
    name: 'a change is found again by its operation, and the mark of the send stays',
    async run(world) {
      const sent = await done(world, 'message_send', { channel: world.channels.support, text: 'one' }, 'op_send')
      const place = { channel: world.channels.support, ts: wordOf(sent.out['ts']) }
      const plan = await planned(world, 'message_update', { ...place, text: 'two' })
      expect(await asked(world, 'message_update', plan, 'op_update')).toEqual({ verdict: 'absent' })
      await applied(world, 'message_update', plan, 'op_update')
      expect(await asked(world, 'message_update', plan, 'op_update')).toMatchObject({ verdict: 'happened' })
      expect(await asked(world, 'message_send', sent.plan, 'op_send')).toMatchObject({ verdict: 'happened' })
      await done(world, 'message_update', { ...place, text: 'three' }, 'op_later')
      expect(await asked(world, 'message_update', plan, 'op_update')).toEqual({ verdict: 'unclear' })
    },
  },
  {
    name: 'a change is taken back to the letter',
    async run(world) {
      const text = '**bold** _it_ [SUP-1](https://larkfield.example/SUP-1)\n- `a < b` & more'
      const sent = await done(world, 'message_send', { channel: world.channels.support, text })
      const ts = wordOf(sent.out['ts'])
      const before = await rawText(world, ts)
      const { plan, out } = await done(world, 'message_update', { channel: world.channels.support, ts, text: 'other' })
      const { tool, input, fidelity } = await takenBack(world, 'message_update', plan, out)
      expect(fidelity).toBe('partial')
      await done(world, tool, input)
      expect(await rawText(world, ts)).toBe(before)
    },
  },
  {
    name: 'a deletion is found to have happened, and taken back by sending the same again',
    async run(world) {
      const ts = await said(world, 'app', 'still *wanted*')
      const plan = await planned(world, 'message_delete', { channel: world.channels.support, ts })
      expect(await asked(world, 'message_delete', plan, 'op_d')).toMatchObject({ verdict: 'absent' })
      const { out } = await applied(world, 'message_delete', plan)
      expect(await asked(world, 'message_delete', plan, 'op_d')).toMatchObject({ verdict: 'happened' })
      const { tool, input, fidelity } = await takenBack(world, 'message_delete', plan, out)
      expect([tool, fidelity]).toEqual(['message_send', 'lossy'])
      expect(await rawText(world, wordOf((await done(world, tool, input)).out['ts']))).toBe('still *wanted*')
    },
  },
  {
    name: 'a scheduled message waits, is found again and is taken back',
    async run(world) {
      const input = { channel: world.channels.support, text: `later ${Math.random()}`, post_at: inDays(world, 3) }
      const { plan, out } = await done(world, 'msg_schedule', input)
      expect(await asked(world, 'msg_schedule', plan, 'op_s')).toMatchObject({ verdict: 'happened', output: out })
      const undo = await takenBack(world, 'msg_schedule', plan, out)
      expect(undo).toMatchObject({ tool: 'msg_unschedule', fidelity: 'exact' })
      const back = await done(world, undo.tool, undo.input)
      expect(back.plan.effects[0]?.before).toMatchObject({ text: input.text })
      expect(await asked(world, 'msg_schedule', plan, 'op_s')).toMatchObject({ verdict: 'absent' })
      expect(await asked(world, 'msg_unschedule', back.plan, 'op_u')).toMatchObject({ verdict: 'happened' })
      await refused(takenBack(world, 'msg_schedule', plan, out), 'conflict')
    },
  },
  {
    name: 'the same message is not scheduled twice for the same time',
    async run(world) {
      const input = { channel: world.channels.support, text: 'standup', post_at: inDays(world, 4) }
      await done(world, 'msg_schedule', input)
      await refused(planned(world, 'msg_schedule', input), 'conflict')
    },
  },
  {
    name: 'a held message is not posted at once',
    async run(world) {
      const input = { channel: world.channels.support, text: 'held back', hold_seconds: 300 }
      const { out } = await done(world, 'message_send', input)
      expect(out).toMatchObject({ scheduled_message_id: expect.any(String), post_at: expect.any(String) })
      const { messages } = await look(world, 'history_read', { channel: world.channels.support, limit: 100 })
      expect((messages as JsonObject[]).map(({ text }) => text)).not.toContain('held back')
    },
  },
  {
    name: 'a scheduled message that is not there is not found',
    run: (world) =>
      refused(
        planned(world, 'msg_unschedule', { channel: world.channels.support, scheduled_message_id: 'Q0NOWHERE01' }),
        'not_found',
      ),
  },
  {
    name: 'a channel is made once, people are added to it, and it is archived',
    async run(world) {
      const name = `made-${Math.floor(Math.random() * 1e9)}`
      const plan = await planned(world, 'channel_create', { name })
      expect(await asked(world, 'channel_create', plan, 'op_c')).toMatchObject({ verdict: 'absent' })
      const { out } = await applied(world, 'channel_create', plan)
      await refused(planned(world, 'channel_create', { name }), 'refused')
      await refused(applied(world, 'channel_create', plan), 'refused')

      const channel = wordOf(out['channel_id'])
      const invited = await done(world, 'channel_invite', { channel, users: [world.people.maya] })
      expect(await asked(world, 'channel_invite', invited.plan, 'op_i')).toMatchObject({ verdict: 'happened' })
      await refused(planned(world, 'channel_invite', { channel, users: [world.people.maya] }), 'refused')

      const archived = await done(world, 'channel_archive', { channel })
      expect(await asked(world, 'channel_archive', archived.plan, 'op_a')).toMatchObject({ verdict: 'happened' })
      await refused(planned(world, 'message_send', { channel, text: 'hello' }), 'refused')
    },
  },
  {
    name: 'a channel that was made is found again by its maker and its time',
    async run(world) {
      const { plan, out } = await done(world, 'channel_create', { name: `found-${Math.floor(Math.random() * 1e9)}` })
      expect(await asked(world, 'channel_create', plan, 'op_c')).toEqual({ verdict: 'happened', output: out })
    },
  },
  {
    name: 'topic_set replaces the topic, and puts it back as long as nobody else has changed it',
    async run(world) {
      const channel = world.channels.support
      await done(world, 'topic_set', { channel, topic: 'before & <after>' })
      const { plan, out } = await done(world, 'topic_set', { channel, topic: 'now' })
      expect(plan.effects[0]).toMatchObject({ before: { topic: 'before &amp; &lt;after&gt;' }, after: { topic: 'now' } })
      expect(await asked(world, 'topic_set', plan, 'op_t')).toMatchObject({ verdict: 'happened' })
      const { tool, input } = await takenBack(world, 'topic_set', plan, out)
      await done(world, tool, input)
      expect((await look(world, 'channel_get', { channel }))['topic']).toBe('before &amp; &lt;after&gt;')
      await refused(takenBack(world, 'topic_set', plan, out), 'conflict')
    },
  },
  {
    name: 'a topic that has changed since it was planned is not overwritten',
    async run(world) {
      const channel = world.channels.support
      const plan = await planned(world, 'topic_set', { channel, topic: 'mine' })
      await world.ask('conversations.setTopic', { channel, topic: 'theirs' })
      await refused(applied(world, 'topic_set', plan), 'conflict')
    },
  },
  {
    name: 'dm_send writes to one person, finds it again, and dm_read reads it',
    async run(world) {
      const input = { users: [world.people.maya], text: 'between *us*' }
      const { plan, out } = await done(world, 'dm_send', input, 'op_dm')
      expect(plan.audience).toMatchObject({ external: false, people: 1 })
      expect(await asked(world, 'dm_send', plan, 'op_dm')).toEqual({ verdict: 'happened', output: out })
      const { messages } = await look(world, 'dm_read', { user: world.people.maya, limit: 1 })
      expect(messages).toMatchObject([{ text: 'between _us_', channel_id: out['channel_id'] }])
    },
    emulator: {
      wrong: 'users.conversations answers 404, so that it cannot be asked which direct conversations there are.',
      shows: (world) => missing(world, 'users.conversations'),
    },
  },
  {
    name: 'dm_read reads a conversation by its id, and no channel',
    async run(world) {
      const opened = await world.ask('conversations.open', { users: world.people.maya })
      const id = wordOf((opened['channel'] as JsonObject)['id'])
      await world.ask('chat.postMessage', { channel: id, text: 'only for us' })
      const { messages } = await look(world, 'dm_read', { conversation: id, limit: 1 })
      expect(messages).toMatchObject([{ text: 'only for us', channel_id: id }])
      await refused(look(world, 'dm_read', { conversation: world.channels.support }), 'refused')
      await refused(look(world, 'history_read', { channel: id.replace(/^D/, 'C') }), 'not_found')
    },
  },
  {
    name: 'usergroup_list gives the groups with their handles',
    async run(world) {
      const { groups } = await look(world, 'usergroup_list', { include_counts: true })
      expect(groups).toContainEqual(expect.objectContaining({ handle: 'support-team', members: 2 }))
    },
    emulator: { wrong: 'usergroups.list answers 404.', shows: (world) => missing(world, 'usergroups.list') },
  },
  {
    name: 'file_read says what a text file says, and of an image only what it is',
    async run(world) {
      const read = (file: string) => look(world, 'file_read', { channel: world.channels.support, file })
      expect(await read('F0ONCALLROTA')).toMatchObject({ name: 'on-call.txt', text: expect.stringContaining('Maya Okafor') })
      expect(await read('F0FLOORPLAN1')).not.toHaveProperty('text')
    },
    emulator: {
      wrong: 'files.info gives no content; Slack gives that of text files.',
      async shows(world) {
        const file = await uploaded(world, 'on-call.txt', 'Maya Okafor')
        const answer = await world.ask('files.info', { file })
        expect(answer).toMatchObject({ ok: true, file: { name: 'on-call.txt' } })
        expect(answer).not.toHaveProperty('content')
      },
    },
  },
  {
    name: 'file_upload shares a text file, which file_read then reads',
    async run(world) {
      const text = `clinic,bookings\nBristol,3\n${'x'.repeat(6000)}\n<!channel> & <b>\n`
      const { plan, out } = await done(world, 'file_upload', { channel: world.channels.support, name: named('csv'), text })
      expect(plan.effects[0]).toMatchObject({
        after: { bytes: text.length, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      })
      const { messages } = await look(world, 'history_read', { channel: world.channels.support, limit: 1 })
      expect(messages).toMatchObject([{ text: '', files: [{ id: out['file_id'], name: out['name'], size: text.length }] }])
      const read = { channel: world.channels.support, file: out['file_id'], max_chars: 40_000 }
      expect(await look(world, 'file_read', read)).toMatchObject({ text, truncated: false, size: text.length })
      const rest = await look(world, 'file_read', { ...read, from_char: 6000, max_chars: 100 })
      expect(rest).toMatchObject({ text: text.slice(6000) })
    },
  },
  {
    name: 'file_upload shares bytes that are no text, and file_read gives none for them',
    async run(world) {
      const base64 = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0xff, 0x00, 0xfe]).toString('base64')
      const { out } = await done(world, 'file_upload', { channel: world.channels.support, name: named('bin'), base64 })
      expect(out['bytes']).toBe(7)
      const read = await look(world, 'file_read', { channel: world.channels.support, file: out['file_id'] })
      expect(read).not.toHaveProperty('text')
    },
  },
  {
    name: 'the bytes of a file arrive as they were given',
    async run(world) {
      const bytes = Buffer.from(Array.from({ length: 3000 }, (_, index) => (index * 7) % 256))
      const input = { channel: world.channels.support, name: named('bin'), base64: bytes.toString('base64') }
      const { out } = await done(world, 'file_upload', input)
      const { vendor } = await world.open('read')
      const file = await vendor.file(wordOf(out['file_id']))
      expect(file && Buffer.from((await vendor.download(file)) ?? []).equals(bytes)).toBe(true)
    },
    sandbox: 'It keeps text only: of other bytes their announced size.',
  },
  {
    name: 'a file that was shared is found again, and taken back as long as it is the only place where it is',
    async run(world) {
      const { plan, out } = await done(world, 'file_upload', {
        channel: world.channels.support,
        name: named('txt'),
        text: 'once',
      })
      expect(await asked(world, 'file_upload', plan, 'op_f')).toEqual({ verdict: 'happened', output: out })
      const { tool, input } = await takenBack(world, 'file_upload', plan, out)
      expect(tool).toBe('file_delete')
      const deleted = await done(world, tool, input)
      expect(await asked(world, 'file_delete', deleted.plan, 'op_d')).toMatchObject({ verdict: 'happened' })
      expect(await asked(world, 'file_upload', plan, 'op_f')).toEqual({ verdict: 'absent' })
      await refused(takenBack(world, 'file_upload', plan, out), 'conflict')
      await refused(look(world, 'file_read', { channel: world.channels.support, file: out['file_id'] }), 'not_found')
    },
  },
  {
    name: 'a file of the same name and size is not shared twice within minutes',
    async run(world) {
      const input = { channel: world.channels.support, name: named('txt'), text: 'twin' }
      const { plan } = await done(world, 'file_upload', input)
      await refused(planned(world, 'file_upload', input), 'conflict')
      await refused(applied(world, 'file_upload', plan), 'conflict')
    },
  },
  {
    name: 'of two files that are alike, none is evidence that this one was shared',
    async run(world) {
      const name = named('txt')
      const { plan } = await done(world, 'file_upload', { channel: world.channels.support, name, text: 'alike' })
      await uploaded(world, name, 'alike')
      expect(await asked(world, 'file_upload', plan, 'op_f')).toEqual({ verdict: 'unclear' })
    },
  },
  {
    name: 'a file of the same name that somebody else shared is no evidence either',
    async run(world) {
      const name = named('txt')
      const plan = await planned(world, 'file_upload', { channel: world.channels.support, name, text: 'alike' })
      await uploaded(world, name, 'alike', 'maya')
      expect(await asked(world, 'file_upload', plan, 'op_f')).toEqual({ verdict: 'absent' })
    },
  },
  {
    name: 'a file that somebody else shared is not deleted',
    async run(world) {
      const file = await uploaded(world, named('txt'), 'theirs', 'maya')
      const error = await refused(planned(world, 'file_delete', { channel: world.channels.support, file }), 'refused')
      expect(error.message).toContain('only its own')
    },
  },
  {
    name: 'a file is not shared in an archived channel, nor where the app is not',
    async run(world) {
      const input = { name: 'a.txt', text: 'x' }
      await refused(planned(world, 'file_upload', { ...input, channel: world.channels.archive }), 'refused')
      await refused(planned(world, 'file_upload', { ...input, channel: world.channels.random }), 'forbidden')
    },
  },
  {
    name: 'search finds words in channels, newest first, and keeps to the filters',
    async run(world) {
      const hits = async (input: object) => (await look(world, 'search', input))['hits'] as JsonObject[]
      const found = await hits({ query: '"double bookings"' })
      expect(found.map(({ channel }) => channel)).toEqual(expect.arrayContaining(['support', 'partner-brightwater']))
      expect(await hits({ query: 'bookings', in: ['#support'], from: [world.people.maya] })).toMatchObject([
        { channel_id: world.channels.support, from: { name: 'Maya Okafor' } },
      ])
      expect(await hits({ query: 'nothing-says-this' })).toEqual([])
    },
    emulator: { wrong: 'search.messages answers 404.', shows: (world) => missing(world, 'search.messages') },
  },
  {
    name: 'file_read finds no file that is not there',
    run: (world) => refused(look(world, 'file_read', { channel: world.channels.support, file: 'F0NOWHERE01' }), 'not_found'),
  },
]

async function done(
  world: World,
  name: string,
  input: unknown,
  operationId?: string,
): Promise<{ readonly plan: Plan; readonly out: JsonObject }> {
  const plan = await planned(world, name, input)
  const { out } = await applied(world, name, plan, operationId)
  return { plan, out }
}

function inDays(world: World, days: number): string {
  return new Date(world.now().getTime() + days * 86_400_000).toISOString()
}

let count = 0

/** A file's name that no other case has. */
function named(ending: string): string {
  count += 1
  return `case-${count}.${ending}`
}

async function uploaded(world: World, filename: string, content: string, as: Account = 'app'): Promise<string> {
  const length = String(content.length)
  const { upload_url, file_id } = await world.ask('files.getUploadURLExternal', { filename, length }, as)
  await world.send(wordOf(upload_url), content)
  const files = JSON.stringify([{ id: file_id }])
  await world.ask('files.completeUploadExternal', { files, channel_id: world.channels.support }, as)
  return wordOf(file_id)
}
