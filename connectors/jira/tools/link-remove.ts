import { HubError, writeTool } from 'toolgate/kit'
import type { Asks, Done, Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { directSettlesMs, evidence, historyHas } from '../evidence.ts'
import { issueKey, recordId } from '../ids.ts'
import type { Jira } from '../jira.ts'
import { admitted, inProject, issueKinds, mustHave, quietly } from '../planning.ts'
import { writeScopes } from '../scopes.ts'

const input = z.strictObject({ key: issueKey, id: recordId.describe('As issue_get gives it with links') })
const output = z.strictObject({ id: z.string(), key: z.string(), removed: z.literal(true) })
type Request = {
  readonly key: string
  readonly id: string
  readonly phrase: string
  readonly other: string
  /** By Jira's own clock. */
  readonly updated: string
}

export const linkRemove = writeTool({
  name: 'link_remove',
  title: 'Jira: remove a link',
  description: 'Removes one link between two Jira issues. Both issues stay. issue_get gives the ids of links.',
  scopes: writeScopes.unlink,
  class: 'W1',
  default: 'on',
  verb: 'delete',
  resolves: issueKinds,
  routes: ['DELETE /rest/api/3/issueLink/{id}', 'DELETE /rest/api/2/issueLink/{id}'],
  changes: ['says', 'other'],
  input,
  output,
  example: { key: 'SUP-2', id: '40001' },
  async plan({ key, id }, context: Reads<Jira>) {
    const { vendor } = context
    const issue = await admitted(key, context)
    const link = (await vendor.related(issue.key)).links.find((each) => each.id === id)
    if (link === undefined) throw new HubError('not_found', `${issue.key} has no link ${id}.`)
    const other = await admitted(link.other, context)
    const first = link.says === 'outward' ? issue : other
    await mustHave(vendor, { issueKey: first.key }, ['LINK_ISSUES'])
    const { outward, inward } = link.type
    const [phrase, back] = link.says === 'outward' ? [outward, inward] : [inward, outward]
    const end = (one: typeof issue, two: typeof issue, says: string) => ({
      verb: 'delete' as const,
      target: `jira:issue/${one.key}/link/${id}`,
      resources: inProject(one),
      before: { says, other: two.key },
      after: {},
    })
    return {
      summary: `Remove the link: ${issue.key} ${phrase} ${other.key}`,
      effects: [end(issue, other, phrase), end(other, issue, back)],
      audience: quietly(issue),
      rev: issue.rev,
      fidelity: 'checked' as const,
      undo: 'partial' as const,
      warnings: [] as string[],
      request: { key: issue.key, id, phrase, other: other.key, updated: issue.fields.updated },
    }
  },
  async apply({ key, id, other, phrase }: Request, { vendor }: Writes<Jira>) {
    const link = (await vendor.related(key)).links.find((each) => each.id === id)
    if (link?.other !== other || link.type[link.says] !== phrase)
      throw new HubError('conflict', `The link ${id} of ${key} is not what it was when this was planned. Plan it again.`)
    await vendor.write.unlink(id)
    return { id, key, removed: true as const }
  },
  settlesMs: directSettlesMs,
  async reconcile({ key, id, other, updated }: Request, { vendor }: Asks<Jira>) {
    const verdict = await historyHas(
      vendor,
      { key, since: updated },
      ({ from }) => from === other,
      ({ field, from, to }) => field === 'Link' && (from === other || to === other),
    )
    return evidence(verdict, { id, key, removed: true as const })
  },
  async undo({ request: { key, phrase, other } }: Done<Request, z.output<typeof output>>, { vendor }: Reads<Jira>) {
    const { links } = await vendor.related(key)
    if (links.some((link) => link.other === other && link.type[link.says] === phrase))
      throw new HubError('conflict', `Somebody has linked ${key} and ${other} again since then.`)
    const warnings = ['The link gets a new id.']
    return { tool: 'link_add', input: { from: key, type: phrase, to: other }, fidelity: 'partial' as const, warnings }
  },
})
