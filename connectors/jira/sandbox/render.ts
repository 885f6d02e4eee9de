// Documents in the shape of Jira's answers.
// https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/#api-rest-api-3-issue-issueidorkey-get
import type { Json, JsonObject } from 'toolgate/kit'
import { isObject } from './answer.ts'
import { customFields } from './custom-fields.ts'
import {
  categories,
  linkTypes,
  listNames,
  people,
  priorities,
  resolutions,
  rootCause,
  severity,
  site,
  statuses,
  types,
} from './world.ts'
import type {
  AttachmentDocument,
  ChangeDocument,
  CommentDocument,
  IssueDocument,
  LinkDocument,
  WorklogDocument,
  World,
} from './world.ts'

const rest = `${site}/rest/api/3`

export function user(accountId: string): JsonObject {
  const person = people.find((each) => each.accountId === accountId)
  const avatar = (size: number) => `${site}/avatars/${encodeURIComponent(accountId)}?size=${size}`
  return {
    self: `${rest}/user?accountId=${accountId}`,
    accountId,
    avatarUrls: { '48x48': avatar(48), '24x24': avatar(24), '16x16': avatar(16), '32x32': avatar(32) },
    displayName: person?.name ?? 'Former user',
    active: person !== undefined,
    timeZone: 'Etc/UTC',
    accountType: 'atlassian',
  }
}

export function project(world: World, key: string): JsonObject {
  const { id, name, type } = world.projectDocument(key)
  return {
    self: `${rest}/project/${id}`,
    id: id,
    key,
    name: name,
    projectTypeKey: type,
    simplified: false,
    avatarUrls: { '48x48': `${site}/avatars/project/${key}` },
  }
}

export function status(id: string): JsonObject {
  const found = statuses.find((each) => each.id === id) ?? statuses[0]
  if (found === undefined) throw new Error('There are no statuses.')
  return {
    self: `${rest}/status/${id}`,
    description: '',
    iconUrl: `${site}/images/icons/statuses/generic.png`,
    name: found.name,
    id,
    statusCategory: { self: `${rest}/statuscategory/${categories[found.category].id}`, ...categories[found.category] },
  }
}

export function issueType(id: string): JsonObject {
  const found = types.find((each) => each.id === id)
  return {
    self: `${rest}/issuetype/${id}`,
    id,
    description: '',
    iconUrl: `${site}/images/icons/issuetypes/${id}.svg`,
    name: found?.name ?? '',
    subtask: found?.subtask ?? false,
    hierarchyLevel: found?.name === 'Epic' ? 1 : found?.subtask === true ? -1 : 0,
  }
}

export function priority(id: string): JsonObject {
  const name = priorities.find((each) => each.id === id)?.name ?? ''
  return { self: `${rest}/priority/${id}`, iconUrl: `${site}/images/icons/priorities/${name.toLowerCase()}.svg`, name, id }
}

export function resolution(id: string): JsonObject {
  const name = resolutions.find((each) => each.id === id)?.name ?? ''
  return { self: `${rest}/resolution/${id}`, id, description: '', name }
}

/** A component or a version. */
export function listed(field: 'components' | 'fixVersions', name: string): JsonObject {
  const isVersion = field === 'fixVersions'
  const id = String((isVersion ? 10_800 : 10_700) + listNames(field).indexOf(name))
  const kind = isVersion ? { archived: false, released: false } : {}
  return { self: `${rest}/${isVersion ? 'version' : 'component'}/${id}`, id, name, ...kind }
}

export function comment(document: CommentDocument): JsonObject {
  const { id, issue, author, body, created, updated = created, visibility, properties } = document
  return {
    self: `${rest}/issue/${issue}/comment/${id}`,
    id,
    author: user(author),
    body,
    updateAuthor: user(author),
    created,
    updated,
    jsdPublic: !properties.some(isInternal),
    ...(visibility === null ? {} : { visibility }),
    ...(properties.length > 0 ? { properties } : {}),
  }
}

/** https://developer.atlassian.com/cloud/jira/service-desk/jira-service-desk-entity-properties/ */
function isInternal(property: Json): boolean {
  if (!isObject(property) || property['key'] !== 'sd.public.comment') return false
  return isObject(property['value']) && property['value']['internal'] === true
}

/** Every field that the stand-in has, by its id. */
const fields: Readonly<Record<string, (issue: IssueDocument, world: World) => Json>> = {
  project: (issue, world) => project(world, issue.project),
  issuetype: (issue) => issueType(issue.type),
  summary: (issue) => issue.summary,
  description: (issue) => issue.description,
  status: (issue) => status(issue.status),
  resolution: (issue) => (issue.resolution === null ? null : resolution(issue.resolution)),
  resolutiondate: (issue) => issue.resolved,
  priority: (issue) => priority(issue.priority),
  assignee: (issue) => (issue.assignee === null ? null : user(issue.assignee)),
  reporter: (issue) => user(issue.reporter),
  creator: (issue) => user(issue.reporter),
  labels: (issue) => issue.labels,
  components: ({ components = [] }) => components.map((name) => listed('components', name)),
  fixVersions: ({ fixVersions = [] }) => fixVersions.map((name) => listed('fixVersions', name)),
  created: (issue) => issue.created,
  updated: (issue) => issue.updated,
  duedate: (issue) => issue.due,
  parent: (issue, world) => (issue.parent === null ? null : linked(issue.parent, world)),
  subtasks: (issue, world) => world.subtasks(issue.id).map((subtask) => linked(subtask.id, world)),
  watches: (issue) => ({
    self: `${rest}/issue/${issue.key}/watchers`,
    watchCount: issue.watchers.length,
    isWatching: false,
  }),
  comment: (issue, world) => {
    const comments = world.comments(issue.id).map(comment)
    return {
      comments,
      self: `${rest}/issue/${issue.id}/comment`,
      maxResults: comments.length,
      total: comments.length,
      startAt: 0,
    }
  },
  issuelinks: (issue, world) => world.links(issue.id).flatMap((link) => linkFrom(link, issue.id, world)),
  attachment: (issue, world) => world.attachments(issue.id).map(attachment),
  ...Object.fromEntries(customFields.map(({ id }) => [id, (issue: IssueDocument) => customOf(issue.custom[id] ?? null)])),
  [severity.id]: (issue) => issue.custom[severity.id] ?? null,
  [rootCause.id]: (issue) => issue.custom[rootCause.id] ?? null,
}

