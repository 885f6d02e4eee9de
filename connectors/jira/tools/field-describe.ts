import { HubError, readTool } from 'toolgate/kit'
import type { Reads } from 'toolgate/kit'
import { z } from 'zod'
import { optionsOf } from '../fields.ts'
import { issueKey, line, projectKey } from '../ids.ts'
import type { Field, Jira } from '../jira.ts'
import { admitted, sentence } from '../planning.ts'
import { readScopes } from '../scopes.ts'

const input = z
  .strictObject({
    key: issueKey.optional().describe('For edits of this issue'),
    project: projectKey.optional().describe('For new issues, with type'),
    type: line(60).optional().describe('Issue type by name'),
    field: line(100).optional().describe('Only this one, by name'),
    option_query: line(100).optional().describe('Only values that have this in them'),
    limit: z.int().min(1).max(50).default(20).describe('Values of each field'),
  })
  .refine(
    ({ key, project, type }) => (key !== undefined) !== (project !== undefined && type !== undefined),
    'give either key, or project and type',
  )
const output = z.strictObject({
  project: z.string(),
  fields: z.array(
    z.strictObject({
      id: z.string(),
      name: z.string(),
      type: z.string(),
      required: z.boolean().optional(),
      operations: z.array(z.string()).optional(),
      values: z.array(z.string()).optional(),
      more_values: z.int().optional(),
    }),
  ),
  content_trust: z.literal('untrusted'),
})

export const fieldDescribe = readTool({
  name: 'field_describe',
  title: 'Jira: fields that can be set',
  description: 'Says which fields a new or an existing Jira issue takes, which are required, and their values.',
  scopes: readScopes.field,
  class: 'R',
  default: 'on',
  resolves: ['jira.project'],
  resources: ({ project }) => ({ 'jira.project': project }),
  input,
  output,
  example: { project: 'OPS', type: 'Incident' },
  async run({ key, project, type, field: named, option_query, limit }, context: Reads<Jira>) {
    const screen = key === undefined ? await forNew(project ?? '', type ?? '', context) : await forExisting(key, context)
    const fields = screen.fields.filter((each) => named === undefined || isCalled(each, named))
    if (fields.length === 0) {
      const names = screen.fields.map(({ name }) => name)
      throw new HubError('invalid_input', `There is no field "${named ?? ''}" here. There are: ${sentence(names)}.`)
    }
    return {
      project: screen.project,
      fields: fields.map((each) => {
        const wanted = option_query?.toLowerCase() ?? ''
        const values = optionsOf(each).filter((value) => value.toLowerCase().includes(wanted))
        return {
          id: each.id,
          name: each.name,
          type: each.schema.items === undefined ? each.schema.type : `${each.schema.type} of ${each.schema.items}`,
          ...(each.required && each.hasDefaultValue !== true ? { required: true } : {}),
          ...(each.operations === undefined ? {} : { operations: each.operations }),
          ...(values.length === 0 ? {} : { values: values.slice(0, limit) }),
          ...(values.length > limit ? { more_values: values.length - limit } : {}),
        }
      }),
      content_trust: 'untrusted' as const,
    }
  },
})

interface Screen {
  readonly project: string
  readonly fields: readonly Field[]
}

async function forExisting(key: string, context: Reads<Jira>): Promise<Screen> {
  const issue = await admitted(key, context)
  return { project: issue.fields.project.key, fields: await context.vendor.editableFields(issue.key) }
}

async function forNew(wanted: string, type: string, context: Reads<Jira>): Promise<Screen> {
  const { vendor } = context
  const { key } = await vendor.project(wanted)
  context.admit({ 'jira.project': key })
  const types = await vendor.issueTypes(key, context.now)
  const found = types.find(({ name }) => name.toLowerCase() === type.toLowerCase())
  if (found !== undefined) return { project: key, fields: await vendor.createFields(key, found.id, context.now) }
  const names = types.map(({ name }) => name)
  throw new HubError(
    'invalid_input',
    `${key} has no issue type "${type}" for the hub's account. It has: ${sentence(names)}.`,
  )
}

function isCalled({ id, name }: Field, wanted: string): boolean {
  return id === wanted || name.toLowerCase() === wanted.toLowerCase()
}
