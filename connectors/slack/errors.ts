// What Slack's errors mean: for a write, whether it may have happened; for the agent, a sentence of ours.
import { HubError } from 'toolgate/kit'
import type { ErrorCode, Verdict, VendorAnswer } from 'toolgate/kit'

interface Meaning {
  readonly code: ErrorCode
  readonly sentence: string
  /** `refused` where left out: Slack looked at the request and did nothing. */
  readonly write?: Verdict
}

const credential = 'Slack does not accept the credential of this connection. Whoever runs the hub must renew it.'
const malformed = 'Slack did not understand the request. Nothing was done; this is for whoever runs the hub to look at.'
const broke = 'Slack broke while it answered. Try again later.'
const restricted = 'A setting of this workspace or channel keeps the app from posting here.'
const channelName = 'The name of a channel has only small letters, digits, hyphens and underscores, and at most 80 of them.'
const migrating = 'Slack is moving this workspace and does not answer for now. Try again later.'
const noFiles = 'The workspace lets no such file be shared here.'
const denied = "Slack does not let the app do this. Whoever runs the hub must look at the app's permissions."

/**
 * Slack's documented errors: docs.slack.dev/reference/methods/chat.postMessage, chat.update, chat.delete, reactions.add,
 * conversations.info, conversations.history, conversations.replies, users.info, files.completeUploadExternal and oauth.v2.access. Of `fatal_error` and `internal_error`
 * they say that "it's possible some aspect of the operation succeeded before the error was raised".
 */
