// Keys of service agents: shown once, kept as their SHA-256 only, with roles, tools and an end.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { HubError } from '../kit/error.ts'
import type { JsonObject } from '../kit/json.ts'
import type { AuditDraft, Document, Store } from '../kit/record.ts'

export interface ApiKey {
  readonly id: string
  readonly tenant: string
  /** Who acts with it. */
  readonly principal: string
  readonly roles: readonly string[]
  /** Patterns of tool names; it reaches no other tool, whatever policy allows. */
  readonly tools: readonly string[]
  readonly createdAt: string
  readonly expiresAt: string
  readonly revokedAt: string | undefined
}

export interface NewKey {
  readonly tenant: string
  readonly principal: string
  readonly roles: readonly string[]
  readonly tools: readonly string[]
  readonly expiresAt: Date
  /** Who makes it, for the audit log. */
  readonly by: string
}

export interface ApiKeys {
  /** The key itself is in this answer and nowhere else, ever. */
  create(wanted: NewKey): Promise<{ readonly key: string; readonly made: ApiKey }>
  /** Newest first. */
  list(tenant: string): Promise<readonly ApiKey[]>
  /** @throws HubError `not_found` */
  revoke(tenant: string, id: string, by: string): Promise<ApiKey>
  /** The key behind this text, if it is good now. */
  find(text: string): Promise<ApiKey | undefined>
  /** Whether it is still good. */
  stillGood(key: ApiKey): Promise<boolean>
}

export interface ApiKeysOptions {
  readonly store: () => Store
  readonly now: () => Date
  readonly id: (prefix: string) => string
}

const kind = 'api-key'
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
/** `tg_`, the tenant, the id of the key, and 256 bits of chance. */
const shape = /^tg_([a-zA-Z0-9][a-zA-Z0-9._@-]{0,63})_([0-9a-hjkmnp-tv-z]{12})_([0-9a-hjkmnp-tv-z]{52})$/
const longest = 160

const Kept = z.object({
  principal: z.string(),
  roles: z.array(z.string()),
  tools: z.array(z.string()),
  hash: z.string(),
  expiresAt: z.string(),
  revokedAt: z.string().optional(),
})

/** Whether a text claims to be such a key. */
export function looksLikeKey(text: string): boolean {
  return text.startsWith('tg_')
}

export function apiKeys({ store, now, id: newId }: ApiKeysOptions): ApiKeys {
  const entry = (tenant: string, what: string, payload: JsonObject): AuditDraft => ({
    tenant,
    id: newId('ae'),
    at: now().toISOString(),
    kind: what,
    call: undefined,
    payload,
  })
  const good = (key: ApiKey) => key.revokedAt === undefined && Date.parse(key.expiresAt) > now().getTime()
  const read = (tenant: string, id: string) => store().document(tenant, kind, id)

  return {
    async create({ tenant, principal, roles, tools, expiresAt, by }) {
      const id = chance(12)
      const key = `tg_${tenant}_${id}_${chance(52)}`
      if (!shape.test(key))
        throw new HubError('invalid_input', `There cannot be a key for the tenant ${JSON.stringify(tenant)}.`)
      const at = now().toISOString()
      const value = {
        principal,
        roles: [...roles],
        tools: [...tools],
        hash: hashOf(key).toString('hex'),
        expiresAt: expiresAt.toISOString(),
      }
      const told = { key: id, principal, roles: [...roles], tools: [...tools], expires_at: value.expiresAt, by }
      const made = await store().put([{ tenant, kind, id, value, version: 0, at }], entry(tenant, 'key.created', told))
      if (!made) throw new HubError('conflict', 'The key could not be kept. Create it again.')
      return { key, made: { id, tenant, ...value, createdAt: at, revokedAt: undefined } }
    },
    async list(tenant) {
      const found = await store().documents({ tenant, kind, limit: 1000 })
      return found.map(keyOf)
    },
    async revoke(tenant, id, by) {
      const found = await read(tenant, id)
      if (!found) throw new HubError('not_found', `There is no key ${id}. \`toolgate key list\` lists them.`)
      const key = keyOf(found)
      if (key.revokedAt !== undefined) return key
      const at = now().toISOString()
      const value = { ...found.value, revokedAt: at }
      const put = { tenant, kind, id, value, version: found.version, at }
      const done = await store().put([put], entry(tenant, 'key.revoked', { key: id, principal: key.principal, by }))
      if (!done) throw new HubError('conflict', 'The key was changed meanwhile. Revoke it again.')
      return { ...key, revokedAt: at }
    },
    async find(text) {
      const [, tenant, id] = (text.length <= longest && shape.exec(text)) || []
      if (tenant === undefined || id === undefined) return undefined
      const found = await read(tenant, id)
      const given = hashOf(text)
      const hash = found ? Buffer.from(Kept.parse(found.value).hash, 'hex') : Buffer.alloc(given.byteLength)
      if (hash.byteLength !== given.byteLength || !timingSafeEqual(hash, given) || !found) return undefined
      const key = keyOf(found)
      return good(key) ? key : undefined
    },
    async stillGood(key) {
      const found = await read(key.tenant, key.id)
      return found !== undefined && good(keyOf(found))
    },
  }
}

function keyOf({ id, tenant, value, createdAt }: Document): ApiKey {
  const { principal, roles, tools, expiresAt, revokedAt } = Kept.parse(value)
  return { id, tenant, principal, roles, tools, createdAt, expiresAt, revokedAt }
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/** 5 bits of chance for each character. */
function chance(length: number): string {
  return Array.from(randomBytes(length), (byte) => alphabet.charAt(byte & 31)).join('')
}
