// One request to the stand-in: who asks, which method, with what scopes; then the method itself.
import type { JsonObject, SandboxRequest, SandboxResponse, SandboxState } from 'toolgate/kit'
import { chatDelete, chatGetPermalink, chatPostMessage, chatUpdate } from './chat.ts'
import { downloadOf, filesCompleteUpload, filesDelete, filesGetUploadUrl, filesInfo, takeUpload } from './files.ts'
import { usergroupsList } from './groups.ts'
import { accessOfCode, authRevoke, authorize } from './oauth.ts'
import { oauthV2Access } from './rotation.ts'
import { searchMessages } from './search.ts'
import {
  conversationsArchive,
  conversationsCreate,
  conversationsInvite,
  conversationsOpen,
  conversationsSetTopic,
} from './manage.ts'
import { chatDeleteScheduledMessage, chatScheduleMessage, chatScheduledMessagesList } from './scheduled.ts'
import {
  conversationsHistory,
  conversationsInfo,
  conversationsList,
  conversationsMembers,
  conversationsReplies,
  usersConversations,
} from './conversations.ts'
import { reactionsAdd, reactionsGet, reactionsRemove } from './reactions.ts'
import { chatPostEphemeral, viewsOpen } from './blocks.ts'
import { authTest, usersInfo, usersList, usersLookupByEmail } from './users.ts'
import { SlackRefusal, requireScope, userOf } from './workspace.ts'
import type { Asked, Token } from './workspace.ts'

interface Method {
  /** Any of these; where left out, the method looks itself. */
  readonly scopes?: readonly string[]
  /** The only kind of token that it takes, where it is only one. */
  readonly kind?: Token['kind']
  readonly run: (asked: Asked) => JsonObject
}

/** docs.slack.dev/reference/methods */
const methods: Readonly<Record<string, Method>> = {
  'auth.revoke': { run: authRevoke },
  'auth.test': { run: authTest },
  'chat.delete': { scopes: ['chat:write'], run: chatDelete },
  'chat.deleteScheduledMessage': { scopes: ['chat:write'], run: chatDeleteScheduledMessage },
  'chat.getPermalink': { run: chatGetPermalink },
  'chat.postEphemeral': { scopes: ['chat:write'], run: chatPostEphemeral },
  'chat.postMessage': { scopes: ['chat:write'], run: chatPostMessage },
  'chat.scheduleMessage': { scopes: ['chat:write'], run: chatScheduleMessage },
  'chat.scheduledMessages.list': { run: chatScheduledMessagesList },
  'chat.update': { scopes: ['chat:write'], run: chatUpdate },
  'conversations.archive': { run: conversationsArchive },
  'conversations.create': { run: conversationsCreate },
  'conversations.history': { run: conversationsHistory },
  'conversations.info': { run: conversationsInfo },
  'conversations.invite': { run: conversationsInvite },
  'conversations.list': { run: conversationsList },
  'conversations.members': { run: conversationsMembers },
  'conversations.open': { run: conversationsOpen },
  'conversations.replies': { run: conversationsReplies },
  'conversations.setTopic': { run: conversationsSetTopic },
  'files.completeUploadExternal': { scopes: ['files:write'], run: filesCompleteUpload },
  'files.delete': { scopes: ['files:write'], run: filesDelete },
  'files.getUploadURLExternal': { scopes: ['files:write'], run: filesGetUploadUrl },
  'files.info': { scopes: ['files:read'], run: filesInfo },
  'reactions.add': { scopes: ['reactions:write'], run: reactionsAdd },
  'reactions.get': { scopes: ['reactions:read'], run: reactionsGet },
  'reactions.remove': { scopes: ['reactions:write'], run: reactionsRemove },
  'search.messages': { scopes: ['search:read'], kind: 'user', run: searchMessages },
  'usergroups.list': { scopes: ['usergroups:read'], run: usergroupsList },
  'views.open': { run: viewsOpen },
  'users.conversations': { run: usersConversations },
  'users.info': { scopes: ['users:read'], run: usersInfo },
  'users.list': { scopes: ['users:read'], run: usersList },
  'users.lookupByEmail': { scopes: ['users:read.email'], run: usersLookupByEmail },
}

