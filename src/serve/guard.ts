// Which HTTP requests may be looked at at all: one canonical host, no foreign origin, no header said twice.
import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'
import type { RefusalReason } from './dispatcher.ts'

export interface Objection {
  readonly status: number
  readonly message: string
  readonly reason: RefusalReason
}

export interface GuardOptions {
  /** Where the hub listens. */
  readonly port: number
  readonly address: string
  /** Whether it speaks https itself. */
  readonly secure?: boolean
  /** Beyond the loopback names: `hub.acme.dev` or `hub.acme.dev:8443`, compared exactly. */
  readonly allowedHosts?: readonly string[] | undefined
  /** Beyond the hub's own: `https://console.acme.dev`, compared exactly. */
  readonly allowedOrigins?: readonly string[] | undefined
}

const maxHeaders = 100
/** Headers that decide something: two of one could be read differently by two readers. */
const decisive = new Set(
  'host origin content-type content-length content-encoding authorization dpop mcp-method mcp-name mcp-protocol-version mcp-session-id'.split(
    ' ',
  ),
)

/**
 * The guard against DNS rebinding and request confusion: why a request is refused, or undefined. A request without an
 * Origin passes, since no browser sent it.
 */
export function requestGuard({
  port,
  address,
  secure = false,
  allowedHosts = [],
  allowedOrigins = [],
}: GuardOptions): (request: IncomingMessage) => Objection | undefined {
  const ports = port === (secure ? 443 : 80) ? [':80', ''] : [`:${port}`]
  const names = ['localhost', '127.0.0.1', '[::1]', address]
  const own = names.flatMap((name) => ports.map((suffix) => `${name}${suffix}`))
  const hosts = new Set([...own, ...allowedHosts.map((host) => host.toLowerCase())])
  const origins = new Set([...own.map((host) => `${secure ? 'https' : 'http'}://${host}`), ...allowedOrigins])
  return (request) => {
    const { host, origin } = request.headers
    const reason = 'malformed request'
    if (request.rawHeaders.length > maxHeaders * 2)
      return { status: 431, message: `The request has more than ${maxHeaders} headers.`, reason }
    const twice = repeated(request.rawHeaders)
    if (twice !== undefined) return { status: 400, message: `The header ${twice} is there twice. Send it once.`, reason }
    if (!request.url?.startsWith('/'))
      return { status: 400, message: 'The request names more than a path. Send it to the hub itself, as a path.', reason }
    if (host === undefined || !hosts.has(host.toLowerCase()))
      return { status: 403, message: foreignHost, reason: 'foreign host' }
    if (origin !== undefined && !origins.has(origin))
      return { status: 403, message: foreignOrigin, reason: 'foreign origin' }
    return undefined
  }
}

const foreignHost = 'This host name is not one of the hub. Use its own address, or have the name added to its allowed hosts.'
const foreignOrigin =
  'Web pages of this origin may not use the hub. Whoever runs it can add the origin to its allowed origins.'

function repeated(rawHeaders: readonly string[]): string | undefined {
  const seen = new Set<string>()
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!.toLowerCase()
    if (!decisive.has(name)) continue
    if (seen.has(name)) return name
    seen.add(name)
  }
  return undefined
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** Whether this address or name stays on this machine. A name other than `localhost` is not trusted to. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost') return true
  const family = isIP(host)
  return family !== 0 && loopback.check(host, family === 6 ? 'ipv6' : 'ipv4')
}
