import { writeTool } from 'toolgate/kit'
import type { Asks, JsonObject, Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { toMarkdown } from '../adf.ts'
import { absent, directSettlesMs, happened } from '../evidence.ts'
import { issueKey } from '../ids.ts'
import type { Jira } from '../jira.ts'
import { admitted, inProject, issueKinds, moved, mustHave, present, quietly } from '../planning.ts'
import { operationProperty } from '../records.ts'
import { writeScopes } from '../scopes.ts'
import { hiddenWarning } from '../warnings.ts'

const input = z.strictObject({
  key: issueKey,
  minutes: z.int().min(1).max(6_000),
  started: z.iso.datetime({ offset: true }).describe('Time such as 2026-03-31T09:00:00Z'),
  note: z.string().min(1).max(2_000).optional().describe('Markdown'),
  adjust: z.enum(['auto', 'leave']).default('auto').describe('Whether the remaining estimate is reduced'),
})
const output = z.strictObject({ id: z.string(), key: z.string() })
type Request = {
  readonly key: string
  readonly issue: string
  readonly project: string
  readonly started: string
  readonly seconds: number
  readonly adjust: 'auto' | 'leave'
  readonly note: JsonObject | null
}

export const worklogAdd = writeTool({
  name: 'worklog_add',
  title: 'Jira: log work',
  description: "Logs time on one Jira issue, as work of the hub's own account.",
  scopes: writeScopes.worklog,
  class: 'W1',
  default: 'on',
  verb: 'create',
  resolves: issueKinds,
  routes: ['POST /rest/api/3/issue/{key}/worklog'],
  changes: ['issue', 'minutes', 'started', 'note', 'adjust'],
  input,
  output,
  example: { key: 'OPS-40', minutes: 30, started: '2026-03-31T09:00:00Z', note: 'Asked the provider.' },
  async plan({ key, minutes, started, note, adjust }, context: Reads<Jira>) {
    const { vendor } = context
    vendor.requireCloud('Logged work cannot be told apart from that of others in')
    const issue = await admitted(key, context)
    await mustHave(vendor, { issueKey: issue.key }, ['WORK_ON_ISSUES'])
    const document = note === undefined ? undefined : vendor.toAdf(note)
    return {
      summary: `Log ${minutes} minutes on ${issue.key}: ${issue.fields.summary}`,
      effects: [
        {
          verb: 'create' as const,
          target: `jira:issue/${issue.key}/worklog`,
          resources: inProject(issue),
          before: {},
          after: present({
            issue: issue.key,
            minutes,
            started,
            adjust,
            note: document && toMarkdown(document).markdown,
          }),
        },
      ],
      audience: quietly(issue),
      fidelity: 'checked' as const,
      undo: 'none' as const,
      warnings: hiddenWarning(note),
      request: {
        key: issue.key,
        issue: issue.id,
        project: issue.fields.project.key,
        started: new Date(started).toISOString(),
        seconds: minutes * 60,
        adjust,
        note: document ?? null,
      },
    }
  },
  async apply({ key, issue, project, started, seconds, adjust, note }: Request, { vendor, operationId }: Writes<Jira>) {
    const now = await vendor.issue(key)
    if (now.id !== issue || now.fields.project.key !== project) throw moved(key)
    // Jira takes times with a zone of four digits only.
    const work = { started: started.replace('Z', '+0000'), seconds, adjust, note: note ?? undefined }
    const { id } = await vendor.write.addWorklog(key, work, operationId)
    return { id, key }
  },
  settlesMs: directSettlesMs,
  async reconcile({ key, started }: Request, { vendor, operationId }: Asks<Jira>) {
    for (const { id } of await vendor.worklogs(key, new Date(started))) {
      if ((await vendor.worklogProperty(key, id, operationProperty)) === operationId) return happened({ id, key })
    }
    return absent
  },
})
