// https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-links/
import type { Json, SandboxResponse } from 'toolgate/kit'
import { badRequest, bodyOf, forbidden, isObject, noContent, noIssue, ok, Refusal, word } from './answer.ts'
import type { Ask } from './ask.ts'
import { tell } from './history.ts'
import * as render from './render.ts'
import { linkTypes, stamp } from './world.ts'
import type { IssueDocument, LinkDocument, World } from './world.ts'

export function getLinkTypes(): SandboxResponse {
  return ok({ issueLinkTypes: linkTypes.map(({ id }) => render.linkType(id)) })
}

/** The inward issue says the outward phrase: see jira.js's caller. A link that is there already is said to be created. */
export function addLink({ request, world, now, actor }: Ask): SandboxResponse {
  const { type: asked, inwardIssue, outwardIssue, comment } = bodyOf(request.body)
  if (comment !== undefined) throw badRequest('The stand-in takes no comment with a link.')
  const type = linkTypes.find(({ id, name }) => isObject(asked) && (id === asked['id'] || name === asked['name']))
  if (type === undefined) throw new Refusal(404, { messages: [`No issue link type with name or id was found.`] })
  const [from, to] = [issueOf(world, inwardIssue), issueOf(world, outwardIssue)]
  if (!world.has(from.project, 'LINK_ISSUES')) throw forbidden('No Link Issue Permission for issue')
  if (from.id === to.id) throw badRequest('You cannot link an issue to itself.')
  const there = world.links(from.id).some((link) => link.type === type.id && link.from === from.id && link.to === to.id)
  if (there) return { status: 201 }
  const id = String(40_000 + world.state.next('link'))
  world.state.put('link', id, { id, type: type.id, from: from.id, to: to.id })
  told(world, { from, to, outward: type.outward, inward: type.inward, actor, at: stamp(now), added: true })
  return { status: 201 }
}

export function getLink({ parameters: [id = ''], world }: Ask): SandboxResponse {
  const link = linkOf(world, id)
  const [from, to] = [world.byId(link.from), world.byId(link.to)]
  return ok({
    id,
    type: render.linkType(link.type),
    // From nobody's side: the one that says the outward phrase is the inward issue.
    inwardIssue: { id: link.from, key: from?.key ?? '' },
    outwardIssue: { id: link.to, key: to?.key ?? '' },
  })
}

export function deleteLink({ parameters: [id = ''], world, now, actor }: Ask): SandboxResponse {
  const link = linkOf(world, id)
  const [from, to] = [world.byId(link.from), world.byId(link.to)]
  if (from === undefined || to === undefined) throw noLink(id)
  if (!world.has(from.project, 'LINK_ISSUES')) throw forbidden('No Link Issue Permission for issue')
  world.state.delete('link', id)
  const { outward = '', inward = '' } = linkTypes.find((each) => each.id === link.type) ?? {}
  told(world, { from, to, outward, inward, actor, at: stamp(now), added: false })
  return noContent
}

interface Told {
  readonly from: IssueDocument
  readonly to: IssueDocument
  readonly outward: string
  readonly inward: string
  readonly actor: string
  readonly at: string
  readonly added: boolean
}

/** Both issues tell of it in their history, and both are updated by it. */
function told(world: World, { from, to, outward, inward, actor, at, added }: Told): void {
  const ends = [
    [from, to, outward],
    [to, from, inward],
  ] as const
  for (const [issue, other, phrase] of ends) {
    world.save({ ...issue, updated: at })
    const [key, text] = [other.key, `This issue ${phrase} ${other.key}`]
    const item = { field: 'Link', fieldId: 'issuelinks', from: null, fromString: null, to: null, toString: null }
    const items = [added ? { ...item, to: key, toString: text } : { ...item, from: key, fromString: text }]
    tell(world, { issue: issue.id, actor, at, items })
  }
}

function issueOf(world: World, asked: Json | undefined): IssueDocument {
  const issue = isObject(asked) ? world.issue(word(asked['id'] ?? asked['key'])) : undefined
  if (issue === undefined) throw noIssue()
  return issue
}

function linkOf(world: World, id: string): LinkDocument {
  const link = world.state.get('link', id) as LinkDocument | undefined
  if (link === undefined) throw noLink(id)
  const [from, to] = [world.issue(link.from), world.issue(link.to)]
  if (from === undefined || to === undefined) throw noLink(id)
  return link
}

const noLink = (id: string) => new Refusal(404, { messages: [`No issue link with id '${id}' exists.`] })
