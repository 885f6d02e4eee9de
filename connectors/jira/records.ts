// What else can be read of an issue: its history, links, files, hours, sprints, and who did what.
import { HubError, parseAnswer } from 'toolgate/kit'
import type { Json } from 'toolgate/kit'
import type { Client } from 'jira.js/core'
import type { z } from 'zod'
import * as answers from './answers.ts'
import type { Sdk } from './sdk.ts'

/** Ties what was created to the operation that created it, in the same request. */
export const operationProperty = 'toolgate.operation'
/** Ties the last change of something to the operation that made it, in the same request. */
export const changeProperty = 'toolgate.change'
/** Where the hub's own account is remembered. */
export const accountKey = 'jira.me'
type Property = typeof operationProperty | typeof changeProperty

export type Change = z.output<typeof answers.Change>
export type Comment = z.output<typeof answers.Comment>

const changesPerPage = 100

export function jiraRecords(sdk: Sdk, client: Client, cache: Map<string, unknown>) {
  const changes = async (key: string, limit: number, start: number) =>
    parseAnswer(
      'Jira',
      answers.Changes,
      await sdk.getChangeLogs(client, { issueIdOrKey: key, maxResults: limit, startAt: start }),
    )

  return {
    /** The hub's own account. */
    async me(): Promise<string> {
      const known = cache.get(accountKey)
      if (typeof known === 'string') return known
      const { id } = parseAnswer('Jira', answers.User, await sdk.getCurrentUser(client))
      cache.set(accountKey, id)
      return id
    },

    async count(jql: string): Promise<number> {
      return parseAnswer('Jira', answers.Count, await sdk.countIssues(client, { jql })).count
    },

    /** The newest `limit` changes, oldest first; `start` is where they begin in the whole history. */
    async changes(key: string, limit: number, before?: number) {
      // Jira gives them from the oldest on, so that the end is found by their number.
      const end = before ?? (await changes(key, 1, 0)).total
      const start = Math.max(0, end - limit)
      const page = end === 0 ? undefined : await changes(key, end - start, start)
      return { changes: page?.values ?? [], start }
    },

    /** Those after `at`, oldest first; undefined when there are too many to look at. */
    async changesSince(key: string, at: string): Promise<readonly Change[] | undefined> {
      const { changes: newest, start } = await this.changes(key, changesPerPage)
      const since = newest.filter(({ created }) => Date.parse(created) > Date.parse(at))
      return start > 0 && since.length === newest.length ? undefined : since
    },

    async comment(key: string, id: string): Promise<Comment> {
      return parseAnswer('Jira', answers.Comment, await sdk.getComment(client, { issueIdOrKey: key, id }))
    },

    async issueProperty(key: string, propertyKey: Property) {
      return await valueOf(sdk.getIssueProperty(client, { issueIdOrKey: key, propertyKey }))
    },

    async commentProperty(id: string, propertyKey: Property) {
      return await valueOf(sdk.getCommentProperty(client, { commentId: id, propertyKey }))
    },

    async worklogProperty(key: string, id: string, propertyKey: Property) {
      return await valueOf(sdk.getWorklogProperty(client, { issueIdOrKey: key, worklogId: id, propertyKey }))
    },

    /** Those whose work began at `startedAt`, to the millisecond. */
    async worklogs(key: string, startedAt: Date) {
      const at = startedAt.getTime()
      const page = await sdk.getIssueWorklog(client, {
        issueIdOrKey: key,
        startedAfter: at - 1,
        startedBefore: at + 1,
        maxResults: 100,
      })
      return parseAnswer('Jira', answers.Worklogs, page).worklogs
    },

    /** What the issue is tied to, with what is needed to know whether it is still the same. */
    async related(key: string) {
      const answer = await sdk.getIssue(client, {
        issueIdOrKey: key,
        fields: answers.relatedFields,
        updateHistory: false,
      })
      const { issuelinks, attachment, subtasks } = parseAnswer('Jira', answers.Related, answer).fields
      return {
        links: issuelinks.flatMap(answers.linkOf),
        attachments: attachment,
        subtasks: subtasks.map((each) => each.key),
      }
    },

    /** Whatever these fields hold; `*all` for all of them. */
    async fieldsOf(key: string, ids: readonly string[]) {
      const given = { issueIdOrKey: key, fields: [...ids], expand: 'names', updateHistory: false }
      return parseAnswer('Jira', answers.Fields, await sdk.getIssue(client, given))
    },

    async linkTypes() {
      return parseAnswer('Jira', answers.LinkTypes, await sdk.getIssueLinkTypes(client)).issueLinkTypes
    },

    /** The bytes of a file. Jira would send to another host for them, unless it is asked not to. */
    async content(id: string): Promise<Buffer> {
      return (await sdk.getAttachmentContent(client, { id, redirect: false })) as Buffer
    },

    async sprint(id: number) {
      return parseAnswer('Jira', answers.Sprint, await sdk.getSprint(client, { sprintId: id }))
    },

    /** The sprint that the issue is in, if it is in one that has not ended. */
    async sprintOf(key: string) {
      // The names of fields, which jira.js takes for objects.
      const fields = ['sprint'] as unknown as Record<string, unknown>[]
      const answer = await sdk.getSoftwareIssue(client, { issueIdOrKey: key, fields })
      const { sprint } = parseAnswer('Jira', answers.SprintOfIssue, answer).fields
      return sprint
    },
  }
}

/** Undefined when there is no such property, or nothing to have one. */
async function valueOf(asked: Promise<unknown>): Promise<Json | undefined> {
  try {
    return parseAnswer('Jira', answers.Property, await asked).value
  } catch (error) {
    if (error instanceof HubError && error.code === 'not_found') return undefined
    throw error
  }
}
