// Where an instance is, and to whom what was granted there belongs.
import { digest } from '../kit/json.ts'
import type { OpenInstance } from './instances.ts'

/** What was granted belongs to this address and app, and goes to no other. */
export function connectionDigest({ configured, connector, settings }: OpenInstance): string {
  return digest({
    connector: connector.id,
    base: configured.sandbox ? 'sandbox' : connector.base(settings),
    hosts: configured.sandbox ? {} : { ...connector.hosts?.(settings) },
    client: clientOf({ configured, connector }).id,
  })
}

/** The app with which people connect; its secret is a reference, and a sandbox's the secret itself. */
export function clientOf({ configured, connector }: Pick<OpenInstance, 'configured' | 'connector'>): {
  readonly id: string
  readonly secret: string | undefined
} {
  const { sandbox, oauth } = configured
  if (sandbox) return { id: connector.sandbox.client?.id ?? '', secret: connector.sandbox.client?.secret }
  return { id: oauth?.clientId ?? '', secret: oauth?.clientSecret }
}

/** The vendor's other addresses; on a sandbox they are paths of it. */
export function hostsAt(
  { configured, connector }: Pick<OpenInstance, 'configured' | 'connector'>,
  base: string,
  settings: unknown,
): Readonly<Record<string, string>> {
  const hosts = Object.entries(connector.hosts?.(settings) ?? {})
  return Object.fromEntries(hosts.map(([name, address]) => [name, configured.sandbox ? `${base}/~${name}` : address]))
}
