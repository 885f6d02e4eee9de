// Loaded into every process of `npm run test:canaries`: keeps what each prints, stores and sends, and every credential it meets.
// Nothing of the product knows of it: it listens to Node's own HTTP servers, its output and the folders that tests throw away.
import { subscribe } from 'node:diagnostics_channel'
import fs from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parse } from 'node:querystring'
import { credentialFields, credentialHeaders } from './slots.ts'

const folder = process.env['TOOLGATE_TAP'] ?? ''
const { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, rmSync, writeSync, write } =
  fs
const removeLater = fs.promises.rm

/** A body longer than this is kept by its first part; units: characters. */
const longest = 2_000_000
const known = new Set<string>()
let servers = 0
let removed = 0
const serials = new WeakMap<object, string>()

if (folder !== '') {
  mkdirSync(path.join(folder, 'kept'), { recursive: true })
  keepWhatIsPrinted()
  keepWhatIsStored()
  keepWhatIsSent()
}

function keep(kind: 'seen' | 'sent' | 'printed', record: object) {
  appendFileSync(path.join(folder, `${kind}-${process.pid}.jsonl`), `${JSON.stringify(record)}\n`)
}

/** @param home the server that gave or got it, or the kind of place that it is read from. */
function seen(slot: string, secret: unknown, home: string) {
  if (typeof secret !== 'string' || secret === '') return
  const key = `${slot}\n${secret}\n${home}`
  if (known.has(key)) return
  known.add(key)
  keep('seen', { slot, secret, home })
}

function keepWhatIsPrinted() {
  const by = process.argv.slice(1, 6).join(' ')
  const kept = (text: unknown) =>
    keep('printed', { by, text: typeof text === 'string' ? text : Buffer.from(text as Uint8Array).toString() })
  for (const stream of [process.stdout, process.stderr]) {
    const real = stream.write.bind(stream) as (...given: unknown[]) => boolean
    stream.write = (...given: unknown[]) => {
      kept(given[0])
      return real(...given)
    }
  }
  // The logger writes to the descriptors themselves.
  fs.writeSync = ((to: number, ...given: [string]) => {
    if (to === 1 || to === 2) kept(given[0])
    return writeSync(to, ...given)
  }) as typeof fs.writeSync
  fs.write = Object.assign(
    (to: number, ...given: [string, () => void]) => {
      if (to === 1 || to === 2) kept(given[0])
      write(to, ...given)
    },
    { __promisify__: write.__promisify__ },
  ) as unknown as typeof fs.write
}

function keepWhatIsStored() {
  fs.rmSync = (target, options) => {
    if (!moved(target)) rmSync(target, options)
  }
  fs.promises.rm = async (target, options) => {
    if (!moved(target)) await removeLater(target, options)
  }
  syncBuiltinESMExports()
}

/** A folder directly under the temporary one is moved aside instead of removed. */
function moved(target: fs.PathLike): boolean {
  const from = path.resolve(String(target))
  if (path.dirname(from) !== path.resolve(tmpdir()) || !existsSync(from) || !statSync(from).isDirectory()) return false
  readReferences(from)
  try {
    renameSync(from, path.join(folder, 'kept', `${process.pid}-${(removed += 1)}-${path.basename(from)}`))
    return true
  } catch {
    return false
  }
}

/** What the configurations in a folder refer to are secrets, wherever they are read. */
function readReferences(from: string) {
  const configs = readdirSync(from, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && entry.name.endsWith('config.json'),
  )
  for (const { parentPath, name } of configs) {
    const text = readFileSync(path.join(parentPath, name), 'utf8')
    for (const [, variable = ''] of text.matchAll(/"env:([A-Z0-9_]+)"/g))
      seen('environment', process.env[variable], 'environment')
    for (const [, file = ''] of text.matchAll(/"file:([^"]+)"/g)) {
      const at = path.resolve(parentPath, file)
      if (existsSync(at) && statSync(at).isFile()) seen('secret file', readFileSync(at, 'utf8').trim(), 'file')
    }
  }
}

