// The way out to services of the company that the hub itself needs: authorization servers, vaults. Bounded, checked, no redirects.
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { rootCertificates } from 'node:tls'
import { Agent, buildConnector, ProxyAgent, request } from 'undici'
import type { Dispatcher } from 'undici'
import { HubError } from '../kit/error.ts'
import { lookupWith, refuseAddress, refuseServiceAddress } from './address.ts'
import type { Lookup } from './address.ts'

export interface ServiceRequest {
  readonly url: string
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'LIST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface ServiceAnswer {
  readonly status: number
  readonly text: string
}

export type ServiceFetch = (asked: ServiceRequest) => Promise<ServiceAnswer>

export interface ServiceOptions {
  /** Origins that the configuration names: they may be in a private network. Others must be public, and https. */
  readonly named: () => Iterable<string>
  /** A file with more certificate authorities (PEM). */
  readonly ca?: string | undefined
  /** The proxy that all of it goes through: `http://proxy.acme.dev:3128`. The environment's is never used. */
  readonly proxy?: string | undefined
  readonly lookup?: Lookup
  readonly timeoutMs?: number
  readonly maxBytes?: number
}

/** Rejects with HubError `forbidden` before a byte leaves, or `unavailable` where no complete answer came in time. */
export function serviceFetch(options: ServiceOptions): ServiceFetch {
  const { timeoutMs = 5_000, maxBytes = 1024 * 1024 } = options
  const trusted = options.ca === undefined ? undefined : [...rootCertificates, readFileSync(options.ca, 'utf8')]
  const agents = new Map<boolean, Dispatcher>()
  const agentFor = (named: boolean) => {
    const agent = agents.get(named) ?? (options.proxy === undefined ? direct(named) : throughProxy(options.proxy))
    agents.set(named, agent)
    return agent
  }

  return async ({ url, method = 'GET', headers = {}, body }) => {
    const address = new URL(url)
    const named = [...options.named()].some((origin) => URL.canParse(origin) && new URL(origin).origin === address.origin)
    refuseUrl(address, named)
    const signal = AbortSignal.timeout(timeoutMs)
    try {
      const answer = await request(address, {
        method: method as Dispatcher.HttpMethod,
        headers: { accept: 'application/json', ...headers },
        ...(body !== undefined && { body }),
        dispatcher: agentFor(named),
        signal,
      })
      return { status: answer.statusCode, text: await textOf(answer.body, maxBytes) }
    } catch (cause) {
      const known = hubErrorIn(cause)
      if (known) throw known
      // The address may hold more than a name, and so may the error: both are for the log.
      throw new HubError('unavailable', `${address.host} did not answer as it should. Try again later.`, { cause })
    }
  }

  function direct(named: boolean): Dispatcher {
    const refusalOf = named ? refuseServiceAddress : (address: string) => refuseAddress(address, false)
    const connect = buildConnector({
      timeout: timeoutMs,
      lookup: lookupWith(refusalOf, options.lookup),
      autoSelectFamily: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
      ...(trusted && { ca: trusted }),
    })
    return new Agent({
      connections: 8,
      maxHeaderSize: 32 * 1024,
      connect: (target, callback) => {
        // An address needs no lookup, so the lookup above never sees it.
        const host = target.hostname.replace(/^\[|\]$/g, '')
        const refusal = isIP(host) === 0 ? undefined : refusalOf(host)
        if (refusal === undefined) connect(target, callback)
        else callback(refusal, null)
      },
    })
  }

  /** The proxy resolves names itself, so that the address cannot be checked here: only names that are configured go out. */
  function throughProxy(proxy: string): Dispatcher {
    return new ProxyAgent({ uri: proxy, requestTls: { rejectUnauthorized: true, ...(trusted && { ca: trusted }) } })
  }

  function refuseUrl({ protocol, hostname, username, password }: URL, named: boolean): void {
    const local = hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)
    const fits = protocol === 'https:' || (protocol === 'http:' && named && local)
    if (!fits || username !== '' || password !== '')
      throw new HubError('forbidden', `The hub asks services by https only, so ${hostname} was not asked.`)
    if (options.proxy !== undefined && !named)
      throw new HubError('forbidden', `${hostname} is not named in the configuration, so it is not asked through the proxy.`)
  }
}

async function textOf(body: Dispatcher.ResponseData['body'], maxBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.byteLength
    if (length > maxBytes) throw new Error(`The answer is longer than ${maxBytes} bytes.`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function hubErrorIn(error: unknown): HubError | undefined {
  if (error instanceof HubError) return error
  return error instanceof Error && error.cause !== undefined ? hubErrorIn(error.cause) : undefined
}
