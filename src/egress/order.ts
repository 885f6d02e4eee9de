// One request as a connector asked for it, checked against what the connector declared. Nothing has left yet.
import { HubError } from '../kit/error.ts'
import { acceptedEncodings } from './answer.ts'
import { matchRoute } from './routes.ts'
import type { Route } from './routes.ts'

export interface Order {
  readonly kind: 'read' | 'sign-in' | 'write'
  readonly method: string
  readonly route: string
  /** The vendor's address that it goes to. */
  readonly place: Place
  /** Below that address, for records. */
  readonly path: string
  /** As it goes on the wire: with the path of the base, and the query. */
  readonly target: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | undefined
  /** Of the SDK that asked. */
  readonly signal: AbortSignal
}

/** One address of the vendor, by its name; the empty name is its base. */
export interface Place {
  readonly host: string
  readonly base: URL
}

export interface Declared {
  /** The longest path first, so that a sandbox's own paths for other hosts are found before its base. */
  readonly places: readonly Place[]
  readonly reads: readonly Route[]
  readonly signIn: readonly Route[]
  readonly writes: readonly Route[]
}

type Input = Parameters<typeof fetch>[0]

/** Ways to make one method mean another: in headers of many frameworks, and in Salesforce's query string. */
const methodOverrides = ['x-http-method-override', 'x-http-method', 'x-method-override']
const methodOverrideQuery = '_httpmethod'

/** Ours to say; those of the caller describe a connection that it does not have. */
const connectionHeaders = new Set([
  'accept-encoding',
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/**
 * @throws HubError `forbidden` for everything that was not declared. The sentence names no path: a path may hold what an
 * agent or a vendor wrote.
 */
export async function takeOrder(input: Input, init: RequestInit | undefined, declared: Declared): Promise<Order> {
  if (typeof input === 'string') refuseRewrittenPath(input)
  const request = toRequest(input, init)
  const url = new URL(request.url)
  refuseUrlTricks(url)
  refuseMethodOverride(request.headers, url)
  const place = placeOf(url, declared.places)
  const path = url.pathname.slice(prefixOf(place).length)
  const { route, kind } = declaredRoute(request.method, path, place.host, declared)
  return {
    kind,
    method: request.method,
    route: route.template,
    place,
    path,
    target: url.pathname + url.search,
    url: url.href,
    headers: wireHeaders(request.headers),
    body: request.body === null ? undefined : new Uint8Array(await request.arrayBuffer()),
    signal: request.signal,
  }
}

function toRequest(input: Input, init: RequestInit | undefined): Request {
  try {
    return new Request(input, { duplex: 'half', ...init })
  } catch (cause) {
    throw refused('a URL or method that is not valid', cause)
  }
}

/**
 * URL parsers rewrite `..`, `%2e`, `\` and line breaks without a word, so that an id such as `../project/SECRET` becomes
 * another path, perhaps a declared one. The text still shows it.
 */
function refuseRewrittenPath(text: string): void {
  const path = text.split(/[?#]/, 1)[0] ?? ''
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\\\u0000-\u0020\u007f]/.test(text) || /%|\/\.{1,2}(\/|$)/.test(path)) {
    throw refused('a path that would be rewritten on the way', path)
  }
}

function refuseUrlTricks(url: URL): void {
  if (url.username !== '' || url.password !== '') throw refused('a password in its URL', 'userinfo')
  // What follows `#` is not sent: an id that ends in it cuts off the rest of the path.
  if (url.hash !== '' || url.href.includes('#')) throw refused('a fragment in its URL', url.hash)
  // `encodeURIComponent` and URLSearchParams encode both: plain ones mean that an id brought a query of its own.
  if (/[/?]/.test(url.search.slice(1))) throw refused('a query with a second ? or a / in it', url.search)
}

function refuseMethodOverride(headers: Headers, url: URL): void {
  const header = methodOverrides.find((name) => headers.has(name))
  if (header !== undefined) throw refused('a header that changes its method', header)
  for (const name of url.searchParams.keys()) {
    if (name.toLowerCase() === methodOverrideQuery) throw refused('a parameter that changes its method', name)
  }
}

function placeOf(url: URL, places: readonly Place[]): Place {
  const here = places.filter(({ base }) => base.origin === url.origin)
  if (here.length === 0) throw refused('another host than the one in the configuration', url.origin)
  const place = here.find((each) => url.pathname.startsWith(`${prefixOf(each)}/`))
  if (place === undefined) throw refused('a path outside the base of this vendor', url.pathname)
  return place
}

function prefixOf({ base }: Place): string {
  return base.pathname.replace(/\/$/, '')
}

function declaredRoute(
  method: string,
  path: string,
  host: string,
  declared: Declared,
): { route: Route; kind: Order['kind'] } {
  const write = matchRoute(declared.writes, method, path, host)
  const signIn = matchRoute(declared.signIn, method, path, host)
  const read = signIn ?? matchRoute(declared.reads, method, path, host)
  // Of two that fit, the more specific; of two alike, the write, because taking a write for a read could send it twice.
  if (write !== undefined && (read === undefined || write.parameters <= read.parameters))
    return { route: write, kind: 'write' }
  if (read !== undefined) return { route: read, kind: read === signIn ? 'sign-in' : 'read' }
  throw refused('a method and path that are not declared for this step', `${method} ${path}`)
}

function wireHeaders(headers: Headers): Readonly<Record<string, string>> {
  const wire: Record<string, string> = { accept: '*/*', 'user-agent': 'toolgate' }
  for (const [name, value] of headers) if (!connectionHeaders.has(name)) wire[name] = value
  return { ...wire, 'accept-encoding': acceptedEncodings }
}

function refused(what: string, cause: unknown): HubError {
  return new HubError('forbidden', `A request to the vendor was refused by the hub before it left: it had ${what}.`, {
    cause,
  })
}
