// The token endpoint for the client credentials flow, and sessions that end after two hours.
// https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_client_credentials_flow.htm
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { SandboxRequest, SandboxResponse } from 'toolgate/kit'
import { organizationId } from './ids.ts'
import { Refusal } from './refusal.ts'
import { hubUserId } from './store.ts'

export const account = {
  instance: 'https://larkfield.my.salesforce.com',
  clientId: '3MVG9Larkfield.Toolgate.Sandbox',
  clientSecret: 'larkfield-sandbox-consumer-secret',
} as const

const sessionMs = 2 * 60 * 60_000

export function signIn({ body }: SandboxRequest, now: Date): SandboxResponse {
  const form = new URLSearchParams(body)
  if (form.get('grant_type') !== 'client_credentials') return refused('unsupported_grant_type', 'grant type not supported')
  if (form.get('client_id') !== account.clientId) return refused('invalid_client_id', 'client identifier invalid')
  if (form.get('client_secret') !== account.clientSecret) return refused('invalid_client', 'invalid client credentials')
  const id = `https://login.salesforce.com/id/${organizationId}/${hubUserId}`
  const issuedAt = String(now.getTime())
  return {
    status: 200,
    body: {
      access_token: tokenOf(issuedAt),
      signature: signed(id + issuedAt).toString('base64'),
      scope: 'api',
      instance_url: account.instance,
      id,
      token_type: 'Bearer',
      issued_at: issuedAt,
    },
  }
}

export function requireSession({ headers }: SandboxRequest, now: Date): void {
  const token = /^(?:Bearer|OAuth) (.+)$/.exec(headers.get('authorization') ?? '')?.[1] ?? ''
  const issuedAt = /\.(\d+)\.[0-9a-f]+$/.exec(token)?.[1]
  const valid = issuedAt !== undefined && same(token, tokenOf(issuedAt)) && now.getTime() - Number(issuedAt) < sessionMs
  if (!valid) throw new Refusal(401, 'INVALID_SESSION_ID', 'Session expired or invalid')
}

/** It says when it was issued, so that no session has to be kept. */
function tokenOf(issuedAt: string): string {
  return `${organizationId.slice(0, 15)}!AQE.${issuedAt}.${signed(issuedAt).toString('hex')}`
}

function signed(text: string): Buffer {
  return createHmac('sha256', account.clientSecret).update(text).digest()
}

function same(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)]
  return a.length === b.length && timingSafeEqual(a, b)
}

function refused(error: string, description: string): SandboxResponse {
  return { status: 400, body: { error, error_description: description } }
}
