// Where people's own accounts are kept: one sealed document for each person and instance.
import type { ConnectedAccount, Granted, GrantRequest, Voucher } from '../kit/connect.ts'
import { HubError } from '../kit/error.ts'
import type { JsonObject } from '../kit/json.ts'
import type { AuditDraft, Document, Put, Store } from '../kit/record.ts'

/** Whose account, where. */
export interface Owner {
  readonly tenant: string
  readonly person: string
  readonly instance: string
}

/** One instance whose people can connect. */
export interface Connectable {
  readonly instance: string
  /** Of the address and the app: what was granted to another is not used here. */
  readonly digest: string
  readonly title: string
  readonly clientId: string
  readonly scopes: readonly string[]
  authorize(): Promise<{ readonly url: string; readonly parameters: Readonly<Record<string, string>> }>
  grant(request: GrantRequest): Promise<Granted>
  /** Where the vendor takes an identity provider's word. */
  exchange(voucher: Voucher): Promise<Granted>
  account(granted: Granted): Promise<ConnectedAccount>
  readonly revoke: ((granted: Granted) => Promise<void>) | undefined
  readonly revokeByHand: string
}

/** Something that others want to hear of: for the audit, and for `failed` for people too. */
export interface ConnectionNews {
  readonly kind: 'made' | 'removed' | 'failed'
  readonly owner: Owner
  readonly facts: JsonObject
}

export interface Recorded {
  readonly entry: AuditDraft
  readonly puts: readonly Put[]
  /** Called when it is durable. */
  told(): void
}

export interface ConnectOptions {
  readonly store: () => Store
  /** Where the flows of people of every tenant are kept. */
  readonly tenant: () => string
  readonly sealing: () => Promise<{ seal(text: string, place: string): string; open(sealed: string, place: string): string }>
  readonly now: () => Date
  /** @throws HubError `not_found` when nobody can connect there */
  readonly connectable: (instance: string) => Connectable
  /** Where people's browsers reach the hub, without a slash at the end; undefined where they cannot. */
  readonly address: () => string | undefined
  readonly record: (news: ConnectionNews) => Recorded
  /** From now on this text is taken out of whatever leaves the hub. */
  readonly hide: (secret: string) => void
  readonly warn: (fields: object, message: string) => void
}

export const connectionKind = 'connection'

/** Everything of a connection but its tokens. */
export interface Kept {
  /** Of the instance and app that it was made with. */
  readonly of: string
  readonly account: ConnectedAccount
  readonly connectedAt: string
  readonly renewedAt: string
  readonly expiresAt?: string
  /** Since when somebody is renewing it. */
  readonly renewing?: string
  /** Why it is of no use any more. */
  readonly broken?: string
}

export interface Tokens {
  readonly access: string
  readonly refresh?: string
}

export interface Found {
  readonly version: number
  readonly kept: Kept
  readonly tokens: Tokens
}

/** How soon an account that nobody uses is renewed all the same, so that its end is heard of before somebody needs it. */
export const tendEveryMs = 12 * 60 * 60_000

export function connectionId({ instance, person }: Pick<Owner, 'instance' | 'person'>): string {
  return `${instance} ${person}`
}

export async function findConnection(owner: Owner, options: ConnectOptions): Promise<Found | undefined> {
  const document = await options.store().document(owner.tenant, connectionKind, connectionId(owner))
  if (!document) return undefined
  const { sealed, ...kept } = document.value as unknown as Kept & { readonly sealed: string }
  const tokens = JSON.parse((await options.sealing()).open(sealed, placeOf(owner))) as Tokens
  hideTokens(tokens, options)
  return { version: document.version, kept, tokens }
}

/** @param version the one that the change was decided on, 0 where there was none */
export async function putOf(
  owner: Owner,
  version: number,
  kept: Kept,
  tokens: Tokens,
  options: ConnectOptions,
): Promise<Put> {
  hideTokens(tokens, options)
  const now = options.now()
  const sealed = (await options.sealing()).seal(JSON.stringify(tokens), placeOf(owner))
  const tended = kept.broken === undefined && tokens.refresh !== undefined
  return {
    tenant: owner.tenant,
    kind: connectionKind,
    id: connectionId(owner),
    version,
    value: { ...kept, sealed } as unknown as JsonObject,
    ...(tended && { dueAt: new Date(now.getTime() + tendEveryMs).toISOString() }),
    at: now.toISOString(),
  }
}

/** What was given, as it is kept; where the vendor gave no new refresh token, the one before stays good. */
export function keptOf(
  granted: Granted,
  before: { readonly refresh: string | undefined },
  kept: Pick<Kept, 'of' | 'account' | 'connectedAt'>,
  now: Date,
): { readonly kept: Kept; readonly tokens: Tokens } {
  const refresh = granted.refresh ?? before.refresh
  const seconds = granted.expiresInSeconds
  const expiresAt = seconds === undefined ? undefined : new Date(now.getTime() + seconds * 1000).toISOString()
  const { of, account, connectedAt } = kept
  return {
    kept: { of, account, connectedAt, renewedAt: now.toISOString(), ...(expiresAt !== undefined && { expiresAt }) },
    tokens: { access: granted.access, ...(refresh !== undefined && { refresh }) },
  }
}

export function ownerOf({ tenant, id }: Pick<Document, 'tenant' | 'id'>): Owner {
  const at = id.indexOf(' ')
  return { tenant, instance: id.slice(0, at), person: id.slice(at + 1) }
}

export function grantedOf({ kept, tokens }: Found): Granted {
  return { access: tokens.access, refresh: tokens.refresh, expiresInSeconds: undefined, scopes: kept.account.scopes }
}

/** The page on which a person connects; the same for everybody, since the browser says who it is. */
export function linkTo(instance: string, options: Pick<ConnectOptions, 'address'>): string {
  const address = options.address()
  if (address === undefined)
    throw new HubError(
      'refused',
      'The hub does not know where browsers reach it. Whoever runs it sets "approvals": { "url": … } or a fixed port.',
    )
  return `${address}/connect/to/${instance}`
}

function placeOf({ tenant, instance, person }: Owner): string {
  return JSON.stringify([connectionKind, tenant, instance, person])
}

function hideTokens({ access, refresh }: Tokens, { hide }: ConnectOptions): void {
  hide(access)
  if (refresh !== undefined) hide(refresh)
}
