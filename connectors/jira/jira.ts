// Jira in our words: what can be asked of it and done in it.
import { digest, parseAnswer } from 'toolgate/kit'
import type { JsonObject, Opening } from 'toolgate/kit'
import type { z } from 'zod'
import * as answers from './answers.ts'
import { jiraClient } from './client.ts'
import { markdownWriter } from './markdown.ts'
import { jiraRecords } from './records.ts'
import { loadSdk } from './sdk.ts'
import type { Settings } from './settings.ts'
import { jiraWrites } from './writes.ts'

export interface Issue {
  readonly id: string
  readonly key: string
  readonly fields: z.output<typeof answers.Issue>['fields']
  /** Changes with every change of the issue that the hub can see. */
  readonly rev: string
  readonly url: string
}

export type Field = Omit<answers.FieldMeta, 'key' | 'fieldId'> & { readonly id: string }
export type Transition = Omit<z.output<typeof answers.Transition>, 'fields'> & { readonly fields: readonly Field[] }

export const permissionNames = {
  ADD_COMMENTS: 'Add Comments',
  ASSIGN_ISSUES: 'Assign Issues',
  CREATE_ATTACHMENTS: 'Create Attachments',
  CREATE_ISSUES: 'Create Issues',
  DELETE_ALL_COMMENTS: 'Delete All Comments',
  DELETE_ISSUES: 'Delete Issues',
  DELETE_OWN_COMMENTS: 'Delete Own Comments',
  EDIT_ISSUES: 'Edit Issues',
  EDIT_OWN_COMMENTS: 'Edit Own Comments',
  LINK_ISSUES: 'Link Issues',
  SCHEDULE_ISSUES: 'Schedule Issues',
  TRANSITION_ISSUES: 'Transition Issues',
  WORK_ON_ISSUES: 'Work On Issues',
} as const
export type Permission = keyof typeof permissionNames

export type Jira = Awaited<ReturnType<typeof openJira>>
/** Jira as a plan sees it. */
export type JiraReads = Omit<Jira, 'write'>

