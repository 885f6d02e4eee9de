import { HubError, writeTool } from 'toolgate/kit'
import type { Asks, Done, Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { directSettlesMs, happened, historyHas, unclear, absent } from '../evidence.ts'
import { issueKey, line } from '../ids.ts'
import type { Jira, JiraReads } from '../jira.ts'
import { admitted, inProject, issueKinds, mustHave, quietly, sentence } from '../planning.ts'
import { writeScopes } from '../scopes.ts'

const input = z.strictObject({
  from: issueKey,
  type: line(60).describe('What from says of to: blocks, is blocked by, relates to …'),
  to: issueKey,
})
const output = z.strictObject({ id: z.string(), from: z.string(), says: z.string(), to: z.string() })
type Request = {
  /** The key that says the outward phrase, and the other one. */
  readonly outward: string
  readonly inward: string
  readonly type: string
  readonly phrase: string
  readonly outwardPhrase: string
  readonly from: string
  readonly to: string
  /** By Jira's own clock. */
  readonly updated: string
  readonly projects: readonly string[]
}

export const linkAdd = writeTool({
  name: 'link_add',
  title: 'Jira: link two issues',
  description: 'Links two Jira issues: from blocks, is blocked by, duplicates or relates to the other.',
  scopes: writeScopes.link,
  class: 'W1',
  default: 'on',
  verb: 'create',
  resolves: issueKinds,
  routes: ['POST /rest/api/3/issueLink', 'POST /rest/api/2/issueLink'],
  changes: ['says', 'other'],
  input,
  output,
  example: { from: 'OPS-40', type: 'relates to', to: 'SUP-2' },
  async plan({ from, type: wanted, to }, context: Reads<Jira>) {
    const { vendor } = context
    // Both ends: each shows the other's summary to whoever reads it.
    const [issue, other] = [await admitted(from, context), await admitted(to, context)]
    if (issue.id === other.id) throw new HubError('invalid_input', `${issue.key} cannot be linked to itself.`)
    const { id: type, name, says, outward, inward } = await phraseOf(vendor, wanted)
    const [first, second] = says === 'outward' ? [issue, other] : [other, issue]
    await mustHave(vendor, { issueKey: first.key }, ['LINK_ISSUES'])
    const phrase = says === 'outward' ? outward : inward
    const { links } = await vendor.related(issue.key)
    // Of a type that says the same both ways, either end is the same link.
    if (
      links.some((link) => link.type.id === type && link.other === other.key && (link.says === says || outward === inward))
    )
      throw new HubError('refused', `${issue.key} already ${phrase} ${other.key}.`)
    const end = (one: typeof issue, two: typeof issue, words: string) => ({
      verb: 'create' as const,
      target: `jira:issue/${one.key}/link`,
      resources: inProject(one),
      before: {},
      after: { says: words, other: two.key },
    })
    return {
      summary: `Link: ${issue.key} ${phrase} ${other.key} (${name})`,
      effects: [end(issue, other, phrase), end(other, issue, says === 'outward' ? inward : outward)],
      audience: { ...quietly(issue), where: `${issue.key} and ${other.key}, each to whoever reads the other` },
      fidelity: 'checked' as const,
      undo: 'exact' as const,
      warnings: [] as string[],
      request: {
        outward: first.key,
        inward: second.key,
        type,
        phrase,
        outwardPhrase: outward,
        from: issue.key,
        to: other.key,
        updated: issue.fields.updated,
        projects: [issue.fields.project.key, other.fields.project.key],
      },
    }
  },
  async apply(request: Request, { vendor }: Writes<Jira>) {
    const { from, to, outward, inward, type, phrase, projects } = request
    const now = [await vendor.issue(from), await vendor.issue(to)].map(({ fields }) => fields.project.key)
    if (now.join() !== projects.join()) throw new HubError('conflict', `${from} or ${to} has moved. Plan it again.`)
    await vendor.write.link(type, outward, inward)
    // Jira does not say which link it made.
    const made = await linkOf(vendor, request)
    if (made === undefined)
      throw new HubError('bad_response', `Jira took the link of ${from} and ${to}, and does not show it yet.`)
    return { id: made.id, from, says: phrase, to }
  },
  settlesMs: directSettlesMs,
  async reconcile(request: Request, { vendor }: Asks<Jira>) {
    const { from, to, phrase, updated } = request
    const verdict = await historyHas(
      vendor,
      { key: from, since: updated },
      ({ to: added, toString: words }) => added === to && words !== undefined && words.includes(phrase),
      ({ field, from: removed, to: added }) => field === 'Link' && (removed === to || added === to),
    )
    const made = verdict === 'happened' ? await linkOf(vendor, request) : undefined
    if (made !== undefined) return happened({ id: made.id, from, says: phrase, to })
    return verdict === 'absent' ? absent : unclear
  },
  async undo({ request }: Done<Request, z.output<typeof output>>, { vendor }: Reads<Jira>) {
    const made = await linkOf(vendor, request)
    if (made === undefined)
      throw new HubError('conflict', `Somebody has removed the link of ${request.from} and ${request.to} since then.`)
    return { tool: 'link_remove', input: { key: request.from, id: made.id }, fidelity: 'exact' as const, warnings: [] }
  },
})

/** By either phrase of a type, or by its name, which means the outward one. */
async function phraseOf(jira: JiraReads, wanted: string) {
  const types = await jira.linkTypes()
  const is = (text: string) => text.toLowerCase() === wanted.toLowerCase()
  const outward = types.find((type) => is(type.outward) || is(type.name))
  if (outward !== undefined) return { ...outward, says: 'outward' as const }
  const inward = types.find((type) => is(type.inward))
  if (inward !== undefined) return { ...inward, says: 'inward' as const }
  const phrases = types.flatMap((type) => [...new Set([type.outward, type.inward])])
  throw new HubError('invalid_input', `There is no link "${wanted}" here. There are: ${sentence(phrases)}.`)
}

async function linkOf(jira: JiraReads, { outward, inward, type }: Request) {
  const { links } = await jira.related(outward)
  return links.find((link) => link.type.id === type && link.says === 'outward' && link.other === inward)
}
