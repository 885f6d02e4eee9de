// A tunnel through a company's proxy (RFC 9110, 9.3.6): the proxy sees the vendor's name, and never what is said there.
import { request } from 'node:http'
import { request as secureRequest } from 'node:https'
import type { Socket } from 'node:net'
import type { Connector } from './connection.ts'

/** The same connector, at the far end of a tunnel. Names are resolved by the proxy, whose business the company's network is. */
export function tunnelThrough(proxy: string, connect: Connector, timeoutMs: number): Connector {
  const { protocol, hostname, port } = new URL(proxy)
  const ask = protocol === 'https:' ? secureRequest : request
  const usualPort = protocol === 'https:' ? 443 : 80
  return (options, callback) => {
    const target = `${options.hostname}:${options.port || 443}`
    const asked = ask({
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port === '' ? usualPort : Number(port),
      method: 'CONNECT',
      path: target,
      agent: false,
      timeout: timeoutMs,
      headers: { host: target },
    })
    const failed = (cause: Error) => callback(new Error('The proxy opens no tunnel there.', { cause }), null)
    asked.once('error', failed)
    asked.once('timeout', () => asked.destroy(new Error('The proxy did not answer in time.')))
    asked.once('response', ({ statusCode }) => asked.destroy(new Error(`The proxy answered with status ${statusCode}.`)))
    asked.once('connect', ({ statusCode }, socket: Socket) => {
      socket.setTimeout(0)
      if (statusCode === 200) {
        connect({ ...options, httpSocket: socket }, callback)
        return
      }
      socket.destroy()
      failed(new Error(`The proxy answered with status ${statusCode}.`))
    })
    asked.end()
    return undefined
  }
}
