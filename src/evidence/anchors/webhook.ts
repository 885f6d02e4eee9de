// An anchor behind a webhook: a POST of checkpoints as JSON Lines, whose body carries an HMAC that its receiver checks.
import { createHmac } from 'node:crypto'
import { canonical } from '../../kit/json.ts'
import type { Anchor } from '../anchor.ts'
import { accepted } from '../outside.ts'
import type { Outside } from '../outside.ts'
import type { AnchorSettings } from '../settings.ts'

/** The signature covers the time too: `sha256=HMAC(secret, TIME + "." + BODY)` in hexadecimal digits. */
export function webhookAnchor(
  { name, url, credential }: Extract<AnchorSettings, { to: 'webhook' }>,
  outside: Outside,
): Anchor {
  return {
    name,
    async push(checkpoints, signal) {
      const body = checkpoints.map((checkpoint) => `${canonical(checkpoint)}\n`).join('')
      const time = String(Math.floor(outside.now().getTime() / 1000))
      const mac = createHmac('sha256', await outside.secret(credential))
        .update(`${time}.${body}`)
        .digest('hex')
      const headers = {
        'content-type': 'application/x-ndjson',
        'x-toolgate-time': time,
        'x-toolgate-signature': `sha256=${mac}`,
      }
      await accepted(await outside.fetch(url, { method: 'POST', headers, body, signal, redirect: 'error' }))
    },
  }
}
