// What was asked of the sandboxes: the evidence of what a vendor would have seen.
import { createHash } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import type { SandboxRequest } from '../kit/sandbox.ts'
import type { FaultMode } from './faults.ts'

export interface RecordedRequest {
  /** Grows with every request. */
  readonly seq: number
  readonly instance: string
  readonly at: string
  readonly method: string
  readonly path: string
  readonly query: string
  /** What was answered; undefined when the connection was cut instead. */
  readonly status: number | undefined
  /** Whether any document was different afterwards. */
  readonly changed: boolean
  /** The fault that hit it. */
  readonly fault: string | undefined
  readonly bodyBytes: number
  readonly bodySha256: string
  /** Its beginning, for people; credentials taken out. Headers are not recorded at all. */
  readonly body: string
}

export interface Handled {
  readonly instance: string
  readonly at: Date
  readonly request: SandboxRequest
  readonly status: number | undefined
  readonly changed: boolean
  readonly fault: FaultMode | undefined
  /** Never recorded, wherever it stands. */
  readonly credential: string
}

const bodyLimit = 4_000
const kept = 20_000

export function recordRequest(
  database: DatabaseSync,
  { instance, at, request, status, changed, fault, credential }: Handled,
): void {
  const { body } = request
  const { lastInsertRowid } = database
    .prepare(
      `INSERT INTO requests (instance, at, method, path, query, status, changed, fault, body_bytes, body_sha256, body)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      instance,
      at.toISOString(),
      request.method,
      request.path,
      withoutCredentials(request.query.toString(), credential),
      status ?? null,
      changed ? 1 : 0,
      fault ?? null,
      Buffer.byteLength(body),
      createHash('sha256').update(body).digest('hex'),
      withoutCredentials(body, credential).slice(0, bodyLimit),
    )
  database.prepare('DELETE FROM requests WHERE seq <= ?').run(Number(lastInsertRowid) - kept)
}

/** The newest `limit` of them, oldest first. */
export function listRequests(database: DatabaseSync, limit: number, instance?: string): readonly RecordedRequest[] {
  const rows =
    instance === undefined
      ? database.prepare('SELECT * FROM requests ORDER BY seq DESC LIMIT ?').all(limit)
      : database.prepare('SELECT * FROM requests WHERE instance = ? ORDER BY seq DESC LIMIT ?').all(instance, limit)
  return rows.toReversed().map((row) => ({
    seq: Number(row['seq']),
    instance: String(row['instance']),
    at: String(row['at']),
    method: String(row['method']),
    path: String(row['path']),
    query: String(row['query']),
    status: row['status'] === null ? undefined : Number(row['status']),
    changed: row['changed'] === 1,
    fault: row['fault'] === null ? undefined : String(row['fault']),
    bodyBytes: Number(row['body_bytes']),
    bodySha256: String(row['body_sha256']),
    body: String(row['body']),
  }))
}

/** Names that hold secrets in the bodies of sign-in requests (RFC 6749, RFC 7523), in JSON and in forms. */
const secretMember =
  /("?\b(?:(?:access_|refresh_)?token|client_secret|assertion|client_assertion|password)"?\s*[:=]\s*)("[^"]*"|[^&\s,}]+)/gi

function withoutCredentials(text: string, credential: string): string {
  let clean = text.replace(secretMember, '$1[credential]')
  for (const spelling of [credential, encodeURIComponent(credential), JSON.stringify(credential).slice(1, -1)]) {
    if (spelling !== '') clean = clean.replaceAll(spelling, '[credential]')
  }
  return clean
}