const meanings: Readonly<Record<string, Meaning>> = {
  fatal_error: { code: 'unavailable', sentence: broke, write: 'unclear' },
  internal_error: { code: 'unavailable', sentence: broke, write: 'unclear' },
  service_unavailable: { code: 'unavailable', sentence: broke, write: 'unclear' },
  request_timeout: { code: 'unavailable', sentence: broke, write: 'unclear' },
  update_failed: { code: 'unavailable', sentence: broke, write: 'unclear' },
  team_added_to_org: { code: 'unavailable', sentence: migrating },
  org_login_required: { code: 'unavailable', sentence: migrating },
  external_channel_migrating: { code: 'unavailable', sentence: migrating },

  channel_not_found: {
    code: 'not_found',
    sentence: 'Slack has no such channel, or it is private and the app is not in it. Find channels with channel_list.',
  },
  thread_not_found: { code: 'not_found', sentence: 'There is no message with this timestamp in this channel.' },
  message_not_found: { code: 'not_found', sentence: 'There is no message with this timestamp in this channel.' },
  user_not_found: { code: 'not_found', sentence: 'Slack has no such person. Find people with user_find.' },
  users_not_found: { code: 'not_found', sentence: 'Nobody in this workspace has this e-mail address.' },
  user_not_visible: { code: 'not_found', sentence: 'The app may not see this person.' },
  team_not_found: { code: 'not_found', sentence: 'The workspace of this message is gone.' },

  is_archived: { code: 'refused', sentence: 'The channel is archived and takes no changes.' },
  is_inactive: { code: 'refused', sentence: 'The channel is archived or frozen and takes no changes.' },
  cant_update_message: { code: 'refused', sentence: 'Only messages of the app itself can be changed.' },
  cant_delete_message: { code: 'refused', sentence: 'Only messages of the app itself can be deleted.' },
  edit_window_closed: { code: 'refused', sentence: 'The workspace no longer lets this message be edited.' },
  compliance_exports_prevent_deletion: {
    code: 'refused',
    sentence: 'Compliance settings keep messages from being deleted.',
  },
  block_mismatch: { code: 'refused', sentence: 'This message has blocks that text cannot replace.' },
  streaming_state_conflict: { code: 'conflict', sentence: 'The message is still being written. Try again later.' },
  too_many_emoji: { code: 'refused', sentence: 'The message already has as many different reactions as it can have.' },
  too_many_reactions: { code: 'refused', sentence: 'The app already has as many reactions on this message as it can have.' },
  not_reactable: { code: 'refused', sentence: 'This cannot be reacted to.' },
  no_reaction: { code: 'refused', sentence: 'The app has no such reaction there.' },
  invalid_scheduled_message_id: {
    code: 'not_found',
    sentence: 'There is no such scheduled message any more: it was posted, taken back, or is posted within the minute.',
  },
  time_in_past: { code: 'refused', sentence: 'The time to post at has passed.' },
  time_too_far: { code: 'refused', sentence: 'Slack schedules messages at most 120 days ahead.' },
  invalid_time: { code: 'invalid_input', sentence: 'The time to post at is not a time.' },
  restricted_too_many: {
    code: 'refused',
    sentence: 'This channel already has as many scheduled messages around that time as it can have.',
  },
  name_taken: { code: 'refused', sentence: 'A channel has this name already, perhaps an archived or a private one.' },
  invalid_name_specials: { code: 'invalid_input', sentence: channelName },
  invalid_name_punctuation: { code: 'invalid_input', sentence: channelName },
  invalid_name_maxlength: { code: 'invalid_input', sentence: channelName },
  invalid_name_required: { code: 'invalid_input', sentence: channelName },
  already_in_channel: { code: 'refused', sentence: 'Somebody of these people is in the channel already.' },
  cant_invite_self: { code: 'refused', sentence: 'The app cannot invite itself.' },
  cant_invite: { code: 'refused', sentence: 'Somebody of these people cannot be invited to this channel.' },
  ura_max_channels: { code: 'refused', sentence: 'A guest of these people can be in no more channels.' },
  user_is_restricted: { code: 'refused', sentence: restricted },
  user_is_ultra_restricted: { code: 'refused', sentence: restricted },
  already_archived: { code: 'refused', sentence: 'The channel is archived already.' },
  cant_archive_general: { code: 'refused', sentence: 'The channel that everybody is in cannot be archived.' },
  cant_archive_required: { code: 'refused', sentence: 'This channel cannot be archived.' },
  too_long: { code: 'invalid_input', sentence: 'The text is too long for Slack. Shorten it.' },
  method_not_supported_for_channel_type: { code: 'refused', sentence: 'This kind of conversation cannot be changed so.' },
  cannot_dm_bot: { code: 'refused', sentence: 'Direct messages cannot be written to a bot.' },
  user_disabled: { code: 'refused', sentence: 'This account is not active any more.' },
  file_not_found: { code: 'not_found', sentence: 'Slack has no such file, or the app may not see it.' },
  file_deleted: { code: 'not_found', sentence: 'This file was deleted.' },
  file_update_failed: { code: 'unavailable', sentence: broke, write: 'unclear' },
  cant_delete_file: { code: 'refused', sentence: 'Only files of the app itself can be deleted.' },
  invalid_channel: { code: 'not_found', sentence: 'Slack has no such channel, or the app is not in it.' },
  posting_to_channel_denied: { code: 'refused', sentence: restricted },
  file_uploads_disabled: { code: 'refused', sentence: noFiles },
  file_uploads_except_images_disabled: { code: 'refused', sentence: noFiles },
  file_upload_size_restricted: { code: 'refused', sentence: noFiles },
  blocked_file_type: { code: 'refused', sentence: noFiles },
  malware_detected: { code: 'refused', sentence: 'Slack takes this file for malware and has not kept it.' },
  slack_connect_blocked_file_type: { code: 'refused', sentence: noFiles },
  slack_connect_file_upload_sharing_blocked: { code: 'refused', sentence: noFiles },
  no_query: { code: 'invalid_input', sentence: 'There is nothing to search for.' },
  already_reacted: { code: 'refused', sentence: 'The app already reacted with this emoji.' },
  restricted_action: { code: 'refused', sentence: restricted },
  restricted_action_read_only_channel: { code: 'refused', sentence: restricted },
  restricted_action_thread_only_channel: { code: 'refused', sentence: 'This channel takes replies in threads only.' },
  restricted_action_non_threadable_channel: { code: 'refused', sentence: 'This channel takes no replies in threads.' },
  restricted_action_thread_locked: { code: 'refused', sentence: 'This thread is locked.' },

  msg_too_long: { code: 'invalid_input', sentence: 'The message is too long for Slack. Shorten it.' },
  no_text: { code: 'invalid_input', sentence: 'The message has no text.' },
  invalid_name: { code: 'invalid_input', sentence: 'This workspace has no emoji of that name.' },
  bad_timestamp: { code: 'invalid_input', sentence: 'The timestamp is not one of a message.' },
  invalid_thread_ts: { code: 'invalid_input', sentence: 'The timestamp is not one of a message.' },
  invalid_ts_latest: { code: 'invalid_input', sentence: 'The end of the time range is not a time.' },
  invalid_ts_oldest: { code: 'invalid_input', sentence: 'The start of the time range is not a time.' },
  invalid_cursor: { code: 'invalid_input', sentence: 'The cursor is not valid any more. Start again without it.' },
  invalid_limit: { code: 'invalid_input', sentence: 'The limit is out of range.' },

  not_in_channel: {
    code: 'forbidden',
    sentence: 'The app is not in this channel. Someone in it must invite the app: /invite and its name.',
  },
  missing_scope: { code: 'forbidden', sentence: denied },
  no_permission: { code: 'forbidden', sentence: denied },
  access_denied: { code: 'forbidden', sentence: denied },
  not_allowed_token_type: { code: 'forbidden', sentence: denied },
  team_access_not_granted: { code: 'forbidden', sentence: denied },
  enterprise_is_restricted: { code: 'forbidden', sentence: denied },
  accesslimited: { code: 'forbidden', sentence: denied },
  ekm_access_denied: { code: 'forbidden', sentence: 'The administrators of this workspace have suspended posting.' },

  not_authed: { code: 'unauthenticated', sentence: credential },
  invalid_auth: { code: 'unauthenticated', sentence: credential },
  account_inactive: { code: 'unauthenticated', sentence: credential },
  token_revoked: { code: 'unauthenticated', sentence: credential },
  token_expired: { code: 'unauthenticated', sentence: credential },
  invalid_refresh_token: { code: 'unauthenticated', sentence: credential },
  invalid_client_id: { code: 'unauthenticated', sentence: credential },
  bad_client_secret: { code: 'unauthenticated', sentence: credential },
  invalid_grant_type: { code: 'internal', sentence: malformed },
  two_factor_setup_required: { code: 'unauthenticated', sentence: credential },

  ratelimited: { code: 'rate_limited', sentence: 'Slack asks to wait before the next request.' },
  rate_limited: { code: 'rate_limited', sentence: 'Slack asks to wait before the next request.' },

  unknown_method: { code: 'internal', sentence: malformed },
  method_deprecated: { code: 'internal', sentence: malformed },
  deprecated_endpoint: { code: 'internal', sentence: malformed },
  invalid_arguments: { code: 'internal', sentence: malformed },
  invalid_arg_name: { code: 'internal', sentence: malformed },
  invalid_array_arg: { code: 'internal', sentence: malformed },
  invalid_charset: { code: 'internal', sentence: malformed },
  invalid_form_data: { code: 'internal', sentence: malformed },
  invalid_post_type: { code: 'internal', sentence: malformed },
  missing_post_type: { code: 'internal', sentence: malformed },
  no_item_specified: { code: 'internal', sentence: malformed },
  invalid_metadata_format: { code: 'internal', sentence: malformed },
  invalid_metadata_schema: { code: 'internal', sentence: malformed },
  metadata_too_large: { code: 'internal', sentence: malformed },
  metadata_must_be_sent_from_app: { code: 'internal', sentence: malformed },
}

