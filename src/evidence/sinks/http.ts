// Entries over HTTP, in the shapes that Splunk, Elastic, Datadog and everybody else (JSON Lines) take.
import { z } from 'zod'
import type { AuditEntry } from '../../kit/record.ts'
import { lineOf } from '../formats.ts'
import { accepted } from '../outside.ts'
import type { Outside } from '../outside.ts'
import type { ExportSettings } from '../settings.ts'
import type { Sink } from '../sink.ts'

type Http = Extract<ExportSettings, { to: 'http' }>

interface Shape {
  readonly type: string
  readonly headers: (secret: string) => Record<string, string>
  readonly body: (entries: readonly AuditEntry[], line: (entry: AuditEntry) => string) => string
  /** @throws Error when it did not take all of them */
  readonly check: (answer: Response) => Promise<void>
}

export function httpSink({ name, url, shape, format, credential }: Http, outside: Outside): Sink {
  const { type, headers, body, check } = shapes[shape]
  return {
    name,
    async send(entries, signal) {
      const secret = credential === undefined ? undefined : await outside.secret(credential)
      const answer = await outside.fetch(url, {
        method: 'POST',
        headers: { 'content-type': type, ...(secret !== undefined && headers(secret)) },
        body: body(entries, (entry) => lineOf(entry, format)),
        signal,
        redirect: 'error',
      })
      await check(answer)
    },
  }
}

const shapes: Readonly<Record<Http['shape'], Shape>> = {
  // https://help.splunk.com/en/splunk-enterprise/get-data-in (HTTP Event Collector: events one after the other)
  splunk: {
    type: 'application/json',
    headers: (secret) => ({ authorization: `Splunk ${secret}` }),
    body: (entries, line) =>
      entries
        .map(
          (entry) =>
            `{"time":${Date.parse(entry.at) / 1000},"source":"toolgate","sourcetype":"toolgate:audit","event":${line(entry)}}`,
        )
        .join('\n'),
    check: accepted,
  },
  // https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk
  elastic: {
    type: 'application/x-ndjson',
    headers: (secret) => ({ authorization: `ApiKey ${secret}` }),
    // With an id of its own, an entry that is sent again is there once.
    body: (entries, line) =>
      entries
        .map((entry) => `${JSON.stringify({ create: { _id: `${entry.tenant}-${entry.seq}` } })}\n${line(entry)}\n`)
        .join(''),
    check: allCreated,
  },
  // https://docs.datadoghq.com/api/latest/logs/#send-logs
  datadog: {
    type: 'application/json',
    headers: (secret) => ({ 'dd-api-key': secret }),
    body: (entries, line) =>
      `[${entries
        .map((entry) => `{"ddsource":"toolgate","service":"toolgate","message":${JSON.stringify(line(entry))}}`)
        .join(',')}]`,
    check: accepted,
  },
  lines: {
    type: 'application/x-ndjson',
    headers: (secret) => ({ authorization: `Bearer ${secret}` }),
    body: (entries, line) => entries.map((entry) => `${line(entry)}\n`).join(''),
    check: accepted,
  },
}

const BulkAnswer = z.object({
  items: z.array(z.object({ create: z.object({ status: z.int() }) })),
})
const alreadyThere = 409

async function allCreated(answer: Response): Promise<void> {
  if (!answer.ok) return await accepted(answer)
  const { items } = BulkAnswer.parse(await answer.json())
  const refused = items.find(({ create: { status } }) => status >= 300 && status !== alreadyThere)
  if (refused) throw new Error(`It refused an entry with status ${refused.create.status}.`)
}
