// Where a continuous export goes: each kind takes entries in order and resolves when the other side has them.
import type { AuditEntry } from '../kit/record.ts'
import type { Outside } from './outside.ts'
import type { ExportSettings } from './settings.ts'

export interface Sink {
  readonly name: string
  /** In order. May be given the same ones again after a failure. */
  send(entries: readonly AuditEntry[], signal: AbortSignal): Promise<void>
  /** The last entry that it surely has, where it can be asked. */
  last?(tenant: string): Promise<number | undefined>
}

/** Each kind is loaded when it is configured. */
export async function openSink(settings: ExportSettings, outside: Outside): Promise<Sink> {
  switch (settings.to) {
    case 'file':
      return (await import('./sinks/file.ts')).fileSink(settings)
    case 'http':
      return (await import('./sinks/http.ts')).httpSink(settings, outside)
    case 'syslog':
      return (await import('./sinks/syslog.ts')).syslogSink(settings)
    default:
      return (await import('./sinks/otlp.ts')).otlpSink(settings, outside)
  }
}
