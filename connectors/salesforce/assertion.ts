// The signed statement of the JWT bearer flow: which app asks, for which user, at which Salesforce, for a moment.
// https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_jwt_flow.htm
import { createPrivateKey, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { HubError } from 'toolgate/kit'
import type { Opening } from 'toolgate/kit'
import type { Settings } from './settings.ts'

// Salesforce takes no assertion that is good for longer than three minutes.
const lifetimeSeconds = 170

export async function bearerAssertion(opening: Opening<Settings>): Promise<string> {
  const { settings, credential } = opening
  if (settings.username === undefined)
    throw new HubError(
      'unauthenticated',
      'To sign in by jwt_bearer, the configuration has to name the `username` of the hub’s user.',
    )
  const key = keyOf(credential)
  const claims = {
    iss: settings.client_id,
    sub: settings.username,
    aud: audienceOf(settings.instance),
    exp: Math.floor((await vendorTime(opening)).getTime() / 1_000) + lifetimeSeconds,
  }
  const signed = `${encoded({ alg: 'RS256', typ: 'JWT' })}.${encoded(claims)}`
  return `${signed}.${sign('RSA-SHA256', Buffer.from(signed), key).toString('base64url')}`
}

/** The login server that the assertion is meant for: sandboxes and scratch orgs have another one. */
export function audienceOf(instance: string): string {
  const test = /\.(?:sandbox|scratch)\.my\.salesforce\.com$/.test(new URL(instance).hostname)
  return test ? 'https://test.salesforce.com' : 'https://login.salesforce.com'
}

function keyOf(pem: string): KeyObject {
  try {
    const key = createPrivateKey(pem)
    if (key.asymmetricKeyType === 'rsa') return key
  } catch {
    // Said below: an error of the parser could quote the key.
  }
  throw new HubError(
    'unauthenticated',
    'The credential for jwt_bearer has to be an RSA private key in PEM, of the certificate that the External Client App has.',
  )
}

/** By Salesforce's clock, which is the one that the assertion is measured with. Anyone may ask for the list of versions. */
export async function vendorTime({ base, fetch }: Opening<Settings>): Promise<Date> {
  const response = await fetch(`${base}/services/data`, { headers: { accept: 'application/json' } })
  const time = new Date(response.headers.get('date') ?? '')
  if (!Number.isNaN(time.getTime())) return time
  const code = response.status >= 500 || response.status === 429 ? 'unavailable' : 'bad_response'
  throw new HubError(code, 'Salesforce did not say what time it is, which the sign-in needs. Try again later.')
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
