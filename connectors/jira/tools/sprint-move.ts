import { HubError, writeTool } from 'toolgate/kit'
import type { Asks, Done, Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { absent, directSettlesMs, happened, historyHas, unclear } from '../evidence.ts'
import { issueKey } from '../ids.ts'
import type { Issue, Jira, JiraReads } from '../jira.ts'
import { admitted, audienceOf, inProject, issueKinds, mustBeAt, mustHave, sentence } from '../planning.ts'
import { writeScopes } from '../scopes.ts'

const input = z.strictObject({
  keys: z.array(issueKey).min(1).max(20),
  sprint: z.union([z.literal('backlog'), z.int().min(1).max(1_000_000_000)]).describe('Id of an open sprint, or backlog'),
})
const output = z.strictObject({ keys: z.array(z.string()), sprint: z.string() })
type Request = {
  readonly moves: readonly {
    readonly key: string
    readonly rev: string
    readonly before: number | null
    /** By Jira's own clock. */
    readonly updated: string
  }[]
  readonly sprint: number | null
  readonly name: string
}

export const sprintMove = writeTool({
  name: 'sprint_move',
  title: 'Jira: move issues to a sprint',
  description: 'Moves up to 20 Jira issues to an open sprint, or to the backlog.',
  scopes: writeScopes.sprint,
  class: 'W2',
  default: 'on',
  verb: 'update',
  resolves: issueKinds,
  routes: ['POST /rest/agile/1.0/sprint/{id}/issue', 'POST /rest/agile/1.0/backlog/issue'],
  changes: ['sprint'],
  input,
  output,
  example: { keys: ['OPS-42', 'OPS-44'], sprint: 8 },
  async plan({ keys, sprint: wanted }, context: Reads<Jira>) {
    const { vendor } = context
    const issues: Issue[] = []
    for (const key of new Set(keys)) issues.push(await admitted(key, context))
    for (const { key } of issues) await mustHave(vendor, { issueKey: key }, ['SCHEDULE_ISSUES', 'EDIT_ISSUES'])
    const sprint = wanted === 'backlog' ? undefined : await openSprint(vendor, wanted)
    const name = sprint?.name ?? 'backlog'
    const all = await Promise.all(issues.map(async (issue) => ({ issue, before: await vendor.sprintOf(issue.key) })))
    const moves = all.filter(({ before }) => before?.id !== sprint?.id)
    if (moves.length === 0) throw new HubError('refused', `They already are in ${name}.`)
    const people = moves.map(({ issue }) => audienceOf(issue))
    return {
      summary: `Move ${sentence(moves.map(({ issue }) => issue.key))} to ${name}`,
      effects: moves.map(({ issue, before }) => ({
        verb: 'update' as const,
        target: `jira:issue/${issue.key}`,
        resources: inProject(issue),
        before: { sprint: before?.name ?? 'backlog' },
        after: { sprint: name },
      })),
      audience: {
        external: people.some(({ external }) => external),
        people: 'unknown' as const,
        massMention: false,
        where: people
          .map(({ where }) => where)
          .join('; ')
          .slice(0, 500),
      },
      rev: moves[0]?.issue.rev,
      fidelity: 'checked' as const,
      undo: 'partial' as const,
      warnings: sprint?.state === 'active' ? [`${name} is running: its scope changes.`] : [],
      request: {
        moves: moves.map(({ issue, before }) => ({
          key: issue.key,
          rev: issue.rev,
          before: before?.id ?? null,
          updated: issue.fields.updated,
        })),
        sprint: sprint?.id ?? null,
        name,
      },
    }
  },
  async apply({ moves, sprint, name }: Request, { vendor }: Writes<Jira>) {
    for (const { key, rev } of moves) await mustBeAt(vendor, key, rev)
    const keys = moves.map(({ key }) => key)
    await (sprint === null ? vendor.write.moveToBacklog(keys) : vendor.write.moveToSprint(sprint, keys))
    return { keys, sprint: name }
  },
  settlesMs: directSettlesMs,
  async reconcile({ moves, sprint, name }: Request, { vendor }: Asks<Jira>) {
    const target = sprint === null ? undefined : String(sprint)
    const verdicts: string[] = []
    for (const { key, updated } of moves) {
      const verdict = await historyHas(
        vendor,
        { key, since: updated },
        // Of one issue in several sprints, the history names them all.
        ({ to }) => (target === undefined ? (to ?? '') === '' : (to ?? '').split(/,\s*/).includes(target)),
        ({ field }) => field === 'Sprint',
      )
      verdicts.push(verdict)
    }
    if (verdicts.every((verdict) => verdict === 'happened'))
      return happened({ keys: moves.map(({ key }) => key), sprint: name })
    return verdicts.every((verdict) => verdict === 'absent') ? absent : unclear
  },
  async undo({ request: { moves, sprint } }: Done<Request, z.output<typeof output>>, { vendor }: Reads<Jira>) {
    const origins = new Set(moves.map(({ before }) => before))
    const [origin] = origins
    if (origins.size > 1)
      throw new HubError(
        'refused',
        'They came from different sprints, and one call moves to one. Move them back one by one.',
      )
    const still: string[] = []
    for (const { key } of moves) if (((await vendor.sprintOf(key))?.id ?? null) === sprint) still.push(key)
    const others = moves.map(({ key }) => key).filter((key) => !still.includes(key))
    if (still.length === 0) throw new HubError('conflict', `Somebody has moved ${sentence(others)} since then.`)
    return {
      tool: 'sprint_move',
      input: { keys: still, sprint: origin ?? 'backlog' },
      fidelity: 'partial' as const,
      warnings: [
        'Their order is not brought back.',
        ...(others.length > 0 ? [`Not taken back, because somebody has moved them since then: ${sentence(others)}.`] : []),
      ],
    }
  },
})

async function openSprint(jira: JiraReads, id: number) {
  const sprint = await jira.sprint(id)
  if (sprint.state !== 'closed') return sprint
  throw new HubError('refused', `The sprint ${sprint.name} has ended. Issues are moved to open ones only.`)
}
