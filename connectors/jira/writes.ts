// Everything that changes something in Jira. A plan has none of it by type, and its fetch refuses the routes.
import { parseAnswer } from 'toolgate/kit'
import type { JsonObject } from 'toolgate/kit'
import type { Client } from 'jira.js/core'
import { z } from 'zod'
import * as answers from './answers.ts'
import { changeProperty, operationProperty } from './records.ts'
import type { Sdk } from './sdk.ts'

/** Who alone sees a comment, as Jira takes it. */
export type Visibility = { readonly type: 'role' | 'group'; readonly value: string }

/** https://developer.atlassian.com/cloud/jira/service-desk/jira-service-desk-entity-properties/ */
const internalProperty = { key: 'sd.public.comment', value: { internal: true } }

type Document = { type: 'doc'; version: number; content: Record<string, unknown>[] }

export function jiraWrites(sdk: Sdk, client: Client) {
  const created = (operationId: string) => [{ key: operationProperty, value: operationId }]
  const changed = (operationId: string) => [{ key: changeProperty, value: operationId }]

  return {
    async addComment(
      issue: string,
      { body, visibility, internal }: { body: JsonObject; visibility: Visibility | null; internal: boolean },
      operationId: string,
    ) {
      const properties = [...created(operationId), ...(internal ? [internalProperty] : [])]
      const given = {
        issueIdOrKey: issue,
        body: body as Document,
        properties,
        ...(visibility === null ? {} : { visibility }),
      }
      return parseAnswer('Jira', answers.CreatedComment, await sdk.addComment(client, given))
    },

    /** With the visibility that it has: Jira shows a comment that is changed without one to everybody. */
    async updateComment(
      issue: string,
      id: string,
      { body, visibility }: { body: JsonObject; visibility: Visibility | null },
      operationId: string,
    ) {
      const seen = visibility === null ? {} : { visibility }
      const given = { body: body as Document, properties: changed(operationId), ...seen }
      const answer = await sdk.updateComment(client, { issueIdOrKey: issue, id, body: given })
      // Another one than was asked for: nobody knows then what became of ours.
      parseAnswer('Jira', z.object({ id: z.literal(id).optional() }), answer)
    },

    async deleteComment(issue: string, id: string) {
      await sdk.deleteComment(client, { issueIdOrKey: issue, id })
    },

    async create(fields: JsonObject, operationId: string) {
      const given = { fields, properties: created(operationId) }
      return parseAnswer('Jira', answers.Created, await sdk.createIssue(client, given))
    },

    async transition(
      key: string,
      { transition, fields, comment }: { transition: string; fields: JsonObject; comment: JsonObject | null },
      operationId: string,
    ) {
      const given = {
        ...(Object.keys(fields).length > 0 ? { fields } : {}),
        ...(comment === null ? {} : { update: { comment: [{ add: { body: comment } }] } }),
      }
      await sdk.doTransition(client, {
        issueIdOrKey: key,
        transition: { id: transition },
        ...given,
        properties: changed(operationId),
      })
    },

    async assign(key: string, accountId: string | null) {
      await sdk.assignIssue(client, { issueIdOrKey: key, accountId: accountId as string })
    },

    /** `update` as Jira takes it: the operations of each field, by its id. */
    async edit(
      key: string,
      { fields, update = {} }: { fields: JsonObject; update?: JsonObject },
      { operationId, notify }: { operationId: string; notify: boolean },
    ) {
      const given = {
        ...(Object.keys(fields).length > 0 ? { fields } : {}),
        ...(Object.keys(update).length > 0 ? { update: update as Record<string, Record<string, unknown>[]> } : {}),
        ...(notify ? {} : { notifyUsers: false }),
      }
      await sdk.editIssue(client, { issueIdOrKey: key, ...given, properties: changed(operationId) })
    },

    /** `update` as Jira takes it: the operations of each field, by its id. */
    async adjust(key: string, update: Record<string, Record<string, unknown>[]>, operationId: string) {
      await sdk.editIssue(client, { issueIdOrKey: key, update, properties: changed(operationId) })
    },

    async delete(key: string) {
      await sdk.deleteIssue(client, { issueIdOrKey: key, deleteSubtasks: 'false' })
    },

    /**
     * `from` then says the outward phrase of `to`: it `blocks` it. Jira's names mean the other ends:
     * https://github.com/atlassian/atlassian-mcp-server/issues/112
     */
    async link(type: string, from: string, to: string) {
      await sdk.linkIssues(client, { type: { id: type }, inwardIssue: { key: from }, outwardIssue: { key: to } })
    },

    async unlink(id: string) {
      await sdk.deleteIssueLink(client, { linkId: id })
    },

    async addWorklog(
      key: string,
      work: { started: string; seconds: number; note?: JsonObject | undefined; adjust: 'auto' | 'leave' },
      operationId: string,
    ) {
      const { started, seconds, note, adjust } = work
      const answer = await sdk.addWorklog(client, {
        issueIdOrKey: key,
        started,
        timeSpentSeconds: seconds,
        ...(note === undefined ? {} : { comment: note as Document }),
        adjustEstimate: adjust,
        properties: created(operationId),
      })
      return parseAnswer('Jira', answers.CreatedWorklog, answer)
    },

    async attach(key: string, filename: string, text: string) {
      const attachments = { filename, content: Buffer.from(text, 'utf8') }
      return parseAnswer(
        'Jira',
        answers.Attachment.array(),
        await sdk.addAttachment(client, { issueIdOrKey: key, attachments }),
      )
    },

    async moveToSprint(sprintId: number, keys: readonly string[]) {
      await sdk.moveIssuesToSprintAndRank(client, { sprintId, issues: [...keys] })
    },

    async moveToBacklog(keys: readonly string[]) {
      await sdk.moveIssuesToBacklog(client, { issues: [...keys] })
    },
  }
}
