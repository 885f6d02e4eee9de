import { HubError, writeTool } from 'toolgate/kit'
import type { Asks, Reads, Writes } from 'toolgate/kit'
import { z } from 'zod'
import { absent, directSettlesMs, happened, unclear } from '../evidence.ts'
import { issueKey, line } from '../ids.ts'
import type { Jira } from '../jira.ts'
import { admitted, audienceOf, inProject, issueKinds, moved, mustHave } from '../planning.ts'
import { writeScopes } from '../scopes.ts'
import { hiddenWarning } from '../warnings.ts'

const input = z.strictObject({
  key: issueKey,
  name: line(100)
    .regex(
      /^[\p{L}\p{N}][\p{L}\p{N} ._()-]*\.(?:txt|md|csv|tsv|log|json|yaml|yml|xml)$/u,
      'must be a plain file name that ends in txt, md, csv, tsv, log, json, yaml or xml',
    )
    .describe('File name, such as report.csv'),
  text: z.string().min(1).max(100_000),
})
const output = z.strictObject({ id: z.string(), key: z.string(), name: z.string(), bytes: z.int() })
type Request = {
  readonly key: string
  readonly issue: string
  readonly project: string
  readonly name: string
  readonly text: string
}

export const attachmentAdd = writeTool({
  name: 'attachment_add',
  title: 'Jira: attach a text file',
  description: 'Attaches one file of text to a Jira issue.',
  scopes: writeScopes.attachment,
  class: 'W2',
  default: 'on',
  verb: 'create',
  resolves: issueKinds,
  routes: ['POST /rest/api/3/issue/{key}/attachments', 'POST /rest/api/2/issue/{key}/attachments'],
  changes: ['issue', 'name', 'bytes', 'text'],
  input,
  output,
  example: { key: 'OPS-42', name: 'peaks.csv', text: 'day,messages\nmonday,40000\n' },
  async plan({ key, name, text }, context: Reads<Jira>) {
    const { vendor } = context
    const issue = await admitted(key, context)
    await mustHave(vendor, { issueKey: issue.key }, ['CREATE_ATTACHMENTS'])
    // Attachments carry no tag: by its name alone a lost one is found again.
    if ((await vendor.related(issue.key)).attachments.some(({ filename }) => filename === name)) throw taken(issue.key, name)
    return {
      summary: `Attach ${name} to ${issue.key}: ${issue.fields.summary}`,
      effects: [
        {
          verb: 'create' as const,
          target: `jira:issue/${issue.key}/attachment`,
          resources: inProject(issue),
          before: {},
          after: { issue: issue.key, name, bytes: Buffer.byteLength(text), text },
        },
      ],
      audience: audienceOf(issue),
      fidelity: 'checked' as const,
      undo: 'none' as const,
      warnings: hiddenWarning(text).map(() => 'The text has invisible or control characters, which stay in the file.'),
      request: { key: issue.key, issue: issue.id, project: issue.fields.project.key, name, text },
    }
  },
  async apply({ key, issue, project, name, text }: Request, { vendor }: Writes<Jira>) {
    const now = await vendor.issue(key)
    if (now.id !== issue || now.fields.project.key !== project) throw moved(key)
    if ((await vendor.related(key)).attachments.some(({ filename }) => filename === name)) throw taken(key, name)
    const [made] = await vendor.write.attach(key, name, text)
    if (made === undefined) throw new HubError('bad_response', 'Jira did not say which file it keeps.')
    return { id: made.id, key, name, bytes: made.size }
  },
  settlesMs: directSettlesMs,
  async reconcile({ key, name, text }: Request, { vendor }: Asks<Jira>) {
    const [me, { attachments }] = [await vendor.me(), await vendor.related(key)]
    const [found, ...more] = attachments.filter(({ filename }) => filename === name)
    if (found === undefined) return absent
    const same = more.length === 0 && found.author?.id === me && found.size === Buffer.byteLength(text)
    if (!same || !Buffer.from(text, 'utf8').equals(await vendor.content(found.id))) return unclear
    return happened({ id: found.id, key, name, bytes: found.size })
  },
})

function taken(key: string, name: string): HubError {
  return new HubError('refused', `${key} already has an attachment ${name}. Give another name.`)
}
