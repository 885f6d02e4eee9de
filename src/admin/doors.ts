// Where the app is served now: each process that serves it leaves a note, and proves that it is the one.
import { X509Certificate } from 'node:crypto'
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { checkServerIdentity, rootCertificates } from 'node:tls'
import type { Store } from '../kit/record.ts'

const kind = 'admin.door'
/** Answered by whoever serves the app, without a session: it says which process it is, and nothing else. */
export const doorPath = '/admin/api/door'
const patienceMs = 1000
const askedMax = 20
const answerMax = 1000

export interface DoorHub {
  readonly tenant: string
  readonly store: Store
  now(): Date
}

/** How the door of this hub can be reached and recognised. */
export interface DoorTrust {
  /** Where a proxy or a name leads to it: asked when it does not answer where it listens. */
  readonly publicOrigin?: string | undefined
  /** PEM: what the configuration gives the door to show. It is that very certificate, or one of a known authority. */
  readonly certificate?: string | undefined
  /** PEM: further authorities. */
  readonly authorities?: string | undefined
}

/** @param url where MCP is spoken; the app is beside it */
export async function announceDoor(hub: DoorHub, door: string, url: string): Promise<void> {
  const at = hub.now().toISOString()
  await hub.store.put([{ tenant: hub.tenant, kind, id: door, value: { url: new URL(url).origin }, at }])
}

export async function withdrawDoor(hub: DoorHub, door: string): Promise<void> {
  await hub.store.put([{ tenant: hub.tenant, kind, id: door, value: undefined, at: hub.now().toISOString() }])
}

/** The origin of a process that serves the app for this store, newest first; undefined where there is none. */
export async function findDoor(hub: DoorHub, trust: DoorTrust): Promise<string | undefined> {
  for (const { id, value } of await hub.store.documents({ tenant: hub.tenant, kind, limit: askedMax })) {
    const { url } = value
    if (typeof url !== 'string') continue
    const said = await ask(url, trust)
    if (said === id) return url
    if (trust.publicOrigin !== undefined && (await ask(trust.publicOrigin, trust)) === id) return url
    // A process that was ended took its note with it only if it could. One that only did not answer in time may still run.
    if (said === 'nobody' || said.startsWith('door_')) await withdrawDoor(hub, id)
  }
  return undefined
}

/** Which door it is; `nobody` where nothing listens any more, and empty where that is not known. */
async function ask(origin: string, trust: DoorTrust): Promise<string> {
  try {
    const said = JSON.parse(await bodyOf(new URL(doorPath, origin), trust)) as { readonly door?: unknown } | null
    return typeof said?.door === 'string' ? said.door : ''
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED' ? 'nobody' : ''
  }
}

async function bodyOf(url: URL, trust: DoorTrust): Promise<string> {
  return await new Promise((resolve, reject) => {
    const options = { agent: false, signal: AbortSignal.timeout(patienceMs) }
    const sent =
      url.protocol === 'https:' ? requestHttps(url, { ...options, ...verified(trust) }) : requestHttp(url, options)
    sent.on('response', (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part
        if (text.length > answerMax) sent.destroy(new Error('This is not the answer of a door.'))
      })
      response.on('end', () => resolve(text)).on('error', reject)
    })
    sent.on('error', reject)
    sent.end()
  })
}

/**
 * The certificate is verified as any other. Only its name need not be the address that the door listens on, where it is the
 * very certificate of the configuration: that says more than a name.
 */
function verified({ certificate, authorities }: DoorTrust) {
  const own = certificate === undefined ? undefined : new X509Certificate(certificate).raw
  const check: typeof checkServerIdentity = (host, shown) =>
    own?.equals(shown.raw) === true ? undefined : checkServerIdentity(host, shown)
  return {
    ca: [...rootCertificates, ...[certificate, authorities].filter((pem) => pem !== undefined)],
    checkServerIdentity: check,
  }
}
