// Entries as OpenTelemetry logs over HTTP with JSON (https://opentelemetry.io/docs/specs/otlp/#otlphttp).
import { z } from 'zod'
import type { AuditEntry } from '../../kit/record.ts'
import { lineOf } from '../formats.ts'
import { accepted } from '../outside.ts'
import type { Outside } from '../outside.ts'
import type { ExportSettings } from '../settings.ts'
import type { Sink } from '../sink.ts'

const severityInfo = 9

export function otlpSink({ name, url, credential }: Extract<ExportSettings, { to: 'otlp' }>, outside: Outside): Sink {
  return {
    name,
    async send(entries, signal) {
      const secret = credential === undefined ? undefined : await outside.secret(credential)
      const headers = {
        'content-type': 'application/json',
        ...(secret !== undefined && { authorization: `Bearer ${secret}` }),
      }
      const body = JSON.stringify(logsOf(entries))
      const answer = await outside.fetch(url, { method: 'POST', headers, body, signal, redirect: 'error' })
      if (!answer.ok) return await accepted(answer)
      const text = await answer.text()
      const { partialSuccess } = Answer.parse(text === '' ? {} : JSON.parse(text))
      const rejected = Number(partialSuccess?.rejectedLogRecords ?? 0)
      if (rejected > 0) throw new Error(`It refused ${rejected} of ${entries.length} entries.`)
    },
  }
}

const Answer = z.object({
  partialSuccess: z.object({ rejectedLogRecords: z.union([z.string(), z.number()]).optional() }).optional(),
})

function logsOf(entries: readonly AuditEntry[]) {
  const text = (key: string, value: string) => ({ key, value: { stringValue: value } })
  const logRecords = entries.map((entry) => ({
    timeUnixNano: `${Date.parse(entry.at)}000000`,
    severityNumber: severityInfo,
    severityText: 'INFO',
    eventName: entry.kind,
    body: { stringValue: lineOf(entry, 'jsonl') },
    attributes: [
      text('toolgate.tenant', entry.tenant),
      { key: 'toolgate.seq', value: { intValue: String(entry.seq) } },
      text('toolgate.prev', entry.prev),
      text('toolgate.hash', entry.hash),
      text('toolgate.kind', entry.kind),
      ...(entry.call === undefined ? [] : [text('toolgate.call', entry.call)]),
    ],
  }))
  const resource = { attributes: [text('service.name', 'toolgate')] }
  return { resourceLogs: [{ resource, scopeLogs: [{ scope: { name: 'toolgate.audit' }, logRecords }] }] }
}
