// Changes a part of an Atlassian document and leaves every other node exactly as it is.
import { HubError } from 'toolgate/kit'
import type { Json, JsonObject } from 'toolgate/kit'
import { toMarkdown } from './adf.ts'

/** The top nodes of a document; none for an empty one. Old wiki text has none that could be kept. */
export function nodesOf(document: unknown): readonly Json[] {
  if (document === null || document === undefined) return []
  if (isObject(document) && document['type'] === 'doc' && Array.isArray(document['content'])) return document['content']
  throw new HubError('refused', 'The text is in an old format of Jira that has no parts. Edit it once in Jira itself.')
}

/** The document with the nodes of another one at its end. */
export function appended(document: unknown, added: JsonObject): JsonObject {
  const before = nodesOf(document)
  return withNodes(document, [...before, ...withFreshIds(nodesOf(added), before)])
}

/** Without its last nodes, when they say exactly what `ending` says. */
export function withoutEnding(document: unknown, ending: JsonObject): JsonObject | undefined {
  const [all, last] = [nodesOf(document), nodesOf(ending)]
  const start = all.length - last.length
  if (start < 0 || textOf(all.slice(start)) !== textOf(last)) return undefined
  return withNodes(document, all.slice(0, start))
}

export interface Section {
  readonly start: number
  readonly end: number
  readonly nodes: readonly Json[]
}

/** What stands below a heading, up to the next one of its level or above. */
export function sectionOf(document: unknown, heading: string): Section {
  const all = nodesOf(document)
  const wanted = heading
    .replace(/^#+\s*/, '')
    .trim()
    .toLowerCase()
  const found = all.flatMap((node, index) => (levelOf(node) > 0 && titleOf(node).toLowerCase() === wanted ? [index] : []))
  const [at] = found
  if (at === undefined || found.length > 1) {
    const titles = all.filter((node) => levelOf(node) > 0).map(titleOf)
    const has = titles.length === 0 ? 'It has none.' : `It has: ${titles.slice(0, 20).join('; ')}.`
    throw new HubError(
      'invalid_input',
      `The description has ${found.length} headings "${heading}", and one is needed. ${has}`,
    )
  }
  const level = levelOf(all[at])
  const next = all.findIndex((node, index) => index > at && levelOf(node) > 0 && levelOf(node) <= level)
  const end = next === -1 ? all.length : next
  return { start: at + 1, end, nodes: all.slice(at + 1, end) }
}

export function withSection(document: unknown, { start, end }: Section, added: readonly Json[]): JsonObject {
  const all = nodesOf(document)
  const [before, after] = [all.slice(0, start), all.slice(end)]
  return withNodes(document, [...before, ...withFreshIds(added, [...before, ...after]), ...after])
}

/** What these nodes say, and which of them Markdown could not hold. */
export function readingOf(nodes: readonly Json[]) {
  return toMarkdown({ type: 'doc', version: 1, content: nodes })
}

function textOf(nodes: readonly Json[]): string {
  return readingOf(nodes).markdown
}

function withNodes(document: unknown, content: readonly Json[]): JsonObject {
  return { ...(isObject(document) ? document : { version: 1, type: 'doc' }), content }
}

/** A document names each of its tasks once. */
function withFreshIds(added: readonly Json[], kept: readonly Json[]): readonly Json[] {
  const taken = new Set<string>()
  const collect = (node: Json): void => {
    if (Array.isArray(node)) return node.forEach(collect)
    if (!isObject(node)) return
    const id = isObject(node['attrs']) ? node['attrs']['localId'] : undefined
    if (typeof id === 'string') taken.add(id)
    collect(node['content'] ?? [])
  }
  kept.forEach(collect)
  const fresh = (node: Json): Json => {
    if (!isObject(node)) return node
    const { attrs, content } = node
    const id = isObject(attrs) ? attrs['localId'] : undefined
    return {
      ...node,
      ...(typeof id === 'string' && isObject(attrs) ? { attrs: { ...attrs, localId: freeId(id, taken) } } : {}),
      ...(Array.isArray(content) ? { content: content.map(fresh) } : {}),
    }
  }
  return added.map(fresh)
}

function freeId(id: string, taken: ReadonlySet<string>): string {
  for (let number = 1; ; number += 1) {
    const candidate = number === 1 ? id : `${id}-${number}`
    if (!taken.has(candidate)) return candidate
  }
}

function levelOf(node: Json | undefined): number {
  return isObject(node) && node['type'] === 'heading' && isObject(node['attrs']) ? Number(node['attrs']['level'] ?? 0) : 0
}

function titleOf(node: Json): string {
  return textOf([node])
    .replace(/^#+\s*/, '')
    .trim()
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
