// What a connector keeps for itself between calls and starts: one secret for each instance and credential, sealed.
import type { Sealing } from '../egress/sealing.ts'
import type { Keep } from '../kit/connector.ts'
import type { Store } from '../kit/record.ts'

const kind = 'kept'

export interface KeepOptions {
  readonly store: () => Store
  readonly tenant: () => string
  readonly sealing: () => Promise<Sealing>
  readonly now: () => Date
  /** From now on this text is taken out of whatever leaves the hub. */
  readonly hide: (secret: string) => void
}

export function makeKeep({ store, tenant, sealing, now, hide }: KeepOptions, instance: string, credential: string): Keep {
  const find = async () => {
    const seals = await sealing()
    const id = `${instance}:${seals.fingerprint(credential)}`
    const place = `${tenant()}/${kind}/${id}`
    const found = await store().document(tenant(), kind, id)
    const secret = found && seals.open(found.value['sealed'] as string, place)
    if (secret !== undefined) hide(secret)
    return { seals, id, place, secret, version: found?.version ?? 0 }
  }
  return {
    read: async () => (await find()).secret,
    async replace(before, secret) {
      const { seals, id, place, secret: kept, version } = await find()
      if (kept !== before) return false
      hide(secret)
      const value = { sealed: seals.seal(secret, place) }
      return await store().put([{ tenant: tenant(), kind, id, value, version, at: now().toISOString() }])
    },
  }
}
