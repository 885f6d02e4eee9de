// Connections to one vendor: kept open between reads, a fresh one for every write.
import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { isIP } from 'node:net'
import { rootCertificates } from 'node:tls'
import { buildConnector, Client, Pool } from 'undici'
import { checkedLookup, refuseAddress } from './address.ts'
import type { Lookup } from './address.ts'
import { tunnelThrough } from './tunnel.ts'

export interface Reach {
  readonly origin: string
  /** The only private address that may be reached is this origin's own. */
  readonly loopback: boolean
  readonly lookup?: Lookup | undefined
  readonly way?: Way | undefined
}

/** How a company's network lets the hub out. A sandbox is on this machine and never reached so. */
export interface Way {
  /** `http://proxy.acme.dev:3128`: what opens tunnels. The environment's is never used. */
  readonly proxy?: string | undefined
  /** A file with more certificate authorities (PEM). */
  readonly ca?: string | undefined
}

export interface Connections {
  readonly reads: Pool
  /** A connection for one request. `firstByte` is called before the first byte may leave. */
  readonly forWrite: (firstByte: () => void) => WriteConnection
}

export interface WriteConnection {
  readonly client: Client
  /** Lets go of the socket, also of one that is still connecting. */
  readonly close: () => void
}

const connectTimeoutMs = 10_000
const limits = { maxHeaderSize: 64 * 1024, allowH2: false, headersTimeout: 0, bodyTimeout: 0 }

const known = new Map<string, Connections>()

/** Shared by all calls to the same origin, so that reads need no new handshake each. */
export function connections(reach: Reach): Connections {
  if (reach.lookup !== undefined) return open(reach)
  const { proxy = '', ca = '' } = reach.way ?? {}
  const key = JSON.stringify([reach.loopback, reach.origin, proxy, ca])
  const existing = known.get(key)
  if (existing !== undefined) return existing
  const opened = open(reach)
  known.set(key, opened)
  return opened
}

function open(reach: Reach): Connections {
  const connect = checkedConnector(reach)
  return {
    reads: new Pool(reach.origin, {
      ...limits,
      connect,
      connections: 16,
      keepAliveTimeout: 4_000,
      keepAliveMaxTimeout: 4_000,
    }),
    forWrite: (firstByte) => openForWrite(reach.origin, connect, firstByte),
  }
}

function openForWrite(origin: string, connect: Connector, firstByte: () => void): WriteConnection {
  let connecting: Socket | undefined
  const client = new Client(origin, {
    ...limits,
    connect: (options, callback) => {
      connecting = connect(options, (...[error, socket]) => {
        if (error === null) callback(null, tellFirstWrite(socket, firstByte))
        else callback(error, null)
      })
    },
  })
  return {
    client,
    close() {
      void client.destroy()
      connecting?.destroy()
    },
  }
}

/** Undici's own connectors return the socket while it connects, which their type leaves out. */
export type Connector = (...args: Parameters<buildConnector.connector>) => Socket | undefined

function checkedConnector({ loopback, lookup, way = {} }: Reach): Connector {
  const proxy = loopback ? undefined : way.proxy
  const ca = loopback || way.ca === undefined ? undefined : [...rootCertificates, readFileSync(way.ca, 'utf8')]
  const connect = buildConnector({
    timeout: connectTimeoutMs,
    lookup: checkedLookup(loopback, lookup),
    autoSelectFamily: true,
    allowH2: false,
    // Said explicitly, so that NODE_TLS_REJECT_UNAUTHORIZED in the environment changes nothing.
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    ...(ca && { ca }),
  }) as Connector
  const tunnelled = proxy === undefined ? undefined : tunnelThrough(proxy, connect, connectTimeoutMs)
  return (options, callback) => {
    // An address needs no lookup, so the lookup above never sees it.
    const refusal = isIP(options.hostname) === 0 ? undefined : refuseAddress(options.hostname, loopback)
    if (refusal === undefined) return (tunnelled ?? connect)(options, callback)
    callback(refusal, null)
    return undefined
  }
}

/**
 * The socket comes connected, its TLS handshake done, so the first call of its `write` is the first byte of the request.
 * No error code tells whether that call happened; only the socket does.
 */
function tellFirstWrite(socket: Socket, firstByte: () => void): Socket {
  const write = socket.write.bind(socket) as (...chunk: unknown[]) => boolean
  socket.write = (...chunk: unknown[]) => {
    firstByte()
    return write(...chunk)
  }
  return socket
}