/** A person is kept by the account, and shown with the name. */
function customOf(value: Json): Json {
  const account = isObject(value) ? value['accountId'] : undefined
  return typeof account === 'string' ? user(account) : value
}

/** With `expand=names`: what each field of the answer is called. */
export function namesOf({ fields: shown }: JsonObject): JsonObject {
  const names = [...customFields, severity, rootCause].map(({ id, name }) => [id, name] as const)
  const own = isObject(shown) ? Object.keys(shown) : []
  return {
    ...Object.fromEntries(own.map((id) => [id, id])),
    ...Object.fromEntries(names.filter(([id]) => own.includes(id))),
  }
}

export function linkType(id: string): JsonObject {
  const found = linkTypes.find((each) => each.id === id)
  return {
    id,
    name: found?.name ?? '',
    inward: found?.inward ?? '',
    outward: found?.outward ?? '',
    self: `${rest}/issueLinkType/${id}`,
  }
}

/** As one of its issues shows it, unless the other one cannot be seen. https://developer.atlassian.com/cloud/jira/platform/issue-linking-model/ */
function linkFrom({ id, type, from, to }: LinkDocument, issue: string, world: World): readonly JsonObject[] {
  const other = world.byId(from === issue ? to : from)
  if (other === undefined || !world.visible(other)) return []
  const end = from === issue ? 'outwardIssue' : 'inwardIssue'
  return [{ id, self: `${rest}/issueLink/${id}`, type: linkType(type), [end]: linked(other.id, world) }]
}

export function attachment({ id, author, filename, mimeType, text, created }: AttachmentDocument): JsonObject {
  return {
    self: `${rest}/attachment/${id}`,
    id,
    filename,
    author: user(author),
    created,
    size: Buffer.byteLength(text),
    mimeType,
    content: `${rest}/attachment/content/${id}`,
  }
}

export function worklog({
  id,
  issue,
  author,
  started,
  seconds,
  comment: note,
  created,
  properties,
}: WorklogDocument): JsonObject {
  return {
    self: `${rest}/issue/${issue}/worklog/${id}`,
    id,
    issueId: issue,
    author: user(author),
    updateAuthor: user(author),
    ...(note === null ? {} : { comment: note }),
    created,
    updated: created,
    started,
    timeSpent: `${Math.round(seconds / 60)}m`,
    timeSpentSeconds: seconds,
    properties: [...properties],
  }
}

export function change({ id, author, created, items }: ChangeDocument): JsonObject {
  return { id, author: user(author), created, items: items.map((item) => ({ fieldtype: 'jira', ...item })) }
}

/** Jira shows what it links to with its summary, wherever that lives. */
function linked(id: string, world: World): Json {
  const issue = world.byId(id)
  if (issue === undefined) return null
  return {
    id,
    key: issue.key,
    self: `${rest}/issue/${id}`,
    fields: {
      summary: issue.summary,
      status: status(issue.status),
      priority: priority(issue.priority),
      issuetype: issueType(issue.type),
    },
  }
}

/** `asked` as Jira takes it: ids, `*all`, `*navigable`, and `-id` to leave one out. */
export function issueOf(
  document: IssueDocument,
  world: World,
  asked: readonly string[],
  properties: readonly string[] = [],
): JsonObject {
  const out = new Set(asked.filter((name) => name.startsWith('-')).map((name) => name.slice(1)))
  const all = asked.includes('*all') || asked.length === out.size
  const shown = Object.entries(fields).filter(([id]) => {
    if (out.has(id)) return false
    return all || asked.includes(id) || (asked.includes('*navigable') && id !== 'comment')
  })
  const kept = properties.flatMap((name) =>
    document.properties[name] === undefined ? [] : [[name, document.properties[name]] as const],
  )
  return {
    expand: 'renderedFields,names,schema,operations,editmeta,changelog,versionedRepresentations',
    id: document.id,
    self: `${rest}/issue/${document.id}`,
    key: document.key,
    // Jira leaves out the parent of what has none.
    fields: Object.fromEntries(
      shown
        .map(([id, value]) => [id, value(document, world)] as const)
        .filter(([id, value]) => !(id === 'parent' && value === null)),
    ),
    ...(properties.length > 0 ? { properties: Object.fromEntries(kept) } : {}),
  }
}
