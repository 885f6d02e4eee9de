// Looks for every credential that was met in everything that was kept, in every spelling, but where it belongs.
import { createReadStream, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { needles } from './many.ts'
import type { Needles } from './many.ts'
import { spellingsOf } from './spellings.ts'

interface Secret {
  readonly secret: string
  readonly slots: Set<string>
  /** Servers that gave or got it. */
  readonly homes: Set<string>
  /** Servers that got it as the caller's credential. */
  readonly presented: Set<string>
}

/** What the tap writes, a line each. */
interface Records {
  readonly seen: { readonly slot: string; readonly secret: string; readonly home: string }
  readonly printed: { readonly by: string; readonly text: string }
  readonly sent: { readonly home: string; readonly url: string; readonly request: string; readonly answer: string }
}

interface Kept {
  readonly folder: string
  readonly wanted: Needles<Secret>
  readonly hit: (place: string, secret: Secret) => void
}

/** Shorter ones, and those of a few different characters, cannot be told from other texts; units: characters. */
const shortest = 16
/** The vendors' own memory, which knows the credentials that the vendor gave out. */
const vendorsOwn = /^(sandbox|vendors)\.db/

export async function search(folder: string): Promise<{ lines: readonly string[]; hits: readonly string[] }> {
  const { secrets, short } = await secretsIn(folder)
  const found = new Map<string, number>()
  const hit = (place: string, { slots, secret }: Secret) => {
    const key = `${[...slots].join(', ')} ${secret.slice(0, 8)}… in ${place}`
    found.set(key, (found.get(key) ?? 0) + 1)
  }
  const wanted = needlesOf(secrets)
  shareHomes(secrets, wanted)
  const kept = { folder, wanted, hit }
  const printed = await searchPrinted(kept)
  const { sent, doors } = await searchSent(kept)
  const stored = searchStored(kept)
  const inbound = searchForwarded(secrets, doors, hit)
  const slots = Map.groupBy(
    secrets.flatMap((secret) => [...secret.slots]),
    (slot) => slot,
  )
  return {
    lines: [
      `Secrets met: ${secrets.length} (${[...slots].map(([slot, all]) => `${slot} ${all.length}`).join(', ')}).`,
      `Shorter than ${shortest} characters or made of fewer than 8 different ones, and not searched for: ${short}.`,
      `Spellings: ${wanted.size}. Searched: printed ${mega(printed)}, sent ${mega(sent)}, stored ${mega(stored)}.`,
      `Tokens that came in at ${doors.size} doors of hubs: ${inbound}, each looked for as a credential towards anybody else.`,
    ],
    hits: [...found].map(([key, times]) => `${key} (${times})`).toSorted(),
  }
}

async function secretsIn(folder: string): Promise<{ secrets: readonly Secret[]; short: number }> {
  const secrets = new Map<string, Secret>()
  const short = new Set<string>()
  await eachRecord(folder, 'seen', ({ slot, secret, home }) => {
    if (secret.length < shortest || new Set(secretPart(secret)).size < 8) {
      short.add(secret)
      return
    }
    const one = secrets.get(secret) ?? { secret, slots: new Set(), homes: new Set(), presented: new Set() }
    one.slots.add(slot)
    one.homes.add(home)
    if (slot === 'authorization') one.presented.add(home)
    secrets.set(secret, one)
  })
  return { secrets: [...secrets.values()], short: short.size }
}

/** What several of them share, such as the header of their tokens, gives none of them away. */
function needlesOf(secrets: readonly Secret[]): Needles<Secret> {
  const owners = new Map<string, Secret | undefined>()
  for (const secret of secrets)
    for (const [name, text] of spellingsOf(secretPart(secret.secret)))
      if (text.length >= shortest || name.startsWith('whole'))
        owners.set(text, owners.has(text) && owners.get(text) !== secret ? undefined : secret)
  const wanted = needles<Secret>()
  for (const [text, secret] of owners) if (secret) wanted.add(text, secret)
  return wanted
}

/** Where one secret belongs, a piece of another that is spelled like a part of it says nothing. */
function shareHomes(secrets: readonly Secret[], wanted: Needles<Secret>) {
  for (const whole of secrets)
    for (const part of wanted.in(Buffer.from(whole.secret))) for (const home of whole.homes) part.homes.add(home)
}

/** An API key begins with its public name. */
function secretPart(secret: string): string {
  return secret.startsWith('tg_') ? secret.slice(secret.lastIndexOf('_') + 1) : secret
}

async function searchPrinted({ folder, wanted, hit }: Kept): Promise<number> {
  const suite = readFileSync(path.join(folder, 'suite.txt'))
  for (const secret of wanted.in(suite)) hit('what the test runner printed', secret)
  let bytes = suite.length
  await eachRecord(folder, 'printed', ({ by, text }) => {
    const printed = Buffer.from(text)
    bytes += printed.length
    for (const secret of wanted.in(printed)) hit(`what ${by.replace(/\S*\//g, '')} printed`, secret)
  })
  return bytes
}

/** What a hub asks of others, and what it answers: what the others answer, and what callers send, is theirs. */
async function searchSent({ folder, wanted, hit }: Kept): Promise<{ sent: number; doors: ReadonlySet<string> }> {
  const doors = new Set<string>()
  const ofHubs = new Set<string>()
  await eachRecord(folder, 'sent', ({ home, url }) => {
    if (/^\/mcp\b/.test(url)) doors.add(home)
    if (/^\/(mcp|admin|connect)\b/.test(url)) ofHubs.add(home)
  })
  let sent = 0
  await eachRecord(folder, 'sent', ({ home, url, request, answer }) => {
    const bytes = Buffer.from(ofHubs.has(home) ? answer : request)
    sent += bytes.length
    for (const secret of wanted.in(bytes))
      // Not even to whom it came from: the door of agents answers with nobody's credential.
      if (!secret.homes.has(home) || (/^\/mcp\b/.test(url) && secret.presented.has(home)))
        hit(`what was sent ${ofHubs.has(home) ? 'by' : 'to'} ${url.split('?')[0]}`, secret)
  })
  return { sent, doors }
}

function searchStored({ folder, wanted, hit }: Kept): number {
  let bytes = 0
  for (const entry of readdirSync(path.join(folder, 'kept'), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || vendorsOwn.test(entry.name)) continue
    const stored = readFileSync(path.join(entry.parentPath, entry.name))
    bytes += stored.length
    // A file that holds a secret and nothing else is the one that a reference names.
    for (const secret of wanted.in(stored))
      if (stored.toString().trim() !== secret.secret) hit(`the file ${entry.name}`, secret)
  }
  return bytes
}

/** A token with which somebody came to a hub is nobody else's. */
function searchForwarded(secrets: readonly Secret[], doors: ReadonlySet<string>, hit: Kept['hit']): number {
  const inbound = secrets.filter(({ presented }) => [...presented].some((home) => doors.has(home)))
  for (const secret of inbound)
    if ([...secret.presented].some((home) => !doors.has(home))) hit('the credentials sent to somebody else', secret)
  return inbound.length
}

async function eachRecord<Kind extends keyof Records>(
  folder: string,
  kind: Kind,
  take: (record: Records[Kind]) => void,
): Promise<void> {
  for (const name of readdirSync(folder).filter((one) => one.startsWith(`${kind}-`)))
    for await (const line of linesOf(path.join(folder, name))) take(JSON.parse(line) as Records[Kind])
}

/** Node's own reader also ends lines at U+2028, which JSON leaves as it is. */
async function* linesOf(file: string): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of createReadStream(file, 'utf8') as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}

function mega(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}