export async function openJira({ base, fetch, settings, credential, cache }: Opening<Settings>) {
  const [sdk, toAdf] = await Promise.all([loadSdk(), markdownWriter()])
  const client = jiraClient({ base, fetch, authorization: authorization(settings, credential) })
  const url = (key: string) => `${settings.site}/browse/${key}`

  return {
    ...jiraRecords(sdk, client, cache),
    toAdf,
    url,

    async project(key: string) {
      return parseAnswer('Jira', answers.Project, await sdk.getProject(client, { projectIdOrKey: key }))
    },

    async projects({
      query,
      keys,
      limit,
      start,
    }: {
      query?: string
      keys?: readonly string[]
      limit: number
      start: number
    }) {
      const page = parseAnswer(
        'Jira',
        answers.ProjectPage,
        await sdk.searchProjects(client, {
          query,
          keys: keys && [...keys],
          maxResults: limit,
          startAt: start,
          orderBy: 'key',
          expand: 'lead',
        }),
      )
      const next = page.startAt + page.values.length
      return { projects: page.values, next: page.isLast === true || page.values.length === 0 ? undefined : String(next) }
    },

    async search({ jql, limit, cursor }: { jql: string; limit: number; cursor?: string | undefined }) {
      const page = parseAnswer(
        'Jira',
        answers.SearchPage,
        await sdk.searchAndReconsileIssuesUsingJqlPost(client, {
          jql,
          maxResults: limit,
          nextPageToken: cursor,
          fields: answers.searchFields,
        }),
      )
      return { issues: page.issues, next: page.isLast === true ? undefined : page.nextPageToken }
    },

    async issue(key: string): Promise<Issue> {
      const {
        id,
        key: resolved,
        fields,
      } = parseAnswer(
        'Jira',
        answers.Issue,
        await sdk.getIssue(client, { issueIdOrKey: key, fields: answers.issueFields, updateHistory: false }),
      )
      return { id, key: resolved, fields, rev: revision(id, resolved, fields), url: url(resolved) }
    },

    /** Newest first. */
    async comments(key: string, { limit, start }: { limit: number; start: number }) {
      const page = parseAnswer(
        'Jira',
        answers.Comments,
        await sdk.getComments(client, { issueIdOrKey: key, maxResults: limit, startAt: start, orderBy: '-created' }),
      )
      const next = page.startAt + page.comments.length
      return { ...page, next: page.comments.length === 0 || next >= page.total ? undefined : String(next) }
    },

    /** Those that the workflow offers the hub's account now. */
    async transitions(key: string): Promise<readonly Transition[]> {
      const { transitions } = parseAnswer(
        'Jira',
        answers.Transitions,
        await sdk.getTransitions(client, { issueIdOrKey: key, expand: 'transitions.fields' }),
      )
      return transitions
        .filter(({ isAvailable }) => isAvailable !== false)
        .map(({ fields = {}, ...transition }) => ({ ...transition, fields: named(fields) }))
    },

    async editableFields(key: string): Promise<readonly Field[]> {
      return named(parseAnswer('Jira', answers.EditMeta, await sdk.getEditIssueMeta(client, { issueIdOrKey: key })).fields)
    },

    async issueTypes(project: string) {
      const page = await sdk.getCreateIssueMetaIssueTypes(client, { projectIdOrKey: project, maxResults: 200 })
      return parseAnswer('Jira', answers.CreateTypes, page).issueTypes
    },

    async createFields(project: string, type: string): Promise<readonly Field[]> {
      const page = await sdk.getCreateIssueMetaIssueTypeId(client, {
        projectIdOrKey: project,
        issueTypeId: type,
        maxResults: 200,
      })
      return parseAnswer('Jira', answers.CreateFields, page).fields.flatMap(({ fieldId, key, ...field }) => {
        const id = fieldId ?? key
        return id === undefined ? [] : [{ ...field, id }]
      })
    },

    async permissions(where: { issueKey: string } | { projectKey: string }, names: readonly Permission[]) {
      const { permissions } = parseAnswer(
        'Jira',
        answers.Permissions,
        await sdk.getMyPermissions(client, { ...where, permissions: names.join(',') }),
      )
      return new Set(names.filter((name) => permissions[name]?.havePermission === true))
    },

    async findUsers(query: string, limit: number) {
      return parseAnswer('Jira', answers.User.array(), await sdk.findUsers(client, { query, maxResults: limit }))
    },

    async assignable(
      where: { issueKey: string } | { project: string },
      who: { query: string } | { accountId: string },
      limit: number,
    ) {
      return parseAnswer(
        'Jira',
        answers.User.array(),
        await sdk.findAssignableUsers(client, { ...where, ...who, maxResults: limit }),
      )
    },

    write: jiraWrites(sdk, client),
  }
}

/** Everything that is read, so that two issues with the same `rev` look the same; people who watch change nothing. */
function revision(id: string, key: string, { watches: _watches, description, ...fields }: Issue['fields']): string {
  // Spelt as text first: a vendor's document may hold what canonical JSON refuses.
  const text = JSON.stringify(description ?? null)
  const seen = JSON.parse(JSON.stringify(fields).toWellFormed()) as JsonObject
  return digest({ id, key, text, seen }).slice(0, 16)
}

/** https://developer.atlassian.com/cloud/jira/platform/basic-auth-for-rest-apis/ */
function authorization({ email }: Settings, credential: string): string {
  if (email === undefined) return `Bearer ${credential}`
  return `Basic ${Buffer.from(`${email}:${credential}`, 'utf8').toString('base64')}`
}

function named(fields: Readonly<Record<string, answers.FieldMeta>>): readonly Field[] {
  return Object.entries(fields).map(([id, { key: _key, fieldId: _fieldId, ...field }]) => ({ ...field, id }))
}
