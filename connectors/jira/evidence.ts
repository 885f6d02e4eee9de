// What Jira shows of an operation whose answer was lost: the tag that it left, or the one change that only it can have made.
import { HubError } from 'toolgate/kit'
import type { Comment } from './records.ts'
import { changeProperty, operationProperty } from './records.ts'
import type { Issue, JiraReads } from './jira.ts'
import { quoted } from './jql.ts'

export type Verdict = 'happened' | 'absent' | 'unclear'
export const absent = { verdict: 'absent' } as const
export const unclear = { verdict: 'unclear' } as const
export const happened = <Out>(output: Out) => ({ verdict: 'happened' as const, output })

/** The evidence of a verdict, with what apply would have given. */
export function evidence<Out>(verdict: Verdict, output: Out) {
  return verdict === 'happened' ? happened(output) : verdict === 'absent' ? absent : unclear
}

/** For how long "not there" proves nothing where Jira is asked for the thing itself: its own requests end within a minute. */
export const directSettlesMs = 2 * 60_000
/** And where it is asked by a search, whose index lags. */
export const searchSettlesMs = 10 * 60_000

/** Two clocks differ; only a tag is believed, so that looking a little further back costs nothing. */
const slackMs = 5 * 60_000
const most = 25

/** Of a change that tags the issue with its operation. A later change of ours takes the tag over, so that no tag says nothing. */
export async function issueChanged(
  jira: JiraReads,
  { key, rev }: { readonly key: string; readonly rev: string },
  operationId: string,
): Promise<Verdict> {
  if ((await jira.issueProperty(key, changeProperty)) === operationId) return 'happened'
  const now = await jira.issue(key)
  return now.rev === rev ? 'absent' : 'unclear'
}

/** The comment that carries the operation's tag; undefined when there is none, `unclear` when there are too many to look at. */
export async function commentOf(
  jira: JiraReads,
  key: string,
  { operationId, sentAt }: { readonly operationId: string; readonly sentAt: Date },
): Promise<Comment | 'unclear' | undefined> {
  const { comments, next } = await jira.comments(key, { limit: most, start: 0 })
  const since = comments.filter(({ created }) => isSince(created, sentAt))
  for (const comment of since) {
    const tag = await jira.commentProperty(comment.id, operationProperty)
    if (tag === operationId) return comment
    if (tag === undefined && (await isUntagged(jira, comment.author?.id))) return 'unclear'
  }
  return next !== undefined && since.length === comments.length ? 'unclear' : undefined
}

/** The issue that carries the operation's tag, among those that the hub's account has created since. */
export async function createdIssueOf(
  jira: JiraReads,
  /** Its id. */
  project: string,
  { operationId, sentAt, now }: { readonly operationId: string; readonly sentAt: Date; readonly now: Date },
): Promise<{ readonly id: string; readonly key: string } | 'unclear' | undefined> {
  const minutes = Math.ceil((now.getTime() - sentAt.getTime() + slackMs) / 60_000)
  const jql = `project = ${quoted(project)} AND creator = currentUser() AND created >= "-${minutes}m" ORDER BY created DESC`
  const { issues, next } = await jira.search({ jql, limit: most })
  for (const issue of issues) {
    // The property itself, not what the index knows of it.
    const tag = await jira.issueProperty(issue.key, operationProperty)
    if (tag === operationId) return issue
    if (tag === undefined && (await isUntagged(jira))) return 'unclear'
  }
  return next === undefined ? undefined : 'unclear'
}

/**
 * Of something new of the hub's account without any tag. Jira Cloud keeps the tag with what it tags; of Data Center that is
 * documented of no version, so that what has none may be anybody's.
 */
async function isUntagged(jira: JiraReads, author?: string): Promise<boolean> {
  return jira.deployment === 'data-center' && (author === undefined || author === (await jira.me()))
}

/**
 * Of a change that cannot be tagged: the history has it, by the hub's account, exactly once, and nothing else of its kind.
 *
 * @param isIt whether an item is the change that was asked for
 * @param isLike whether it is one of its kind, whatever its values
 */
export async function historyHas(
  jira: JiraReads,
  { key, since }: { readonly key: string; readonly since: string },
  isIt: (item: HistoryItem) => boolean,
  isLike: (item: HistoryItem) => boolean,
): Promise<Verdict> {
  const changes = await jira.changesSince(key, since)
  if (changes === undefined) return 'unclear'
  const me = await jira.me()
  const like = changes.flatMap(({ author, items }) =>
    items.filter(isLike).map((item) => ({ item, mine: author?.id === me })),
  )
  if (like.length === 0) return 'absent'
  const [only] = like
  return like.length === 1 && only !== undefined && only.mine && isIt(only.item) ? 'happened' : 'unclear'
}

export type HistoryItem = NonNullable<Awaited<ReturnType<JiraReads['changesSince']>>>[number]['items'][number]

/** Of a deletion: it is gone, and the account could still see and delete it where it was. */
export async function isGone(found: Promise<unknown>): Promise<boolean> {
  try {
    await found
    return false
  } catch (error) {
    if (error instanceof HubError && error.code === 'not_found') return true
    throw error
  }
}

export function changedSince({ key }: Pick<Issue, 'key'>, what: string): HubError {
  return new HubError('conflict', `Somebody has changed ${what} of ${key} since then. It is left as it is.`)
}

export const told = 'Whoever was told of it has been told.'

function isSince(created: string, at: Date): boolean {
  return Date.parse(created) >= at.getTime() - slackMs
}
