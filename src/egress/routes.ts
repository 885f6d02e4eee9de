// Which requests a connector declared: templates such as `GET /rest/api/3/issue/{key}`, matched exactly.

export interface Route {
  /** As it was declared. */
  readonly template: string
  readonly method: string
  /** Which of the vendor's addresses; empty for its base. */
  readonly host: string
  readonly segments: readonly Segment[]
  readonly parameters: number
}

type Segment = { readonly literal: string } | { readonly parameter: string }

/** Unreserved characters (RFC 3986) and `@` and `:`, which Jira, Slack and Salesforce ids use. No `%`: nothing may be encoded. */
const parameterValue = /^[A-Za-z0-9._~@:-]+$/
const method = /^(GET|HEAD|POST|PUT|PATCH|DELETE)$/

const compiled = new Map<string, Route>()

/** @throws TypeError for a template that cannot be read: a mistake of the connector's author. */
export function compileRoutes(templates: readonly string[]): readonly Route[] {
  return templates.map((template) => {
    const known = compiled.get(template)
    if (known !== undefined) return known
    const route = compileRoute(template)
    compiled.set(template, route)
    return route
  })
}

/**
 * The declared route that this request is, or undefined. Where several fit, the one with the fewest parameters:
 * `POST /issue/bulkfetch` is not `POST /issue/{key}`.
 */
export function matchRoute(routes: readonly Route[], requestMethod: string, path: string, host = ''): Route | undefined {
  const segments = path.split('/').slice(1)
  let best: Route | undefined
  for (const route of routes) {
    if (route.host !== host || route.method !== requestMethod || !fits(route, segments)) continue
    if (best === undefined || route.parameters < best.parameters) best = route
  }
  return best
}

function compileRoute(template: string): Route {
  const [, verb = '', host = '', path] = /^([A-Z]+) (?:([a-z]+):)?(\/\S*)$/.exec(template) ?? []
  if (path === undefined || !method.test(verb)) {
    throw new TypeError(`The route "${template}" must read METHOD /path/{parameter} or METHOD host:/path/{parameter}.`)
  }
  const segments = path
    .slice(1)
    .split('/')
    .map((text) => compileSegment(text, template))
  return { template, method: verb, host, segments, parameters: segments.filter((segment) => 'parameter' in segment).length }
}

function compileSegment(text: string, template: string): Segment {
  const parameter = /^\{([A-Za-z][A-Za-z0-9_]*)\}$/.exec(text)?.[1]
  if (parameter !== undefined) return { parameter }
  if (isPlainSegment(text)) return { literal: text }
  throw new TypeError(`The route "${template}" has the segment "${text}", which is neither plain text nor {parameter}.`)
}

function fits(route: Route, segments: readonly string[]): boolean {
  if (route.segments.length !== segments.length) return false
  return route.segments.every((segment, index) => {
    const text = segments[index] ?? ''
    return 'literal' in segment ? segment.literal === text : isPlainSegment(text)
  })
}

function isPlainSegment(text: string): boolean {
  return parameterValue.test(text) && text !== '.' && text !== '..'
}
