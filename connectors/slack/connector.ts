// Slack: channels, messages, files and people, as the bot of an app that an administrator installed, or as a person.
import { connector } from 'toolgate/kit'
import { connect } from './connect.ts'
import { verdict } from './errors.ts'
import { link } from './link.ts'
import { grants, permissions } from './permissions.ts'
import { sandbox } from './sandbox/sandbox.ts'
import { openSlack, settings } from './slack.ts'
import { channelArchive } from './tools/channel-archive.ts'
import { channelCreate } from './tools/channel-create.ts'
import { channelGet } from './tools/channel-get.ts'
import { channelInvite } from './tools/channel-invite.ts'
import { channelList } from './tools/channel-list.ts'
import { dmRead } from './tools/dm-read.ts'
import { dmSend } from './tools/dm-send.ts'
import { fileDelete } from './tools/file-delete.ts'
import { fileRead } from './tools/file-read.ts'
import { fileUpload } from './tools/file-upload.ts'
import { historyRead } from './tools/history-read.ts'
import { messageDelete } from './tools/message-delete.ts'
import { messageGet } from './tools/message-get.ts'
import { messageSend } from './tools/message-send.ts'
import { messageUpdate } from './tools/message-update.ts'
import { msgSchedule } from './tools/msg-schedule.ts'
import { msgUnschedule } from './tools/msg-unschedule.ts'
import { reactionAdd } from './tools/reaction-add.ts'
import { reactionRemove } from './tools/reaction-remove.ts'
import { search } from './tools/search.ts'
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
  credential:
    'The bot token of your Slack app, which begins with xoxb-; with "token": "user" that of a person (xoxp-); with client_id the JSON {"client_secret": "…", "refresh_token": "xoxe-1-…"}.',
  base: () => 'https://slack.com',
  hosts: () => ({ files: 'https://files.slack.com' }),
  link,
  // Slack's methods are all POST, also those that only look.
  reads: [
    'POST /api/auth.test',
    'POST /api/chat.scheduledMessages.list',
    'POST /api/conversations.history',
    'POST /api/conversations.info',
    'POST /api/conversations.list',
    'POST /api/conversations.members',
    'POST /api/conversations.replies',
    // Gives an address where bytes could be sent. Nothing is there until they are, and it lapses by itself.
    'POST /api/files.getUploadURLExternal',
    'POST /api/files.info',
    'GET files:/files-pri/{file}/{name}',
    'POST /api/search.messages',
    'POST /api/usergroups.list',
    'POST /api/users.conversations',
    'POST /api/users.info',
    'POST /api/users.list',
    'POST /api/users.lookupByEmail',
  ],
  signIn: ['POST /api/oauth.v2.access'],
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
    fileDelete,
    fileRead,
    fileUpload,
    historyRead,
    messageDelete,
    messageGet,
    messageSend,
    messageUpdate,
    msgSchedule,
    msgUnschedule,
    reactionAdd,
    reactionRemove,
    search,
    threadRead,
    threadReply,
    topicSet,
    userFind,
    usergroupList,
  ],
  grants,
  permissions,
  connect,
  sandbox,
})
