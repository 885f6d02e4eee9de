// What each instance must be granted at its vendor, from the tools that are on.
import type { Version } from '../call/call.ts'
import type { OpenInstance } from './instances.ts'

export interface InstancePermissions {
  readonly instance: string
  /** Each scope once, sorted. */
  readonly scopes: readonly string[]
  readonly what: string
  /** In the vendor's own format, where the connector writes one. */
  readonly text: string | undefined
}

export function permissionsOf(
  version: Version,
  instances: ReadonlyMap<string, OpenInstance>,
): readonly InstancePermissions[] {
  return [...instances].map(([instance, { connector }]) => {
    const offers = [...version.offers.values()].filter((offer) => offer.instance === instance && offer.state === 'on')
    const tools = offers.map(({ tool }) => tool)
    const scopes = [...new Set(tools.flatMap((tool) => tool.scopes))].toSorted()
    const granted = connector.permissions?.(tools)
    return { instance, scopes, what: granted?.what ?? `the scopes of ${tools.length} tools.`, text: granted?.text }
  })
}
