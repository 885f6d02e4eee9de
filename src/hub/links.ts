// The page at the vendor of what an effect changes, for the people who decide on it.
import type { OpenInstance } from './instances.ts'

/**
 * Only what leads to the configured site, over https: an approver who follows it must not end up where somebody else wants
 * them. A sandbox has no pages.
 */
export function linkOf(instance: OpenInstance | undefined, target: string): string | undefined {
  if (!instance || instance.configured.sandbox) return undefined
  const { connector, settings } = instance
  const address = connector.link?.(target, settings)
  if (address === undefined || !URL.canParse(address)) return undefined
  const { protocol, host, username, password, href } = new URL(address)
  const safe = protocol === 'https:' && username === '' && password === ''
  return safe && sitesOf(instance).includes(host) ? href : undefined
}

/** The hosts that the configuration itself names, and the one that the connector always speaks to. */
function sitesOf({ connector, settings }: OpenInstance): readonly string[] {
  const named = Object.values(settings).filter((value): value is string => typeof value === 'string')
  return [connector.base(settings), ...named]
    .filter((address) => address.startsWith('https://') && URL.canParse(address))
    .map((address) => new URL(address).host)
}
