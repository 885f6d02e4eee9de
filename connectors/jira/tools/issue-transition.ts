import { HubError, writeTool } from 'toolgate/kit'
import type { Asks, Done, JsonObject, Reads, Resources, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { changedSince, directSettlesMs, evidence, issueChanged, told } from '../evidence.ts'
import { describeMissing, fieldCalled, fieldValues, missingFields, resolveFields } from '../fields.ts'
import { toMarkdown } from '../adf.ts'
import { maxText } from '../markdown.ts'
import { hiddenWarning } from '../warnings.ts'
import { issueKey, line } from '../ids.ts'
import type { Issue, Jira, Transition } from '../jira.ts'
import { isServiceProject, audienceOf, fieldKinds, inProject, mustBeAt, mustHave, present, sentence } from '../planning.ts'
import { writeScopes } from '../scopes.ts'

const input = z
  .strictObject({
    key: issueKey,
    to_status: line(60).optional().describe('Status to move to, by name'),
    transition: line(60).optional().describe('Or the transition, by name or id'),
    fields: fieldValues.optional(),
    comment: z.string().min(1).max(maxText).optional().describe('Markdown, added in the same step'),
  })
  .refine(
    ({ to_status, transition }) => (to_status === undefined) !== (transition === undefined),
    'give either to_status or transition',
  )
const output = z.strictObject({ key: z.string(), from: z.string(), to: z.string() })
type Request = {
  readonly key: string
  readonly rev: string
  readonly transition: string
  readonly from: string
  readonly to: string
  readonly fields: JsonObject
  readonly comment: JsonObject | null
}

export const issueTransition = writeTool({
  name: 'issue_transition',
  title: 'Jira: move an issue',
  description: 'Moves one Jira issue to another status of its workflow. transition_list says where it can go.',
  scopes: writeScopes.transition,
  class: 'W2',
  default: 'on',
  verb: 'update',
  resolves: [...fieldKinds, 'jira.transition'],
  routes: ['POST /rest/api/3/issue/{key}/transitions', 'POST /rest/api/2/issue/{key}/transitions'],
  changes: ['status', 'resolution', 'fields', 'comment'],
  input,
  output,
  example: { key: 'OPS-42', to_status: 'In Progress' },
  async plan({ key, to_status, transition: wanted, fields = {}, comment: said }, context: Reads<Jira>) {
    const { vendor } = context
    const issue = await vendor.issue(key)
    const offered = await vendor.transitions(issue.key)
    context.admit(placeOf(issue, offered, { word: to_status ?? wanted ?? '', fields: Object.keys(fields) }))
    await mustHave(vendor, { issueKey: issue.key }, [
      'TRANSITION_ISSUES',
      ...(said === undefined ? [] : ['ADD_COMMENTS' as const]),
    ])
    const comment = said === undefined ? null : vendor.toAdf(said)
    const transition = to_status === undefined ? byName(issue, offered, wanted ?? '') : byStatus(issue, offered, to_status)
    const { send, show } = resolveFields(fields, transition.fields, vendor.toAdf)
    const missing = missingFields(transition.fields, Object.keys(send))
    if (missing.length > 0) {
      throw new HubError('invalid_input', `${transition.name} also needs: ${describeMissing(missing)}. Give them in fields.`)
    }
    const { resolution, ...others } = byFieldId(transition, show)
    const from = issue.fields.status.name
    return {
      summary: `Move ${issue.key} from ${from} to ${transition.to.name}: ${issue.fields.summary}`,
      effects: [
        {
          verb: 'update' as const,
          target: `jira:issue/${issue.key}`,
          resources: {
            ...inProject(issue),
            'jira.transition': transition.to.name,
            'jira.field': ['status', ...Object.keys(send)],
          },
          before: present({
            status: from,
            resolution: resolution === undefined ? undefined : (issue.fields.resolution?.name ?? 'none'),
          }),
          after: present({
            status: transition.to.name,
            resolution,
            fields: Object.keys(others).length > 0 ? others : undefined,
            comment: comment === null ? undefined : toMarkdown(comment).markdown,
          }),
        },
      ],
      audience: audienceOf(issue),
      rev: issue.rev,
      fidelity: 'checked' as const,
      undo: 'partial' as const,
      warnings: [
        ...hiddenWarning(said),
        ...(comment !== null && isServiceProject(issue.fields.project)
          ? ['In a service project the customer reads this comment.']
          : []),
      ],
      request: {
        key: issue.key,
        rev: issue.rev,
        transition: transition.id,
        from,
        to: transition.to.name,
        fields: send,
        comment,
      },
    }
  },
  async apply({ key, rev, transition, from, to, fields, comment }: Request, { vendor, operationId }: Writes<Jira>) {
    await mustBeAt(vendor, key, rev)
    await vendor.write.transition(key, { transition, fields, comment }, operationId)
    return { key, from, to }
  },
  settlesMs: directSettlesMs,
  async reconcile({ key, rev, from, to }: Request, { vendor, operationId }: Asks<Jira>) {
    return evidence(await issueChanged(vendor, { key, rev }, operationId), { key, from, to })
  },
  async undo(
    { request: { key, from, to, fields, comment } }: Done<Request, z.output<typeof output>>,
    { vendor }: Reads<Jira>,
  ) {
    const issue = await vendor.issue(key)
    if (issue.fields.status.name !== to) throw changedSince(issue, 'the status')
    const [back] = (await vendor.transitions(issue.key)).filter((each) => each.to.name === from)
    if (back === undefined) throw new HubError('refused', `The workflow offers no way from ${to} back to ${from}.`)
    const set = Object.keys(fields).length > 0 ? ['The fields that it set stay, unless the workflow clears them.'] : []
    const left = comment === null ? [] : ['The comment that it added stays.']
    const given = { key: issue.key, transition: back.id }
    return { tool: 'issue_transition', input: given, fidelity: 'partial' as const, warnings: [told, ...set, ...left] }
  },
})

/** Where it would go and what it would set, as far as that is known before it is looked at closely. */
function placeOf(
  issue: Issue,
  offered: readonly Transition[],
  { word, fields }: { word: string; fields: readonly string[] },
): Resources {
  const found = offered.find(({ id, name, to }) => id === word || same(name, word) || same(to.name, word))
  const set = fields.map((name) => fieldCalled(name, found?.fields ?? [])?.id ?? name)
  return { ...inProject(issue), 'jira.transition': found?.to.name ?? word, 'jira.field': ['status', ...set] }
}

function byStatus(issue: Issue, offered: readonly Transition[], status: string): Transition {
  const found = offered.filter(({ to }) => same(to.name, status))
  const [transition] = found
  if (found.length > 1) {
    throw new HubError(
      'invalid_input',
      `Several transitions lead to ${status}: ${sentence(found.map(({ name }) => name))}. Name one in transition.`,
    )
  }
  if (transition !== undefined) return transition
  if (same(issue.fields.status.name, status))
    throw new HubError('refused', `${issue.key} is already ${issue.fields.status.name}.`)
  throw cannot(issue, offered, `move to ${status}`)
}

function byName(issue: Issue, offered: readonly Transition[], wanted: string): Transition {
  const transition = offered.find(({ id }) => id === wanted) ?? offered.find(({ name }) => same(name, wanted))
  if (transition !== undefined) return transition
  throw cannot(issue, offered, `take the transition ${wanted}`)
}

function cannot(issue: Issue, offered: readonly Transition[], what: string): HubError {
  const ways = offered.map(({ name, to }) => (same(name, to.name) ? to.name : `${to.name} (by ${name})`))
  return new HubError(
    'refused',
    `${issue.key} is ${issue.fields.status.name} and cannot ${what}. It can move to: ${sentence(ways)}.`,
  )
}

/** Resolution is a word of its own for policies; the rest stays under its display names. */
function byFieldId(transition: Transition, show: JsonObject): JsonObject {
  const name = transition.fields.find(({ id }) => id === 'resolution')?.name
  return Object.fromEntries(Object.entries(show).map(([key, value]) => [key === name ? 'resolution' : key, value]))
}

const same = (left: string, right: string) => left.toLowerCase() === right.toLowerCase()
