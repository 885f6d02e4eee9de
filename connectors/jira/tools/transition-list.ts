import { readTool } from 'toolgate/kit'
import type { Reads } from 'toolgate/kit'
import { z } from 'zod'
import { issueKey } from '../ids.ts'
import type { Jira } from '../jira.ts'
import { admitted } from '../planning.ts'
import { readScopes } from '../scopes.ts'

const input = z.strictObject({ key: issueKey })
const output = z.strictObject({
  key: z.string(),
  project: z.string(),
  status: z.string(),
  transitions: z.array(
    z.strictObject({
      id: z.string(),
      name: z.string(),
      to: z.string(),
      category: z.string().optional(),
      fields: z.array(z.string()).optional(),
      required_fields: z.array(z.string()).optional(),
    }),
  ),
  content_trust: z.literal('untrusted'),
})

export const transitionList = readTool({
  name: 'transition_list',
  title: 'Jira: list transitions',
  description: 'Lists where one Jira issue can go from its status, and the fields that each transition asks for.',
  scopes: readScopes.transition,
  class: 'R',
  default: 'on',
  resolves: ['jira.project'],
  resources: ({ project }) => ({ 'jira.project': project }),
  input,
  output,
  example: { key: 'OPS-42' },
  async run({ key }, context: Reads<Jira>) {
    const { vendor } = context
    const issue = await admitted(key, context)
    const transitions = await vendor.transitions(issue.key)
    return {
      key: issue.key,
      project: issue.fields.project.key,
      status: issue.fields.status.name,
      transitions: transitions.map(({ id, name, to, fields }) => {
        const required = fields.filter((field) => field.required && field.hasDefaultValue !== true)
        const optional = fields.filter((field) => !required.includes(field))
        return {
          id,
          name,
          to: to.name,
          category: to.statusCategory?.key,
          ...(optional.length > 0 ? { fields: optional.map((field) => field.name) } : {}),
          ...(required.length > 0 ? { required_fields: required.map((field) => field.name) } : {}),
        }
      }),
      content_trust: 'untrusted' as const,
    }
  },
})
