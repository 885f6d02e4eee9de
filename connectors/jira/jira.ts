// Jira in our words: what can be asked of it and done in it.
import { digest, HubError, parseAnswer } from 'toolgate/kit'
import type { JsonObject, Opening } from 'toolgate/kit'
import type { z } from 'zod'
import * as answers from './answers.ts'
import { jiraClient } from './client.ts'
import { authorityOf, scopesFor } from './credentials.ts'
import { dataCenterClient, nameOf } from './data-center/client.ts'
import { wikiOf } from './data-center/wiki.ts'
import { markdownWriter } from './markdown.ts'
import { rewrittenJql } from './raw-jql/rewrite.ts'
import type { Rewritten } from './raw-jql/rewrite.ts'
import { memoryIn } from './memory.ts'
import { accountKey, jiraRecords } from './records.ts'
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

export type { FoundIssue } from './answers.ts'
export interface Search {
  readonly jql: string
  readonly limit: number
  readonly cursor?: string | undefined
  /** Also who reported it, what it is part of and when it is due. */
  readonly full?: boolean
}

export type Field = Omit<answers.FieldMeta, 'key' | 'fieldId'> & { readonly id: string }
export type Transition = Omit<z.output<typeof answers.Transition>, 'fields'> & { readonly fields: readonly Field[] }

export const permissionNames = {
  ADMINISTER_PROJECTS: 'Administer Projects',
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

export async function openJira(opening: Opening<Settings>) {
  const { base, hosts, fetch, settings, cache } = opening
  const isDataCenter = settings.deployment === 'data-center'
  if (isDataCenter && opening.account)
    throw new HubError(
      'refused',
      'People cannot connect their own accounts of Jira Data Center: the hub acts there as itself.',
    )
  const [sdk, toDocument] = await Promise.all([loadSdk(), markdownWriter()])
  const toAdf: typeof toDocument = (markdown) => {
    const document = toDocument(markdown)
    // Refused in the plan, before anybody approves it.
    if (isDataCenter) wikiOf(document)
    return document
  }
  const authority = authorityOf(opening)
  const memory = memoryIn(cache)
  const forget = () => {
    cache.delete(accountKey)
    memory.forget()
  }
  const direct = jiraClient({ base, fetch, authority, forget })
  const client = isDataCenter ? dataCenterClient(direct) : direct
  const url = (key: string) => `${settings.site}/browse/${key}`

  return {
    ...jiraRecords(sdk, client, cache),
    toAdf,
    url,

    /** A caller's JQL as it may be sent, joined with the bounds of the search. */
    async rewritten(jql: string, projects: readonly string[] | undefined): Promise<Rewritten> {
      if (settings.raw_jql === 'on') return await rewrittenJql(jql, { projects, fields: settings.jql_fields })
      throw new HubError('invalid_input', 'JQL is switched off for this site. Use the filters of the tool.')
    },

    site: settings.site,

    deployment: settings.deployment,

    /** @throws HubError `refused` at a site of Data Center */
    requireCloud(what: string) {
      if (isDataCenter) throw new HubError('refused', `${what} Jira Data Center. Do it in Jira itself.`)
    },

    /** What a search takes for a person. */
    async searchable(accountId: string): Promise<string> {
      return isDataCenter ? await nameOf(direct, accountId) : accountId
    },

    /** As people know the hub's account. */
    async accountName(): Promise<string> {
      return parseAnswer('Jira', answers.User, await sdk.getCurrentUser(client)).name
    },

    /** Of an OAuth token; undefined for an API token or a personal access token, of which Atlassian says nothing. */
    async grantedScopes(): Promise<readonly string[] | undefined> {
      if (settings.email !== undefined || isDataCenter) return undefined
      const api = jiraClient({ base: hosts['api'] ?? '', fetch, authority, forget })
      const answer = await api.sendRequest({ url: '/oauth/token/accessible-resources' })
      return scopesFor(settings.cloud_id, parseAnswer('Jira', answers.AccessibleResources, answer))
    },

    /** Of these, the ones that the account has anywhere. Names that the site does not know are left out. */
    async anyPermissions(names: readonly string[]): Promise<ReadonlySet<string>> {
      const answer = await sdk.getMyPermissions(client, { permissions: names.join(',') })
      const { permissions } = parseAnswer('Jira', answers.Permissions, answer)
      return new Set(names.filter((name) => permissions[name]?.havePermission === true))
    },

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

    async search({ jql, limit, cursor, full = false }: Search) {
      const page = parseAnswer(
        'Jira',
        answers.SearchPage,
        await sdk.searchAndReconsileIssuesUsingJqlPost(client, {
          jql,
          maxResults: limit,
          nextPageToken: cursor,
          fields: full ? answers.fullFields : answers.searchFields,
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

    async issueTypes(project: string, now: Date) {
      return await memory.lately(['types', project], now, async () => {
        const page = await sdk.getCreateIssueMetaIssueTypes(client, { projectIdOrKey: project, maxResults: 200 })
        return parseAnswer('Jira', answers.CreateTypes, page).issueTypes
      })
    },

    async createFields(project: string, type: string, now: Date): Promise<readonly Field[]> {
      return await memory.lately(['screen', project, type], now, async () => {
        const given = { projectIdOrKey: project, issueTypeId: type, maxResults: 200 }
        const page = parseAnswer('Jira', answers.CreateFields, await sdk.getCreateIssueMetaIssueTypeId(client, given))
        return page.fields.flatMap(({ fieldId, key, ...field }) => {
          const id = fieldId ?? key
          return id === undefined ? [] : [{ ...field, id }]
        })
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

    /** @param project to whom its issues can be assigned; else whoever is there */
    async findUsers({ query, project, limit }: { query: string; project?: string | undefined; limit: number }, now: Date) {
      return await memory.lately(['people', project ?? '', query, String(limit)], now, async () => {
        if (project !== undefined) return await this.assignable({ project }, { query }, limit)
        return parseAnswer('Jira', answers.User.array(), await sdk.findUsers(client, { query, maxResults: limit }))
      })
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

function named(fields: Readonly<Record<string, answers.FieldMeta>>): readonly Field[] {
  return Object.entries(fields).map(([id, { key: _key, fieldId: _fieldId, ...field }]) => ({ ...field, id }))
}
