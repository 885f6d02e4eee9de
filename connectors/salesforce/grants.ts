// What the org has granted to the hub's user, measured against the tools that are on.
import { visibleText } from 'toolgate/kit'
import type { Grants, Tool } from 'toolgate/kit'
import { isStandard } from './objects.ts'
import { needs } from './permissions.ts'
import type { Use } from './permissions.ts'
import type { SalesforceReader } from './salesforce.ts'
import type { ObjectSummary } from './schema.ts'

/** Permissions of a user that no tool needs and that undo what the permission set says. */
const tooMuch = ['ViewAllData', 'ModifyAllData', 'CustomizeApplication', 'ManageUsers', 'AuthorApex'] as const
/** Permissions of a user that single tools need. */
const ofTools: Readonly<Record<string, string>> = { report_run: 'RunReports' }
/** Signing in asks for no more than `api`; `refresh_token` only lets it go on. */
const scopesNeeded = new Set(['api', 'refresh_token', 'offline_access'])

const words: Readonly<Record<Use, string>> = { read: 'Read', create: 'Create', edit: 'Edit', set: 'Edit', delete: 'Delete' }
/** What else a tool writes to: without it the tool does nothing. */
const madeBy: Readonly<Record<string, string>> = { casecomment_add: 'CaseComment', note_add: 'ContentNote' }

/**
 * A tool for several objects is missing what it needs only when no object allows all of it: with one, it works there and
 * says of the others that the user may not.
 */
export async function grants(vendor: Omit<SalesforceReader, 'write'>, tools: readonly Tool[]): Promise<Grants> {
  const self = await vendor.self([...tooMuch, ...Object.values(ofTools)])
  const objects = await vendor.objects()
  const missing = Object.fromEntries(
    tools.flatMap(({ name }) => {
      const lacks = missingOf(name, objects, self.permissions)
      return lacks.length > 0 ? [[name, lacks]] : []
    }),
  )
  return {
    account: `${visibleText(self.name)} in ${self.host}`,
    missing,
    extra: [
      ...tooMuch.filter((name) => self.permissions.includes(name)),
      ...self.scopes.filter((scope) => !scopesNeeded.has(scope)).map((scope) => `OAuth scope ${scope}`),
      ...extraOn(objects, vendor.objectNames, tools),
    ],
  }
}

function missingOf(name: string, objects: readonly ObjectSummary[], permissions: readonly string[]): readonly string[] {
  const permission = ofTools[name]
  if (permission !== undefined && !permissions.includes(permission)) return [permission]
  const made = madeBy[name]
  if (made !== undefined && !objects.some((one) => one.name === made && one.createable)) return [`Create on ${made}`]
  const wanted = Object.entries(needs[name] ?? {}).filter(([, uses]) => uses.some((use) => use !== 'read'))
  const read = Object.keys(needs[name] ?? {})
  if (wanted.length === 0)
    return read.length > 0 && !objects.some((one) => read.includes(one.name) && one.queryable) ? ['Read on the objects'] : []
  const lacks = wanted.map(([object, uses]) =>
    lacking(
      objects.find((one) => one.name === object),
      object,
      uses,
    ),
  )
  // The one that lacks least says what is missing; usually it is the same for all of them.
  const least = lacks.reduce((best, next) => (next.length < best.length ? next : best))
  return least.length === 0 ? [] : [...new Set(lacks.flat())]
}

function lacking(summary: ObjectSummary | undefined, object: string, uses: readonly Use[]): readonly string[] {
  return [...new Set(uses.filter((use) => !allows(summary, use)).map((use) => `${words[use]} on ${object}`))]
}

function allows(summary: ObjectSummary | undefined, use: Use): boolean {
  if (!summary) return false
  if (use === 'read') return summary.queryable
  if (use === 'create') return summary.createable
  return use === 'delete' ? summary.deletable : summary.updateable
}

/** Create, Edit and Delete that no enabled tool uses: one entry for each, with the tools that would. */
function extraOn(
  objects: readonly ObjectSummary[],
  worked: readonly string[],
  tools: readonly Pick<Tool, 'name'>[],
): readonly string[] {
  const used = (object: string) => new Set(tools.flatMap(({ name }) => needsOn(name, object)))
  const unused = { Create: [] as string[], Edit: [] as string[], Delete: [] as string[] }
  for (const summary of objects.filter(({ name }) => worked.includes(name))) {
    const uses = used(summary.name)
    const edits = uses.has('edit') || uses.has('set') || uses.has('delete')
    if (summary.createable && !uses.has('create')) unused.Create.push(summary.name)
    if (summary.updateable && !edits) unused.Edit.push(summary.name)
    if (summary.deletable && !uses.has('delete')) unused.Delete.push(summary.name)
  }
  return Object.entries(unused).flatMap(([right, names]) => {
    if (names.length === 0) return []
    const off = Object.keys(needs).filter(
      (tool) =>
        !tools.some(({ name }) => name === tool) &&
        names.some((object) => needsOn(tool, object).some((use) => words[use] === right)),
    )
    return [`${right} on ${names.join('/')}${off.length > 0 ? ` (for ${off.join(' and ')}, which are off)` : ''}`]
  })
}

/** Objects that the configuration adds are used as accounts are. */
function needsOn(tool: string, object: string): readonly Use[] {
  return needs[tool]?.[isStandard(object) ? object : 'Account'] ?? []
}