export function respond(request: SandboxRequest, state: SandboxState, now: Date): SandboxResponse {
  if (request.path.startsWith('/~files/')) return respondToFiles(request, state, now)
  if (request.path === '/oauth/v2/authorize') return authorize(request, state, now)
  const name = /^\/api\/([A-Za-z0-9.]+)$/.exec(request.path)?.[1]
  if (name === undefined || !['GET', 'POST'].includes(request.method)) {
    return {
      status: 404,
      headers: { 'content-type': 'text/html; charset=utf-8' },
      body: '<!DOCTYPE html><title>Not found</title>',
    }
  }
  let token: Token | undefined
  try {
    const given = argumentsOf(request)
    if (name === 'oauth.v2.access')
      return answer((given.has('code') ? accessOfCode : oauthV2Access)(given, state, now), undefined)
    const method = Object.hasOwn(methods, name) ? methods[name] : undefined
    if (method === undefined) throw new SlackRefusal('unknown_method', { req_method: name })
    token = tokenOf(request, given, state, now)
    const me = userOf(state, token.user)
    if (me === undefined) throw new SlackRefusal('account_inactive')
    const asked: Asked = { arguments: given, token, me, state, now }
    if (method.kind !== undefined && method.kind !== token.kind) throw new SlackRefusal('not_allowed_token_type')
    if (method.scopes !== undefined) requireScope(asked, ...method.scopes)
    return answer(method.run(asked), token)
  } catch (error) {
    if (!(error instanceof SlackRefusal)) throw error
    return answer({ ok: false, error: error.code, ...error.details }, token)
  }
}

/** files.slack.com: the bytes of files, up and down. */
function respondToFiles(request: SandboxRequest, state: SandboxState, now: Date): SandboxResponse {
  const [, , kind, first = '', second = ''] = request.path.split('/')
  if (request.method === 'POST' && kind === 'upload' && first === 'v1') {
    const length = takeUpload(state, second, request.body)
    return length === undefined ? plain(400, 'invalid_upload') : plain(200, `OK - ${length}`)
  }
  if (request.method !== 'GET' || kind !== 'files-pri') return plain(404, 'Not found')
  try {
    const token = tokenOf(request, new Map(), state, now)
    const me = userOf(state, token.user)
    if (me === undefined || !token.scopes.includes('files:read')) return login
    const asked: Asked = { arguments: new Map(), token, me, state, now }
    const file = downloadOf(asked, first.split('-').at(-1) ?? '')
    return file === undefined ? plain(404, 'Not found') : plain(200, file.content, file.mimetype)
  } catch (error) {
    if (error instanceof SlackRefusal) return login
    throw error
  }
}

/** Whoever may not have a file is sent to sign in. */
const login: SandboxResponse = { status: 302, headers: { location: 'https://larkfield.slack.com/?redir=files-pri' } }

function plain(status: number, body: string, type = 'text/plain; charset=utf-8'): SandboxResponse {
  return { status, headers: { 'content-type': type }, body }
}

function answer(body: JsonObject, token: Token | undefined): SandboxResponse {
  const scopes = token === undefined ? {} : { 'x-oauth-scopes': token.scopes.join(',') }
  return { status: 200, headers: { 'content-type': 'application/json; charset=utf-8', ...scopes }, body }
}

function tokenOf(
  { headers }: Pick<SandboxRequest, 'headers'>,
  given: ReadonlyMap<string, string>,
  state: SandboxState,
  now: Date,
): Token {
  const bearer = /^Bearer +(\S+)$/i.exec(headers.get('authorization') ?? '')?.[1] ?? given.get('token')
  if (bearer === undefined) throw new SlackRefusal('not_authed')
  const token = state.get('token', bearer) as Token | undefined
  if (token === undefined) throw new SlackRefusal('invalid_auth')
  if (token.revoked) throw new SlackRefusal('token_revoked')
  if (token.expires > 0 && token.expires <= now.getTime() / 1000) throw new SlackRefusal('token_expired')
  return token
}

/** docs.slack.dev/apis/web-api#methods_supported: a query, a form, or JSON with the token in the header. */
function argumentsOf({ method, query, headers, body }: SandboxRequest): ReadonlyMap<string, string> {
  const given = new Map(query)
  if (method === 'GET' || body === '') return given
  const type = (headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase()
  if (type === undefined || type === '') throw new SlackRefusal('missing_post_type')
  if (type === 'application/x-www-form-urlencoded') {
    for (const [key, value] of new URLSearchParams(body)) given.set(key, value)
    return given
  }
  if (type !== 'application/json') throw new SlackRefusal('invalid_post_type')
  for (const [key, value] of Object.entries(parseObject(body))) {
    if (value !== null) given.set(key, typeof value === 'string' ? value : JSON.stringify(value))
  }
  return given
}

function parseObject(body: string): JsonObject {
  try {
    const value: unknown = JSON.parse(body)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject
  } catch {
    // Slack has one word for all of it.
  }
  throw new SlackRefusal('invalid_json')
}
