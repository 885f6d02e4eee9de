import { HubError, writeTool } from 'toolgate/kit'
import type { Asks, Done, Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import type { User } from '../answers.ts'
import { changedSince, directSettlesMs, evidence, historyHas, told } from '../evidence.ts'
import { accountId, issueKey } from '../ids.ts'
import type { Jira, JiraReads } from '../jira.ts'
import { admitted, audienceOf, fieldKinds, inProject, mustBeAt, mustHave } from '../planning.ts'
import { writeScopes } from '../scopes.ts'

const input = z.strictObject({
  key: issueKey,
  assignee: z.union([z.literal('nobody'), accountId]).describe('accountId, or nobody'),
})
const output = z.strictObject({ key: z.string(), assignee: z.string() })
type Request = {
  readonly key: string
  readonly rev: string
  /** By Jira's own clock. */
  readonly updated: string
  readonly before: string | null
  readonly accountId: string | null
  readonly name: string
}

const touching = { 'jira.field': ['assignee'] }

export const issueAssign = writeTool({
  name: 'issue_assign',
  title: 'Jira: assign an issue',
  description: 'Assigns one Jira issue to a person, or to nobody. Both are told. user_find gives accountIds.',
  scopes: writeScopes.assign,
  class: 'W2',
  default: 'on',
  verb: 'update',
  resolves: fieldKinds,
  routes: ['PUT /rest/api/3/issue/{key}/assignee', 'PUT /rest/api/2/issue/{key}/assignee'],
  changes: ['assignee', 'assignee_name'],
  input,
  output,
  example: { key: 'SUP-2', assignee: 'nobody' },
  async plan({ key, assignee }, context: Reads<Jira>) {
    const { vendor } = context
    const issue = await admitted(key, context, touching)
    const before = issue.fields.assignee
    if ((before?.id ?? 'nobody') === assignee) {
      throw new HubError('refused', `${issue.key} is already assigned to ${before?.name ?? 'nobody'}.`)
    }
    await mustHave(vendor, { issueKey: issue.key }, ['ASSIGN_ISSUES'])
    const after = assignee === 'nobody' ? undefined : await assignableTo(vendor, issue.key, assignee)
    const audience = audienceOf(issue)
    return {
      summary: `Assign ${issue.key} to ${after?.name ?? 'nobody'}: ${issue.fields.summary}`,
      effects: [
        {
          verb: 'update' as const,
          target: `jira:issue/${issue.key}`,
          resources: { ...inProject(issue), ...touching },
          before: show(before),
          after: show(after),
        },
      ],
      audience: {
        ...audience,
        external: audience.external || after?.customer === true,
        people: typeof audience.people === 'number' && after !== undefined ? audience.people + 1 : audience.people,
        where: after === undefined ? audience.where : `${audience.where}; the new assignee`,
      },
      rev: issue.rev,
      fidelity: 'checked' as const,
      undo: 'partial' as const,
      warnings: [] as string[],
      request: {
        key: issue.key,
        rev: issue.rev,
        updated: issue.fields.updated,
        before: before?.id ?? null,
        accountId: after?.id ?? null,
        name: after?.name ?? 'nobody',
      },
    }
  },
  async apply({ key, rev, accountId: id, name }: Request, { vendor }: Writes<Jira>) {
    await mustBeAt(vendor, key, rev)
    await vendor.write.assign(key, id)
    return { key, assignee: name }
  },
  settlesMs: directSettlesMs,
  async reconcile({ key, updated, before, accountId: after, name }: Request, { vendor }: Asks<Jira>) {
    const verdict = await historyHas(
      vendor,
      { key, since: updated },
      ({ from, to }) => (from ?? null) === before && (to ?? null) === after,
      ({ fieldId, field }) => (fieldId ?? field) === 'assignee',
    )
    return evidence(verdict, { key, assignee: name })
  },
  async undo(
    { request: { key, before, accountId: after } }: Done<Request, z.output<typeof output>>,
    { vendor }: Reads<Jira>,
  ) {
    const issue = await vendor.issue(key)
    if ((issue.fields.assignee?.id ?? null) !== after) throw changedSince(issue, 'the assignee')
    const given = { key: issue.key, assignee: before ?? 'nobody' }
    return { tool: 'issue_assign', input: given, fidelity: 'partial' as const, warnings: [told] }
  },
})

async function assignableTo(jira: JiraReads, key: string, id: string): Promise<User> {
  const [user] = (await jira.assignable({ issueKey: key }, { accountId: id }, 2)).filter((each) => each.id === id)
  if (user !== undefined) return user
  throw new HubError('invalid_input', `${key} cannot be assigned to that account. Use user_find with the issue's project.`)
}

function show(user: User | undefined) {
  return { assignee: user?.id ?? 'nobody', assignee_name: user?.name ?? 'nobody' }
}
