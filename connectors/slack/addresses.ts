// Addresses in a text: which hosts it names, and each link in the one spelling that shows where it goes.

/** A link as it will be: http, https and mailto only, host in ASCII (so that look-alike letters show), nobody's name before it. */
export function webAddress(written: string, hosts: Set<string>): { href: string; host: string; slack: string } | undefined {
  const url = URL.canParse(written) ? new URL(written) : undefined
  if (url === undefined || !['http:', 'https:', 'mailto:'].includes(url.protocol)) return undefined
  if (url.protocol === 'mailto:') {
    const host = /^[^@%,;]+@([a-z0-9.-]+\.[a-z0-9-]{2,63})$/i.exec(url.pathname)?.[1]?.toLowerCase()
    // One address: further ones would be written to without being seen.
    if (host === undefined || /@|%40/.test(url.search) || url.href.includes('#')) return undefined
    hosts.add(host)
    return { href: url.href, host, slack: forSlack(url.href) }
  }
  url.username = ''
  url.password = ''
  hosts.add(url.hostname)
  return { href: url.href, host: url.hostname, slack: forSlack(url.href) }
}

function forSlack(href: string): string {
  return escape(href.replaceAll('|', '%7C').replaceAll('<', '%3C').replaceAll('>', '%3E'))
}

/** Names that look like a host, with or without `https://`: Slack makes links of those it knows. */
export function hostsIn(text: string): readonly string[] {
  const dotted = text.replaceAll('。', '.')
  const folded = text.normalize('NFKC').replaceAll('。', '.')
  const hosts = new Set<string>()
  for (const spelling of dotted === folded ? [dotted] : [dotted, folded]) {
    for (const [, host = ''] of spelling.matchAll(barePattern)) hosts.add(host.toLowerCase())
    for (const [, host = ''] of spelling.matchAll(schemePattern)) hosts.add(host.toLowerCase())
  }
  return [...hosts]
}

const barePattern =
  /(?<![\p{L}\p{N}.-])((?:[\p{L}\p{N}-]{1,63}\.){1,8}(?:xn--[a-z0-9-]{2,59}|\p{L}{2,24}))(?![\p{L}\p{N}])/gu
/** After a scheme all of it counts, up to where a host must end: what stands behind it may be anything, also another one. */
const schemePattern = /(?=https?:\/\/([a-z0-9.-]{0,253}[a-z0-9]))/gi

export function withoutEnding(url: string): string {
  const open = url.includes('(')
  return url.replace(open ? /[.,;:!?'*_~\]}]{1,20}$/ : /[.,;:!?'*_~)\]}]{1,20}$/, '')
}

/** docs.slack.dev/messaging/formatting-message-text#escaping */
export function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
