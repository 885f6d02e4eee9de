// The refresh token flow. Where refresh tokens rotate, each is good for one use, and a second use ends them all.
// https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_refresh_token_flow_ca.htm
import { HubError } from 'toolgate/kit'
import type { Opening } from 'toolgate/kit'
import { z } from 'zod'
import { vendorTime } from './assertion.ts'
import type { Token } from './session.ts'
import type { Settings } from './settings.ts'

const Credential = z.strictObject({
  refresh_token: z.string().min(1).max(4096),
  client_secret: z.string().min(1).optional(),
})

type Ask = (form: Readonly<Record<string, string>>) => Promise<Token>

/** Longer than any request of ours may take: by then, whoever began a renewal has kept its answer or never will. */
const renewalMs = 60_000
const [asking, unkept] = ['refresh asking', 'refresh unkept'] as const

/**
 * Before a token is sent, it is kept that it is being used: Salesforce names no time in which a used one would still be
 * good, so that an answer which is lost with a crash takes the next token along. Whoever comes after then knows why.
 * https://help.salesforce.com/s/articleView?id=005316711
 */
export async function refreshed(opening: Opening<Settings>, ask: Ask): Promise<Token> {
  const { settings, credential, keep, cache } = opening
  const given = credentialOf(credential)
  await keepLater(opening)
  const { token, mark, lost } = await begin(opening, given.refresh_token)
  try {
    const answer = await ask({
      grant_type: 'refresh_token',
      client_id: settings.client_id,
      ...(given.client_secret !== undefined && { client_secret: given.client_secret }),
      refresh_token: token,
    })
    cache.set(unkept, { before: mark, next: answer.refresh_token ?? token })
    await keepLater(opening)
    return answer
  } catch (error) {
    if (!(error instanceof HubError) || error.code !== 'unauthenticated') throw error
    if (lost) throw lostToken(error)
    // A plain no: nothing was given that could be lost.
    await keep.replace(mark, token)
    throw error
  }
}

const Mark = z.strictObject({ asking: z.string(), since: z.iso.datetime() })

interface Begun {
  readonly token: string
  readonly mark: string
  /** Whether an earlier use of the token has had no answer that was kept. */
  readonly lost: boolean
}

async function begin(opening: Opening<Settings>, first: string): Promise<Begun> {
  const { keep, cache } = opening
  const now = await vendorTime(opening)
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const kept = await keep.read()
    const before = kept?.startsWith('{') ? Mark.parse(JSON.parse(kept)) : undefined
    // Of one's own it is known that it has ended: all calls of a process wait for one sign-in.
    const ended = cache.get(asking) === kept || (before && now.getTime() - Date.parse(before.since) >= renewalMs)
    if (before && !ended)
      throw new HubError(
        'unavailable',
        'Another process of the hub is renewing its Salesforce session. Try again in a minute.',
      )
    const token = before?.asking ?? kept ?? first
    const mark = JSON.stringify({ asking: token, since: now.toISOString() })
    if (!(await keep.replace(kept, mark))) continue
    cache.set(asking, mark)
    return { token, mark, lost: before !== undefined }
  }
  throw new HubError('unavailable', 'Several processes of the hub renew the same Salesforce session at once. Try again.')
}

/** What Salesforce gave is held until it is kept, so that a store that fails for a moment loses nothing. */
async function keepLater({ keep, cache }: Opening<Settings>): Promise<void> {
  const held = cache.get(unkept) as { readonly before: string; readonly next: string } | undefined
  if (!held) return
  let isKept: boolean
  try {
    isKept = await keep.replace(held.before, held.next)
  } catch (cause) {
    throw new HubError(
      'unavailable',
      'Salesforce has given the hub its next refresh token, which cannot be kept at the moment. The next call tries it again; if the hub stops before that, whoever runs it has to authorize it again.',
      { cause },
    )
  }
  cache.delete(unkept)
  if (!isKept)
    throw new HubError('unavailable', 'Two processes of the hub renewed the same Salesforce session at once. Try again.')
}

function lostToken(cause: HubError): HubError {
  return new HubError(
    'unauthenticated',
    'The hub’s last renewal of its Salesforce session was cut off before the next refresh token was kept, and Salesforce no longer takes the one before. Whoever runs the hub has to authorize it again and put the new refresh token into its credential.',
    { cause },
  )
}

function credentialOf(text: string): z.output<typeof Credential> {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    // Said below.
  }
  const parsed = Credential.safeParse(json)
  if (parsed.success) return parsed.data
  throw new HubError(
    'unauthenticated',
    'The credential for refresh_token has to be JSON: {"refresh_token": "…", "client_secret": "…"}, the secret only where the app requires one.',
  )
}
