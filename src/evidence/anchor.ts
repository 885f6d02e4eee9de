// An anchor keeps checkpoints where the hub's own user cannot change what it has once been given.
import type { Checkpoint } from './checkpoint.ts'
import type { Outside } from './outside.ts'
import type { AnchorSettings } from './settings.ts'

export interface Anchor {
  readonly name: string
  /** Oldest first. Resolves when the other side has them. May be given the same ones again. */
  push(checkpoints: readonly Checkpoint[], signal: AbortSignal): Promise<void>
  /** The newest that it holds, where it can be asked. */
  last?(tenant: string, signal: AbortSignal): Promise<Checkpoint | undefined>
}

/** Each kind is loaded when it is configured. */
export async function openAnchor(settings: AnchorSettings, outside: Outside): Promise<Anchor> {
  switch (settings.to) {
    case 'file':
      return (await import('./anchors/file.ts')).fileAnchor(settings.name, settings.path)
    case 'git':
      return (await import('./anchors/git.ts')).gitAnchor(settings)
    case 'syslog':
      return (await import('./anchors/syslog.ts')).syslogAnchor(settings)
    case 'webhook':
      return (await import('./anchors/webhook.ts')).webhookAnchor(settings, outside)
    default:
      return (await import('./anchors/s3.ts')).s3Anchor(settings, outside)
  }
}