/** Slack says in the body what other vendors say in the status. An error that its pages do not list is unclear. */
export function verdict({ status, headers, json }: VendorAnswer): Verdict {
  if (status === 408 || status >= 500) return 'unclear'
  if (status >= 400) return 'refused'
  // So it answers to the bytes of a file, and to nothing else: `OK - 42`.
  if (status === 200 && json === undefined && headers.get('content-type')?.startsWith('text/plain') === true)
    return 'accepted'
  if (status !== 200 || !isObject(json)) return 'unclear'
  if (json['ok'] === true) return 'accepted'
  const meaning = meaningOf(json['error'])
  if (json['ok'] !== false || meaning === undefined) return 'unclear'
  return meaning.write ?? 'refused'
}

/** The HubError for whatever the SDK threw. */
export function toHubError(error: unknown): HubError {
  if (error instanceof HubError) return error
  const thrown = isObject(error) ? error : {}
  if (thrown['original'] instanceof HubError) return thrown['original']
  switch (thrown['code']) {
    case 'slack_webapi_platform_error':
      return platformError(thrown['data'], error)
    case 'slack_webapi_rate_limited_error':
      return rateLimited(Number(thrown['retryAfter']), error)
    case 'slack_webapi_http_error':
      return httpError(Number(thrown['statusCode']), error)
    case 'slack_webapi_request_error':
      return new HubError('unavailable', 'Slack cannot be reached. Try again later.', { cause: error })
    default:
      // The SDK has no code for a 429 that does not say how long to wait.
      if (error instanceof Error && error.message.startsWith('Retry header did not contain')) return rateLimited(NaN, error)
      return badResponse(error)
  }
}

