import { HubError, writeTool } from 'toolgate/kit'
import type { Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import type { User } from '../answers.ts'
import { accountId, issueKey } from '../ids.ts'
import type { Jira } from '../jira.ts'
import { audienceOf, inProject, mustBeAt, mustHave } from '../planning.ts'
import { writeScopes } from '../scopes.ts'

const input = z.strictObject({
  key: issueKey,
  assignee: z.union([z.literal('nobody'), accountId]).describe('accountId, or nobody'),
})
const output = z.strictObject({ key: z.string(), assignee: z.string() })
type Request = { readonly key: string; readonly rev: string; readonly accountId: string | null; readonly name: string }

export const issueAssign = writeTool({
  name: 'issue_assign',
  title: 'Jira: assign an issue',
  description: 'Assigns one Jira issue to a person, or to nobody. Both are told. user_find gives accountIds.',
  scopes: writeScopes.edit,
  class: 'W2',
  default: 'on',
  verb: 'update',
  resolves: ['jira.project'],
  routes: ['PUT /rest/api/3/issue/{key}/assignee'],
  changes: ['assignee', 'assignee_name'],
  input,
  output,
  example: { key: 'SUP-2', assignee: 'nobody' },
  async plan({ key, assignee }, { vendor }: Reads<Jira>) {
    const issue = await vendor.issue(key)
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
          resources: inProject(issue),
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
      request: { key: issue.key, rev: issue.rev, accountId: after?.id ?? null, name: after?.name ?? 'nobody' },
    }
  },
  async apply({ key, rev, accountId: id, name }: Request, { vendor }: Writes<Jira>) {
    await mustBeAt(vendor, key, rev)
    await vendor.assign(key, id)
    return { key, assignee: name }
  },
})

async function assignableTo(jira: Jira, key: string, id: string): Promise<User> {
  const [user] = (await jira.assignable({ issueKey: key }, { accountId: id }, 2)).filter((each) => each.id === id)
  if (user !== undefined) return user
  throw new HubError('invalid_input', `${key} cannot be assigned to that account. Use user_find with the issue's project.`)
}

function show(user: User | undefined) {
  return { assignee: user?.id ?? 'nobody', assignee_name: user?.name ?? 'nobody' }
}
