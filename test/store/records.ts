// Entries and operations for the tests of the store.
import type { AuditDraft, Operation, OperationIdentity } from '../../src/kit/record.ts'

let made = 0

/** Unique in this process and among its siblings. */
export function newId(prefix: string): string {
  return `${prefix}_${process.pid}_${++made}`
}

export function draft(parts: Partial<AuditDraft> = {}): AuditDraft {
  return {
    tenant: 'acme',
    id: newId('ae'),
    at: '2026-11-22T10:00:00.000Z',
    kind: 'call.closed',
    call: undefined,
    payload: { status: 'done', text: 'Grüße 👋', n: 1.5, list: [null, true, {}] },
    ...parts,
  }
}

export function operation(parts: Partial<Operation> = {}): Operation {
  const at = '2026-11-22T10:00:00.000Z'
  return {
    tenant: 'acme',
    principal: 'maya',
    instance: 'jira',
    tool: 'jira_issue_comment',
    key: newId('key'),
    id: newId('op'),
    state: 'intent',
    fence: 1,
    argsDigest: 'a'.repeat(64),
    planDigest: 'b'.repeat(64),
    args: { key: 'SUP-1' },
    plan: { summary: 'Comments on SUP-1' },
    details: {},
    answer: undefined,
    readAt: undefined,
    createdAt: at,
    updatedAt: at,
    deadlineAt: '2026-11-22T10:01:00.000Z',
    history: [{ state: 'intent', at }],
    ...parts,
  }
}

export function identityOf({ tenant, principal, instance, tool, key }: Operation): OperationIdentity {
  return { tenant, principal, instance, tool, key }
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
