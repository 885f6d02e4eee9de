// Entries as syslog messages, the whole entry as the text of each.
import { lineOf } from '../formats.ts'
import type { ExportSettings } from '../settings.ts'
import type { Sink } from '../sink.ts'
import { sendSyslog, syslogLine } from '../syslog.ts'

export function syslogSink({ name, format, ...target }: Extract<ExportSettings, { to: 'syslog' }>): Sink {
  return {
    name,
    async send(entries, signal) {
      const lines = entries.map((entry) => syslogLine(new Date(entry.at), 'audit', lineOf(entry, format)))
      await sendSyslog(target, lines, signal)
    },
  }
}
