// Named lists of tools, so that a model reads about those of a day's work and not about all; others are on request.

/** By connector, without prefixes: every instance of it offers the same. */
export type Profile = Readonly<Record<string, ReadonlySet<string>>>

/** At most 24 tools, whose list costs a model less than 6,000 tokens: `npm run bench:tokens` prints it. */
const day: Profile = {
  jira: new Set([
    'issue_search',
    'issue_get',
    'issue_create',
    'issue_update',
    'issue_transition',
    'issue_assign',
    'comment_add',
    'comment_list',
    'user_find',
  ]),
  salesforce: new Set(['record_find', 'record_get', 'record_create', 'record_update', 'task_create']),
  slack: new Set(['channel_list', 'history_read', 'thread_read', 'message_send', 'thread_reply', 'user_find']),
}

export const profiles: Readonly<Record<'default', Profile>> = { default: day }
