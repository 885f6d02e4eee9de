// What we use of Jira's answers, and nothing else. https://developer.atlassian.com/cloud/jira/platform/rest/v3/
import { cutText, visibleText } from 'toolgate/kit'
import { z } from 'zod'

/** One line, bounded. */
const name = z.string().transform((text) => cutText(visibleText(text).replace(/\s+/g, ' ').trim(), 255).text)
/** Left out, or null, which means the same. */
const maybe = <T extends z.ZodType>(schema: T) =>
  schema.nullish().transform((value) => (value === null ? undefined : value) as Exclude<z.output<T>, null> | undefined)

export const User = z
  .object({
    accountId: z.string(),
    displayName: name.optional(),
    accountType: z.string().optional(),
    active: z.boolean().optional(),
  })
  .transform(({ accountId, displayName = accountId, accountType, active = true }) => ({
    id: accountId,
    name: displayName,
    customer: accountType === 'customer',
    active,
  }))
export type User = z.output<typeof User>

const Named = z.object({ id: z.string(), name })
const Status = z.object({ id: z.string(), name, statusCategory: z.object({ key: z.string(), name }).optional() })

export const Project = z.object({
  id: z.string(),
  key: z.string(),
  name,
  projectTypeKey: z.string().optional(),
  lead: maybe(User),
})
export type Project = z.output<typeof Project>

const SearchedIssue = z.object({
  id: z.string(),
  key: z.string(),
  fields: z.object({
    project: Project,
    summary: name,
    issuetype: Named,
    status: Status,
    priority: maybe(Named),
    assignee: maybe(User),
    labels: z.array(name).default([]),
    created: z.string(),
    updated: z.string(),
    reporter: maybe(User),
    duedate: maybe(z.string()),
    parent: maybe(z.object({ id: z.string(), key: z.string() })),
  }),
})
export type FoundIssue = z.output<typeof SearchedIssue>

export const Issue = z.object({
  id: z.string(),
  key: z.string(),
  fields: SearchedIssue.shape.fields.extend({
    description: z.unknown(),
    resolution: maybe(Named),
    subtasks: maybe(z.array(z.object({ key: z.string() }))),
    watches: maybe(z.object({ watchCount: z.number() })),
  }),
})

/** What is asked of Jira for one issue: the same for reads, plans and applies, so that the same issue has the same `rev`. */
export const issueFields = Object.keys(Issue.shape.fields.shape)
export const fullFields = Object.keys(SearchedIssue.shape.fields.shape)
export const searchFields = fullFields.filter((each) => !['reporter', 'duedate', 'parent'].includes(each))

export const Comment = z.object({
  id: z.string(),
  author: maybe(User),
  body: z.unknown(),
  created: z.string(),
  updated: z.string().optional(),
  visibility: maybe(z.object({ type: z.string().optional(), value: name.optional() })),
  jsdPublic: z.boolean().optional(),
})
export const Comments = z.object({ startAt: z.number(), total: z.number(), comments: z.array(Comment) })

const Allowed = z.object({
  id: z.string().optional(),
  name: name.optional(),
  value: name.optional(),
  key: z.string().optional(),
})

/** A field as createmeta, editmeta and transitions describe it. */
export const FieldMeta = z.object({
  fieldId: z.string().optional(),
  key: z.string().optional(),
  name,
  required: z.boolean(),
  hasDefaultValue: z.boolean().optional(),
  operations: z.array(z.string()).optional(),
  schema: z.object({
    type: z.string(),
    items: z.string().optional(),
    system: z.string().optional(),
    custom: z.string().optional(),
  }),
  allowedValues: z.array(Allowed.extend({ children: z.array(Allowed).optional() })).optional(),
})
export type FieldMeta = z.output<typeof FieldMeta>

export const Transition = z.object({
  id: z.string(),
  name,
  to: Status,
  isAvailable: z.boolean().optional(),
  fields: z.record(z.string(), FieldMeta).optional(),
})
export const Transitions = z.object({ transitions: z.array(Transition) })

