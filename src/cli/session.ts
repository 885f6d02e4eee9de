// The session of the person at this terminal: opened by a one-time code, kept in a file that only they can read.
import { constants } from 'node:fs'
import { mkdir, open, rm } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import type { SessionView } from '../call/sessions.ts'
import type { Hub } from '../hub.ts'
import { HubError } from '../kit/error.ts'

export const sessionHelp = `A decision needs your own session, since being the hub's user is not enough. Open one with a one-time code, which
whoever runs the hub makes for you (toolgate admin): toolgate approvals login CODE. The whole link does as well as its code. The session lasts 12 hours, or 30 minutes without
use. It is kept in terminal-session beside the database, closed to other users; TOOLGATE_SESSION, where it is set, comes first.`

/** @throws HubError for a code that is used, lapsed or made up */
export async function login(hub: Hub, code: string): Promise<SessionView> {
  // The link itself does as well: its code is at its end.
  const opened = await hub.sessions.redeem(/[\w-]{43}$/.exec(code.trim())?.[0] ?? '', 'terminal')
  if (!opened) throw new HubError('forbidden', 'This code was used, has lapsed or was never made. Ask for a new one.')
  const file = fileOf(hub)
  await mkdir(path.dirname(file), { recursive: true })
  await rm(file, { force: true })
  await using handle = await open(file, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
  await handle.writeFile(opened.token)
  return opened.session
}

export async function logout(hub: Hub): Promise<void> {
  const token = await tokenOf(hub)
  if (token !== undefined) await hub.sessions.end(token)
  await rm(fileOf(hub), { force: true })
}

/** @throws HubError when nobody is signed in here */
export async function signedIn(hub: Hub): Promise<SessionView> {
  const token = await tokenOf(hub)
  const session = token === undefined ? undefined : await hub.sessions.of(token)
  if (session) return session
  throw new HubError(
    'forbidden',
    'Nobody is signed in here, or the session is over. Sign in: toolgate approvals login CODE.',
  )
}

async function tokenOf(hub: Hub): Promise<string | undefined> {
  const given = process.env['TOOLGATE_SESSION']
  if (given !== undefined && given !== '') return given
  try {
    await using handle = await open(fileOf(hub), constants.O_RDONLY | constants.O_NOFOLLOW)
    const { mode } = await handle.stat()
    if (process.platform !== 'win32' && (mode & 0o077) !== 0)
      throw new HubError('forbidden', `Others can read ${fileOf(hub)}, so it is not used. Remove it, and sign in again.`)
    return (await handle.readFile('utf8')).trim()
  } catch (error) {
    if (error instanceof HubError) throw error
    return undefined
  }
}

function fileOf(hub: Hub): string {
  return path.join(path.dirname(hub.config().store.file), 'terminal-session')
}
