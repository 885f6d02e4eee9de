// Slack: channels, messages and people, as the bot of an app that an administrator installed.
import { connector } from 'toolgate/kit'
import { verdict } from './errors.ts'
import { permissions } from './permissions.ts'
import { sandbox } from './sandbox/sandbox.ts'
import { openSlack, settings } from './slack.ts'
import { channelArchive } from './tools/channel-archive.ts'
import { channelCreate } from './tools/channel-create.ts'
import { channelGet } from './tools/channel-get.ts'
import { channelInvite } from './tools/channel-invite.ts'
import { channelList } from './tools/channel-list.ts'
import { dmRead } from './tools/dm-read.ts'
import { dmSend } from './tools/dm-send.ts'
import { fileRead } from './tools/file-read.ts'
import { historyRead } from './tools/history-read.ts'
import { messageDelete } from './tools/message-delete.ts'
import { messageGet } from './tools/message-get.ts'
import { messageSend } from './tools/message-send.ts'
import { messageUpdate } from './tools/message-update.ts'
import { msgSchedule } from './tools/msg-schedule.ts'
import { msgUnschedule } from './tools/msg-unschedule.ts'
import { reactionAdd } from './tools/reaction-add.ts'
import { reactionRemove } from './tools/reaction-remove.ts'
import { threadRead } from './tools/thread-read.ts'
import { threadReply } from './tools/thread-reply.ts'
import { topicSet } from './tools/topic-set.ts'
import { userFind } from './tools/user-find.ts'
import { usergroupList } from './tools/usergroup-list.ts'

export const slack = connector({
  id: 'slack',
  title: 'Slack',
  prefix: 'slack',
  settings,
  credential: 'The bot token of your Slack app, which begins with xoxb-.',
  base: () => 'https://slack.com',
  // Slack's methods are all POST, also those that only look.
  reads: [
    'POST /api/auth.test',
    'POST /api/chat.scheduledMessages.list',
    'POST /api/conversations.history',
    'POST /api/conversations.info',
    'POST /api/conversations.list',
    'POST /api/conversations.members',
    'POST /api/conversations.replies',
    'POST /api/files.info',
    'POST /api/usergroups.list',
    'POST /api/users.conversations',
    'POST /api/users.info',
    'POST /api/users.list',
    'POST /api/users.lookupByEmail',
  ],
  open: openSlack,
  verdict,
  tools: [
    channelArchive,
    channelCreate,
    channelGet,
    channelInvite,
    channelList,
    dmRead,
    dmSend,
    fileRead,
    historyRead,
    messageDelete,
    messageGet,
    messageSend,
    messageUpdate,
    msgSchedule,
    msgUnschedule,
    reactionAdd,
    reactionRemove,
    threadRead,
    threadReply,
    topicSet,
    userFind,
    usergroupList,
  ],
  permissions,
  sandbox,
})