export const EditMeta = z.object({ fields: z.record(z.string(), FieldMeta) })
export const CreateTypes = z.object({
  issueTypes: z.array(z.object({ id: z.string(), name, subtask: z.boolean().optional() })),
})
export const CreateFields = z.object({ total: z.number().optional(), fields: z.array(FieldMeta) })
export const Permissions = z.object({ permissions: z.record(z.string(), z.object({ havePermission: z.boolean() })) })
export const SearchPage = z.object({
  issues: z.array(SearchedIssue),
  nextPageToken: maybe(z.string()),
  isLast: z.boolean().optional(),
})
export const ProjectPage = z.object({
  values: z.array(Project),
  startAt: z.number(),
  total: z.number().optional(),
  isLast: z.boolean().optional(),
})
export const Created = z.object({ id: z.string(), key: z.string() })
export const CreatedComment = z.object({ id: z.string() })

const maybeText = maybe(z.string().transform((text) => cutText(visibleText(text), 500).text))
/** https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/#api-rest-api-3-issue-issueidorkey-changelog-get */
export const Change = z.object({
  author: maybe(User),
  created: z.string(),
  items: z
    .array(
      z.object({
        field: name,
        fieldId: z.string().optional(),
        from: maybeText,
        fromString: maybeText,
        to: maybeText,
        // Every object has a method of this name, so that it is asked whether this one has its own.
        toString: z.unknown().transform((value) => (typeof value === 'string' ? maybeText.parse(value) : undefined)),
      }),
    )
    .default([]),
})
export const Changes = z.object({ startAt: z.number(), total: z.number(), values: z.array(Change) })

const LinkedIssue = z.object({ key: z.string(), fields: z.object({ status: Status.optional() }).optional() })
const LinkType = z.object({ id: z.string(), name, inward: name, outward: name })
export const LinkTypes = z.object({ issueLinkTypes: z.array(LinkType) })
const RawLink = z.object({
  id: z.string(),
  type: LinkType,
  inwardIssue: maybe(LinkedIssue),
  outwardIssue: maybe(LinkedIssue),
})

export interface Link {
  readonly id: string
  readonly type: z.output<typeof LinkType>
  /** Which end the issue is: it says the outward phrase of the other one, or the inward phrase. */
  readonly says: 'outward' | 'inward'
  readonly other: string
}

export function linkOf({ id, type, inwardIssue, outwardIssue }: z.output<typeof RawLink>): readonly Link[] {
  const other = outwardIssue ?? inwardIssue
  return other === undefined ? [] : [{ id, type, says: outwardIssue ? 'outward' : 'inward', other: other.key }]
}

export const Attachment = z.object({
  id: z.union([z.string(), z.number()]).transform(String),
  filename: name,
  author: maybe(User),
  created: z.string(),
  size: z.number(),
  mimeType: name.default('application/octet-stream'),
})
export type Attachment = z.output<typeof Attachment>

export const Related = z.object({
  fields: z.object({
    issuelinks: z.array(RawLink).default([]),
    attachment: z.array(Attachment).default([]),
    subtasks: z.array(z.object({ key: z.string() })).default([]),
  }),
})
export const relatedFields = Object.keys(Related.shape.fields.shape)

export const Property = z.object({ key: z.string(), value: z.json() })
export const Count = z.object({ count: z.number() })
export const Worklogs = z.object({ total: z.number(), worklogs: z.array(z.object({ id: z.string(), author: maybe(User) })) })
export const CreatedWorklog = z.object({ id: z.string() })
export const Sprint = z.object({ id: z.number(), name, state: z.string() })
export const SprintOfIssue = z.object({ fields: z.object({ sprint: maybe(Sprint) }) })

/** https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/#3-1-get-the-cloudid-for-your-site */
export const AccessibleResources = z.array(z.object({ id: z.string(), scopes: z.array(z.string()).default([]) }))

/** Any fields of an issue, with what they are called. */
export type Fields = z.output<typeof Fields>
export const Fields = z.object({
  key: z.string(),
  fields: z.record(z.string(), z.unknown()),
  names: z.record(z.string(), name).default({}),
})