/** Whether Slack said this one thing. */
export function isSlackError(error: unknown, name: string): boolean {
  return nameOf(error instanceof HubError ? error.cause : error) === name
}

function badResponse(cause: unknown): HubError {
  return new HubError('bad_response', 'Slack gave an answer that could not be understood. Try again later.', { cause })
}

function platformError(data: unknown, cause: unknown): HubError {
  const answer = isObject(data) ? data : {}
  const name = answer['error']
  if (name === 'missing_scope') return missingScope(answer['needed'], cause)
  const meaning = meaningOf(name)
  if (meaning !== undefined) return new HubError(meaning.code, meaning.sentence, { cause })
  if (typeof name !== 'string' || !/^[a-z][a-z0-9_]{1,79}$/.test(name)) return badResponse(cause)
  return new HubError('refused', 'Slack refused for a reason that the hub does not know. The log has its name.', { cause })
}

function missingScope(needed: unknown, cause: unknown): HubError {
  if (typeof needed !== 'string' || !/^[a-z:._,| -]{1,200}$/.test(needed))
    return new HubError('forbidden', denied, { cause })
  const sentence = `The Slack app lacks the scope ${needed}. Whoever runs the hub must add it and install the app again.`
  return new HubError('forbidden', sentence, { cause })
}

function rateLimited(seconds: number, cause: unknown): HubError {
  if (!Number.isFinite(seconds))
    return new HubError('rate_limited', 'Slack asks to wait before the next request.', { cause })
  const sentence = `Slack asks to wait ${seconds} seconds before the next request.`
  return new HubError('rate_limited', sentence, { cause, retryAfterMs: seconds * 1000 })
}

function httpError(status: number, cause: unknown): HubError {
  if (status === 408 || status >= 500) return new HubError('unavailable', broke, { cause })
  return badResponse(cause)
}

function meaningOf(name: unknown): Meaning | undefined {
  return typeof name === 'string' && Object.hasOwn(meanings, name) ? meanings[name] : undefined
}

function nameOf(thrown: unknown): unknown {
  const data = isObject(thrown) ? thrown['data'] : undefined
  return isObject(data) ? data['error'] : undefined
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
