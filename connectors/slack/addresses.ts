// Addresses in a text: which hosts it names, and each link in the one spelling that shows where it goes.

/** A link as it will be: http, https and mailto only, host in ASCII (so that look-alike letters show), nobody's name before it. */
export function webAddress(written: string, hosts: Set<string>): { href: string; host: string; slack: string } | undefined {
  const url = URL.canParse(written) ? new URL(written) : undefined
  if (url === undefined || !['http:', 'https:', 'mailto:'].includes(url.protocol)) return undefined
  if (url.protocol === 'mailto:') {
    const host = url.pathname.split('@').at(-1)?.toLowerCase() ?? ''
    if (host !== '') hosts.add(host)
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
  const dotted = text.normalize('NFKC').replaceAll('。', '.')
  return [
    ...dotted.matchAll(
      /(?<![\p{L}\p{N}.-])(?:[\p{L}\p{N}-]{1,63}\.){1,8}(?:xn--[a-z0-9-]{2,59}|\p{L}{2,24})(?![\p{L}\p{N}])/gu,
    ),
  ].map(([host]) => host.toLowerCase())
}

export function withoutEnding(url: string): string {
  const open = url.includes('(')
  return url.replace(open ? /[.,;:!?'*_~\]}]{1,20}$/ : /[.,;:!?'*_~)\]}]{1,20}$/, '')
}

/** docs.slack.dev/messaging/formatting-message-text#escaping */
export function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
