// Who may come in by the HTTP door: the credential of each request, what it is good for, and what those hear who lack one.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { BlockList, isIP } from 'node:net'
import type { JSONRPCMessage } from '@modelcontextprotocol/server'
import type { Authenticated, Caller, Gate, Refused } from '../kit/caller.ts'
import type { RefusalReason } from './dispatcher.ts'
import { refuse, sendJson } from './exchange.ts'
import type { Objection } from './guard.ts'

const wellKnown = '/.well-known/oauth-protected-resource'

export interface EntryOptions {
  readonly gate: Gate
  /** The address of MCP as clients know it. */
  readonly resource: () => string
  /** Told of every refusal, to count it. */
  readonly refused: (reason: RefusalReason) => void
}

export interface Entry {
  identify(incoming: IncomingMessage): Promise<Authenticated>
  /** What is missing for this message, or undefined. Without a message: for anything at all. */
  missing(caller: Caller, message?: JSONRPCMessage): Refused | undefined
  refuse(response: ServerResponse, refused: Refused, id?: string | number): void
  /** Answers a question for the metadata of RFC 9728; whether it was one. */
  describe(path: string, incoming: IncomingMessage, response: ServerResponse): boolean
}

export function entry({ gate, resource, refused: count }: EntryOptions): Entry {
  return {
    async identify(incoming) {
      if (/[?&]access_token=/i.test(incoming.url ?? '')) return { refused: inAddress }
      const { authorization, dpop } = incoming.headers
      // Nobody after this line needs it, so that nobody can pass it on.
      delete incoming.headers.authorization
      delete incoming.headers['dpop']
      return await gate.authenticate({
        method: incoming.method ?? 'GET',
        authorization,
        proof: typeof dpop === 'string' ? dpop : undefined,
      })
    },
    missing({ scopes }, message) {
      if (scopes === undefined) return undefined
      const needed = message === undefined ? gate.firstScopes : neededFor(message)
      if (needed.every((scope) => scopes.includes(scope))) return undefined
      const lacking = needed.filter((scope) => !scopes.includes(scope))
      const words = lacking.length === 1 ? `the scope ${lacking[0]}` : `the scopes ${lacking.join(', ')}`
      return {
        status: 403,
        message: `The token lacks ${words}, which this needs.`,
        error: 'insufficient_scope',
        scopes: needed,
      }
    },
    refuse(response, refused, id) {
      const { status, message, error } = refused
      count(reasonOf(refused))
      const headers = { connection: 'close', ...(status === 503 && { 'retry-after': '5' }) }
      const challenge = status === 401 || error === 'insufficient_scope' ? challengeOf(refused) : undefined
      refuse(response, status, status === 503 ? -32603 : -32600, message, {
        id,
        headers: challenge === undefined ? headers : { ...headers, 'www-authenticate': challenge },
      })
    },
    describe(path, incoming, response) {
      const { pathname } = new URL(resource())
      if (![wellKnown, `${wellKnown}/mcp`, `${wellKnown}${pathname}`].includes(path)) return false
      const metadata = gate.metadata()
      if (metadata === undefined) return false
      if (incoming.method === 'GET' || incoming.method === 'HEAD')
        sendJson(response, 200, metadata, { 'cache-control': 'max-age=300' })
      else refuse(response, 405, -32600, 'Ask with GET.', { headers: { allow: 'GET, HEAD', connection: 'close' } })
      return true
    },
  }

  function neededFor(message: JSONRPCMessage): readonly string[] {
    if (!('method' in message) || message.method !== 'tools/call') return gate.firstScopes
    const name = message.params?.['name']
    return typeof name === 'string' ? gate.scopesFor(name) : gate.firstScopes
  }

  /** RFC 6750, 3 and RFC 9728, 5.1. */
  function challengeOf({ error, message, scopes }: Refused): string {
    const described = gate.metadata() !== undefined
    const asked = scopes ?? gate.firstScopes
    const { origin, pathname } = new URL(resource())
    const parts = [
      ...(error === undefined ? [] : [`error="${error}"`, `error_description="${message.replaceAll(/["\\]/g, "'")}"`]),
      ...(asked.length > 0 ? [`scope="${asked.join(' ')}"`] : []),
      ...(described ? [`resource_metadata="${origin}${wellKnown}${pathname}"`] : []),
    ]
    return `${error === 'invalid_dpop_proof' ? 'DPoP' : 'Bearer'} ${parts.join(', ') || 'realm="toolgate"'}`
  }
}

function reasonOf({ status, error }: Refused): RefusalReason {
  if (status === 503) return 'not verifiable'
  if (status === 400) return 'credential in the address'
  if (error === 'invalid_request') return 'unreadable credential'
  if (error === 'invalid_token') return 'credential not accepted'
  if (error === 'invalid_dpop_proof') return 'proof not accepted'
  if (error === 'insufficient_scope') return 'scope missing'
  return status === 401 ? 'no credential' : 'not served'
}

const inAddress: Refused = {
  status: 400,
  message: 'A token does not belong into an address, where logs keep it. Send it in the Authorization header.',
  error: 'invalid_request',
}

/** With a proxy in front, nothing else may reach the hub, and nothing that came to the proxy unencrypted. */
export function proxyGuard(trusted: readonly string[]): (request: IncomingMessage) => Objection | undefined {
  const networks = new BlockList()
  for (const network of trusted) {
    const [address, bits] = network.split('/')
    networks.addSubnet(address!, Number(bits), isIP(address!) === 6 ? 'ipv6' : 'ipv4')
  }
  return ({ socket, headers }) => {
    const from = (socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '')
    const family = isIP(from)
    const reason = 'not through the proxy'
    if (family === 0 || !networks.check(from, family === 6 ? 'ipv6' : 'ipv4'))
      return { status: 403, message: 'The hub is behind a proxy, and is reached through it only.', reason }
    if (headers['x-forwarded-proto'] !== 'https')
      return {
        status: 403,
        message: 'The proxy says that this did not come by https. Use https, and have the proxy set X-Forwarded-Proto.',
        reason,
      }
    return undefined
  }
}
