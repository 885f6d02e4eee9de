// Writes the seeded company into an empty state.
import { company } from 'toolgate/kit'
import type { Json, JsonObject, SandboxState } from 'toolgate/kit'
import { files, links, sprints, story } from './story.ts'
import type { Part, Told } from './story.ts'
import {
  accountIdOf,
  administrative,
  linkTypes,
  people,
  permissions,
  priorities,
  resolutions,
  severity,
  stamp,
  statuses,
  types,
  world,
} from './world.ts'
import type { Named } from './world.ts'

const day = 24 * 60 * 60 * 1000

export function seed(state: SandboxState, now: Date): void {
  company.projects.forEach(({ key, name, lead }, index) => {
    const type = key === 'SUP' || key === 'OPS' ? 'software' : 'business'
    state.put('project', key, { id: String(10_000 + index), name, lead: accountIdOf(lead), type })
    state.put('permission', key, { granted: granted(key) })
  })
  const ids = new Map<string, string>()
  for (const told of story) {
    const id = String(10_000 + state.next('issue'))
    ids.set(told.key, id)
    write(state, now, told, id, ids)
  }
  for (const sprint of sprints) state.put('sprint', String(sprint.id), sprint)
  for (const { key, filename, text, by, days } of files) {
    const id = String(60_000 + state.next('attachment'))
    const created = stamp(new Date(now.getTime() - days * day))
    const issue = ids.get(key) ?? ''
    state.put('attachment', id, { id, issue, author: accountIdOf(by), filename, mimeType: 'text/plain', text, created })
  }
  for (const { from, type, to } of links) {
    const id = String(40_000 + state.next('link'))
    state.put('link', id, { id, type: idOf(linkTypes, type), from: ids.get(from) ?? '', to: ids.get(to) ?? '' })
  }
  for (const { key } of company.projects) {
    const taken = story.flatMap((told) => [told.key, ...(told.formerly ?? [])]).filter((each) => each.startsWith(`${key}-`))
    state.put('counter', key, { last: Math.max(...taken.map((each) => Number(each.split('-')[1]))) })
  }
}

/** The hub's account does all but administer in SUP and OPS, reads and comments in FIN, and cannot see HR. */
function granted(project: string): readonly string[] {
  if (project === 'HR') return []
  if (project === 'FIN') return ['BROWSE_PROJECTS', 'ADD_COMMENTS']
  return Object.keys(permissions).filter((permission) => !administrative.has(permission))
}

function write(state: SandboxState, now: Date, told: Told, id: string, ids: ReadonlyMap<string, string>): void {
  const { key, comments = [], formerly = [], watchers = [] } = told
  const [project = ''] = key.split('-')
  const at = (days: number) => stamp(new Date(now.getTime() - days * day))
  const reporter = accountIdOf(told.reporter ?? 'maya')
  const updated = at(told.updated ?? told.created)
  for (const each of [key, ...formerly]) state.put('key', each, { id })
  world(state).save({
    id,
    key,
    project,
    type: idOf(types, told.type),
    summary: told.summary,
    description: told.description ? documentOf(told.description) : null,
    status: idOf(statuses, told.status ?? 'Open'),
    resolution: told.resolution === undefined ? null : idOf(resolutions, told.resolution),
    priority: idOf(priorities, told.priority ?? 'Medium'),
    assignee: told.assignee === undefined ? null : accountIdOf(told.assignee),
    reporter,
    labels: told.labels ?? [],
    created: at(told.created),
    updated,
    resolved: told.resolution === undefined ? null : updated,
    parent: told.parent === undefined ? null : (ids.get(told.parent) ?? null),
    due: told.due === undefined ? null : at(-told.due).slice(0, 10),
    watchers: [...new Set([reporter, ...watchers.map(accountIdOf)])],
    custom: told.severity === undefined ? {} : { [severity.id]: optionOf(told.severity) },
    properties: {},
    sprint: told.sprint ?? null,
    components: told.components ?? [],
    fixVersions: told.fixVersions ?? [],
  })
  for (const { by, days, text } of comments) {
    const comment = String(20_000 + state.next('comment'))
    const body = documentOf([text])
    state.put('comment', comment, {
      id: comment,
      issue: id,
      author: accountIdOf(by),
      body,
      created: at(days),
      visibility: null,
      properties: [],
    })
  }
}

function idOf(list: readonly Named[], name: string): string {
  const found = list.find((each) => each.name === name)
  if (found === undefined) throw new Error(`The story names "${name}", which is not there.`)
  return found.id
}

function optionOf(value: string): Json {
  const option = severity.options.find((each) => each.value === value)
  if (option === undefined) throw new Error(`The story names the severity "${value}", which is not there.`)
  return { ...option }
}

function documentOf(parts: readonly Part[]): JsonObject {
  return { version: 1, type: 'doc', content: parts.map(nodeOf) }
}

function nodeOf(part: Part): JsonObject {
  if (typeof part === 'string') return paragraph(part)
  if ('heading' in part) return { type: 'heading', attrs: { level: 3 }, content: [words(part.heading)] }
  if ('list' in part) {
    return { type: 'bulletList', content: part.list.map((item) => ({ type: 'listItem', content: [paragraph(item)] })) }
  }
  if ('code' in part) return { type: 'codeBlock', attrs: { language: part.language }, content: [words(part.code)] }
  if ('panel' in part) return { type: 'panel', attrs: { panelType: part.kind }, content: [paragraph(part.panel)] }
  if ('mention' in part) {
    const id = accountIdOf(part.mention)
    const name = people.find(({ accountId }) => accountId === id)?.name ?? part.mention
    return { type: 'paragraph', content: [{ type: 'mention', attrs: { id, text: `@${name}` } }, words(` ${part.text}`)] }
  }
  const rows = part.table.map((cells, index) => ({
    type: 'tableRow',
    content: cells.map((cell) => ({
      type: index === 0 ? 'tableHeader' : 'tableCell',
      attrs: {},
      content: [paragraph(cell)],
    })),
  }))
  return { type: 'table', attrs: { isNumberColumnEnabled: false, layout: 'default' }, content: rows }
}

function paragraph(text: string): JsonObject {
  return { type: 'paragraph', content: [words(text)] }
}

function words(text: string): JsonObject {
  return { type: 'text', text }
}
