// Changes of the configuration: each is kept with its whole text, so that one click brings it back byte for byte.
import { z } from 'zod'
import { textHash } from '../kit/chain.ts'
import { HubError } from '../kit/error.ts'
import type { JsonObject } from '../kit/json.ts'
import type { Document } from '../kit/record.ts'
import type { AdminHub, ConfigEdit } from './hub.ts'
import type { Asked, Route } from './routes.ts'
import type { Visitor } from './server.ts'
import type { ConfigVersion } from './wire.ts'

export const configuration: readonly Route[] = [
  { method: 'GET', path: /^\/admin\/api\/configuration$/, role: 'viewer', run: history },
  { method: 'GET', path: /^\/admin\/api\/configuration\/([\w-]+)$/, role: 'viewer', run: compare },
  { method: 'POST', path: /^\/admin\/api\/configuration\/([\w-]+)\/restore$/, role: 'admin', run: restore },
]

const kind = 'admin.configuration'
const shown = 50

interface Change extends Pick<ConfigEdit, 'text' | 'changed'> {
  readonly base: string
  readonly what: string
}

/** Writes the file, takes it up, and leaves one entry in the audit. */
export async function saveConfiguration(
  hub: AdminHub,
  { principal }: Visitor,
  { text, base, what, changed }: Change,
): Promise<void> {
  await recordConfiguration(hub)
  await hub.configuration.write(text, base)
  const at = hub.now().toISOString()
  const after = textHash(text)
  const value = { text, digest: after, by: principal.id, what }
  const payload: JsonObject = { by: principal.id, what, before: base, after, changed: changed.map((line) => ({ ...line })) }
  const entry = { tenant: hub.tenant, id: hub.id('ae'), at, kind: 'configuration.changed', call: undefined, payload }
  await hub.store.put([{ tenant: hub.tenant, kind, id: hub.id('cv'), value, version: 0, at }], entry)
  await hub.configuration.reload()
}

/** Keeps the text in force, unless the newest that is kept is the same: also what people edit by hand can be brought back. */
export async function recordConfiguration(hub: AdminHub): Promise<void> {
  const { text, digest } = await hub.configuration.read()
  const [newest] = await hub.store.documents({ tenant: hub.tenant, kind, limit: 1 })
  if (newest?.value['digest'] === digest) return
  const value = { text, digest, by: 'the file itself', what: newest ? 'edited outside the app' : 'as it was found' }
  await hub.store.put([{ tenant: hub.tenant, kind, id: hub.id('cv'), value, version: 0, at: hub.now().toISOString() }])
}

async function history({ hub }: Asked): Promise<{ readonly file: string; readonly versions: readonly ConfigVersion[] }> {
  const { digest } = await hub.configuration.read()
  const documents = await hub.store.documents({ tenant: hub.tenant, kind, limit: shown })
  return { file: hub.configuration.file, versions: documents.map((document) => versionOf(document, digest)) }
}

/** What bringing it back would change. */
async function compare({
  hub,
  id,
}: Asked): Promise<{ readonly base: string; readonly changed: ConfigEdit['changed']; readonly version: ConfigVersion }> {
  const { text, digest } = await hub.configuration.read()
  const document = await found(hub, id)
  return { base: digest, changed: changedLines(text, kept(document).text), version: versionOf(document, digest) }
}

async function restore({ hub, visitor, id, body }: Asked): Promise<{ readonly file: string }> {
  const { text: now, digest } = await hub.configuration.read()
  if (body['base'] !== digest)
    throw new HubError('conflict', 'Somebody else has changed the configuration since you looked. Look again.')
  const document = await found(hub, id)
  const text = kept(document).text
  if (textHash(text) === digest) throw new HubError('refused', 'The file says this already.')
  await saveConfiguration(hub, visitor, {
    text,
    base: digest,
    what: `brought back ${document.createdAt}`,
    changed: changedLines(now, text),
  })
  return { file: hub.configuration.file }
}

async function found(hub: AdminHub, id: string): Promise<Document> {
  const document = await hub.store.document(hub.tenant, kind, id)
  if (!document) throw new HubError('not_found', 'There is no such version of the configuration.')
  return document
}

const Kept = z.object({ text: z.string(), digest: z.string(), by: z.string(), what: z.string() })

function kept(document: Document): z.output<typeof Kept> {
  return Kept.parse(document.value)
}

function versionOf(document: Document, current: string): ConfigVersion {
  const { digest, by, what } = kept(document)
  return { id: document.id, at: document.createdAt, by, what, digest, current: digest === current }
}

/** Lines between the first and the last that differ. */
function changedLines(before: string, after: string): ConfigEdit['changed'] {
  const [old, fresh] = [before.split('\n'), after.split('\n')]
  let start = 0
  while (start < Math.min(old.length, fresh.length) && old[start] === fresh[start]) start += 1
  let tail = 0
  while (tail < Math.min(old.length, fresh.length) - start && old.at(-1 - tail) === fresh.at(-1 - tail)) tail += 1
  const lines = (from: readonly string[], sign: '-' | '+') =>
    from.slice(start, from.length - tail).map((text, index) => ({ line: start + index + 1, sign, text }))
  return [...lines(old, '-'), ...lines(fresh, '+')]
}
