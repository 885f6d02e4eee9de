// How an entry of the audit looks in an export: as it is, or as an event of the Open Cybersecurity Schema Framework.
import type { Json, JsonObject } from '../kit/json.ts'
import type { AuditEntry } from '../kit/record.ts'
import type { ExportFormat } from './settings.ts'

/** One line, safe to show in a terminal, from which the entry can be verified. */
export function lineOf(entry: AuditEntry, format: ExportFormat): string {
  return safeLine(format === 'ocsf' ? ocsfOf(entry) : entry)
}

/** Escaped as JSON allows, so that nothing that a terminal or a line reader obeys stands there raw. */
function safeLine(value: unknown): string {
  const escape = (character: string) =>
    [...Array(character.length).keys()]
      .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
      .join('')
  return JSON.stringify(value).replace(/[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu, escape)
}

const ocsfVersion = '1.6.0'
/** API Activity (https://schema.ocsf.io/classes/api_activity). */
const apiActivity = 6003
const other = 99

/** The whole entry is under `unmapped.toolgate`: the copy verifies too. */
export function ocsfOf(entry: AuditEntry): JsonObject {
  const { tenant, seq, id, at, kind, call, payload } = entry
  const actor = whoActs.map((name) => textOf(payload[name])).find((name) => name !== undefined)
  const status = textOf(payload['status'])
  return {
    category_uid: 6,
    class_uid: apiActivity,
    activity_id: other,
    activity_name: kind,
    type_uid: apiActivity * 100 + other,
    severity_id: 1,
    time: Date.parse(at),
    ...(status !== undefined && { status, status_id: status === 'done' ? 1 : failures.has(status) ? 2 : other }),
    message: `${kind}${status === undefined ? '' : `: ${status}`}`,
    actor: { user: { uid: actor ?? 'unknown', type_id: 0 } },
    api: {
      operation: textOf(payload['tool']) ?? kind,
      ...(call !== undefined && { request: { uid: call } }),
      service: { name: 'toolgate' },
    },
    src_endpoint: { name: textOf(payload['door']) ?? 'hub' },
    metadata: {
      version: ocsfVersion,
      uid: id,
      sequence: seq,
      tenant_uid: tenant,
      log_name: 'audit',
      product: { name: 'Toolgate', vendor_name: 'Toolgate' },
    },
    unmapped: { toolgate: plain(entry) },
  }
}

/** Where an entry names whoever did it: who decides on a call before whose call it is. */
const whoActs = ['approver', 'grantedBy', 'resolved_by', 'person', 'principal', 'by']

const failures = new Set(['denied', 'failed'])

/** Without what is undefined. */
export function plain(entry: AuditEntry): JsonObject {
  return JSON.parse(JSON.stringify(entry)) as JsonObject
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}