function keepWhatIsSent() {
  subscribe('http.server.request.start', (message) => {
    const { request, response, server } = message as { request: IncomingMessage; response: ServerResponse; server: object }
    const home = serialOf(server)
    const asked = bodyOf(request)
    // Copied now: a door may well take the caller's credential out of them.
    const headers = namedLow(Object.entries(request.headers))
    const answered = answerOf(response)
    response.once('close', () => {
      const { method, url = '' } = request
      credentialsIn(home, url, headers, asked())
      const { head, body } = answered()
      credentialsIn(home, head['location'] ?? '', head, body)
      const sent = `${method} ${url} ${JSON.stringify(headers)} ${asked()}`
      keep('sent', { home, url, request: sent, answer: `${response.statusCode} ${JSON.stringify(head)} ${body}` })
    })
  })
}

function serialOf(server: object): string {
  const serial = serials.get(server) ?? `server ${process.pid}.${(servers += 1)}`
  serials.set(server, serial)
  return serial
}

function bodyOf(request: IncomingMessage): () => string {
  const chunks: Buffer[] = []
  const push = request.push.bind(request)
  request.push = (chunk: unknown, encoding?: BufferEncoding) => {
    if (chunk !== null && chunk !== undefined) chunks.push(Buffer.from(chunk as Buffer))
    return push(chunk, encoding)
  }
  return () => Buffer.concat(chunks).toString().slice(0, longest)
}

function answerOf(response: ServerResponse): () => { head: Record<string, string>; body: string } {
  const chunks: Buffer[] = []
  const given: Record<string, string> = {}
  const real = {
    write: response.write.bind(response) as (...all: unknown[]) => boolean,
    end: response.end.bind(response) as (...all: unknown[]) => ServerResponse,
    writeHead: response.writeHead.bind(response) as (...all: unknown[]) => ServerResponse,
  }
  const take = (chunk: unknown) => {
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk))
  }
  response.write = (...all: unknown[]) => {
    take(all[0])
    return real.write(...all)
  }
  response.end = (...all: unknown[]) => {
    take(all[0])
    return real.end(...all)
  }
  response.writeHead = (...all: unknown[]) => {
    const headers = all.findLast((one) => typeof one === 'object' && one !== null)
    if (headers) Object.assign(given, namedLow(Array.isArray(headers) ? pairsOf(headers) : Object.entries(headers)))
    return real.writeHead(...all)
  }
  return () => ({
    head: { ...namedLow(Object.entries(response.getHeaders())), ...given },
    body: Buffer.concat(chunks).toString().slice(0, longest),
  })
}

/** Several of one name are lines of one text. */
function namedLow(headers: readonly (readonly [string, unknown])[]): Record<string, string> {
  const low: Record<string, string> = {}
  for (const [name, value] of headers) {
    const text = Array.isArray(value) ? value.join('\n') : `${value as string | number}`
    const key = name.toLowerCase()
    low[key] = key in low ? `${low[key]}\n${text}` : text
  }
  return low
}

/** Raw headers are names and values by turns. */
function pairsOf(raw: readonly unknown[]): (readonly [string, unknown])[] {
  return raw.flatMap((name, at) => (at % 2 === 0 ? [[String(name), raw[at + 1]] as const] : []))
}

function credentialsIn(home: string, url: string, headers: Readonly<Record<string, string>>, body: string) {
  for (const [slot, secret] of credentialHeaders(headers)) seen(slot, secret, home)
  for (const [slot, secret] of credentialFields(parse(url.split('?')[1] ?? ''))) seen(slot, secret, home)
  const type = headers['content-type'] ?? ''
  if (type.includes('x-www-form-urlencoded'))
    for (const [slot, secret] of credentialFields(parse(body))) seen(slot, secret, home)
  if (!type.includes('json') || !/_token|_secret|"code"/.test(body)) return
  try {
    const slots = credentialFields(JSON.parse(body) as Record<string, unknown>)
    // Elsewhere than in a request for tokens a code is a word.
    for (const [slot, secret] of slots) if (slot.includes('_') || url.endsWith('token')) seen(slot, secret, home)
  } catch {
    // Not JSON after all: it is searched like any other text.
  }
}
