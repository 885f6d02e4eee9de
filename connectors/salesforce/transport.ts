// jsforce's way out, replaced by the hub's fetch.
import { PassThrough } from 'node:stream'
import type { Connection } from '@jsforce/jsforce-node'
import { HubError } from 'toolgate/kit'
import type { VendorFetch } from 'toolgate/kit'

/** All that jsforce sends goes here, in the place of its own transport, which retries, follows redirects and reads proxies. */
export function transport(fetch: VendorFetch): Connection['_transport'] {
  return {
    // jsforce also wants the answer as a stream, for those who read large ones; nobody here does.
    httpRequest: (request) => Object.assign(exchange(fetch, request), { stream: () => new PassThrough() }),
    getRequestStreamCreator() {
      throw new HubError('internal', 'Salesforce’s library tried to send something by itself.')
    },
  }
}

type HttpRequest = Parameters<Connection['_transport']['httpRequest']>[0]
type HttpResponse = Awaited<ReturnType<Connection['_transport']['httpRequest']>>

async function exchange(fetch: VendorFetch, request: HttpRequest): Promise<HttpResponse> {
  const { body } = request
  if (body !== undefined && body !== null && typeof body !== 'string') {
    throw new HubError('internal', 'Only text is sent to Salesforce.')
  }
  const { 'content-length': _length, ...headers } = request.headers ?? {}
  const response = await fetch(request.url, { method: request.method, headers, ...(body ? { body } : {}) })
  if (response.status === 412) {
    throw new HubError('conflict', 'The record was changed since it was read. Nothing was written; read it again.')
  }
  if (response.status > 300 && response.status < 400) {
    throw new HubError('bad_response', 'Salesforce points to another address. Check the configured instance.')
  }
  return { statusCode: response.status, headers: Object.fromEntries(response.headers), body: await response.text() }
}
