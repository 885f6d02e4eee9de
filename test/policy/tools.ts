// The tools that the shipped policies speak of, in the shape that a policy needs, and facts to judge.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Facts, PlanFacts, ToolFacts } from '../../src/kit/policy.ts'
import type { ToolClass, Verb } from '../../src/kit/tool.ts'
import type { Decision } from '../../src/policy/decide.ts'
import { loadPolicies } from '../../src/policy/load.ts'
import type { LoadedPolicy, PolicyFiles, ToolShape } from '../../src/policy/load.ts'

function shape(
  name: string,
  kind: ToolClass | Verb,
  resolves: string[],
  takes: string[],
  changes: string[] = [],
): ToolShape {
  const reads = kind === 'R' || kind === 'RP'
  const connector = name.startsWith('sf_') ? 'salesforce' : name.slice(0, name.indexOf('_'))
  const write = reads ? { class: kind, verb: undefined } : { class: kind === 'delete' ? 'D' : 'W2', verb: kind as Verb }
  const facts = { name, write: !reads, connector, instance: connector, ...write } as ToolFacts
  return { facts, resolves, changes, arguments: takes }
}

const issue = ['jira.project']
const object = ['sf.object']
const channel = ['slack.channel']
const sfFields = ['StageName', 'Amount', 'CloseDate', 'NextStep', 'Description', 'Status', 'Priority', 'Subject', 'Name']

export const tools: readonly ToolShape[] = [
  shape('jira_issue_get', 'R', issue, ['key']),
  shape('jira_issue_search', 'R', issue, ['text', 'project']),
  shape('jira_project_list', 'R', issue, []),
  shape('jira_comment_list', 'R', issue, ['key']),
  shape('jira_transition_list', 'R', issue, ['key']),
  shape('jira_comment_add', 'create', issue, ['key', 'comment', 'visibility'], ['comment', 'visibility']),
  shape('jira_issue_transition', 'update', issue, ['key', 'to', 'resolution', 'amount'], ['status', 'resolution']),
  shape(
    'jira_issue_create',
    'create',
    issue,
    ['project', 'summary'],
    ['project', 'type', 'summary', 'description', 'priority', 'labels', 'assignee'],
  ),
  shape('jira_issue_assign', 'update', issue, ['key', 'assignee'], ['assignee']),
  shape(
    'jira_issue_update',
    'update',
    issue,
    ['key', 'summary'],
    ['summary', 'description', 'priority', 'labels', 'duedate'],
  ),
  shape('jira_issue_delete', 'delete', issue, ['key'], ['summary']),
  shape('sf_record_find', 'R', object, ['object', 'text']),
  shape('sf_record_get', 'R', object, ['object', 'id']),
  shape('sf_object_describe', 'R', object, ['object']),
  shape('sf_related_list', 'R', object, ['object', 'id']),
  shape('sf_record_update', 'update', object, ['object', 'id', 'fields'], sfFields),
  shape('sf_task_create', 'create', object, ['subject'], sfFields),
  shape('sf_record_create', 'create', object, ['object', 'fields'], sfFields),
  shape('sf_record_delete', 'delete', object, ['object', 'id'], sfFields),
  shape('slack_channel_list', 'R', channel, []),
  shape('slack_channel_get', 'R', channel, ['channel']),
  shape('slack_history_read', 'R', channel, ['channel']),
  shape('slack_thread_read', 'R', channel, ['channel', 'thread']),
  shape('slack_user_find', 'R', [], ['text']),
  shape('slack_message_send', 'send', channel, ['channel', 'text'], ['text', 'channel']),
  shape('slack_thread_reply', 'send', channel, ['channel', 'thread', 'text'], ['text', 'channel', 'thread']),
  shape('slack_reaction_add', 'create', channel, ['channel', 'reaction'], ['reaction', 'channel']),
  shape('slack_message_delete', 'delete', channel, ['channel'], ['text', 'channel']),
]

export function toolNamed(name: string): ToolFacts {
  const found = tools.find(({ facts }) => facts.name === name)
  if (!found) throw new Error(`No tool ${name}.`)
  return found.facts
}

export function planOf(part: Partial<PlanFacts> = {}): PlanFacts {
  const audience = { external: false, people: 3, massMention: false, where: '#support' }
  return { summary: 'x', effects: [], audience, fidelity: 'checked', undo: 'exact', warnings: [], ...part }
}

export function factsOf(tool: string, part: Partial<Facts> & { roles?: readonly string[] } = {}): Facts {
  const { roles = ['support'], ...rest } = part
  return {
    principal: { tenant: 'main', id: 'maya', roles },
    tool: toolNamed(tool),
    args: {},
    now: new Date('2026-03-04T10:00:00Z'),
    plan: planOf(),
    resources: { 'jira.project': 'SUP' },
    ...rest,
  }
}

/** Loads these texts as files of a folder of their own; names are as given. */
export async function loadTexts(
  files: Readonly<Record<string, string | Uint8Array>>,
  options: Partial<PolicyFiles> = {},
): Promise<LoadedPolicy> {
  const folder = await mkdtemp(join(tmpdir(), 'policy-'))
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
    const policies = Object.keys(files).filter((name) => name.endsWith('.yaml'))
    return await loadPolicies({
      files: policies.map((name) => join(folder, name)),
      shown: (path) => path.slice(folder.length + 1),
      tools,
      ...options,
    })
  } finally {
    await rm(folder, { recursive: true })
  }
}

export async function policyOf(text: string, options: Partial<PolicyFiles> = {}) {
  return (await loadTexts({ 'p.yaml': text }, options)).policy
}

export function said(decision: Decision | undefined) {
  return decision && `${decision.effect} by ${decision.rule}`
}
