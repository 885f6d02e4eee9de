// The same configuration for work beside the real thing: nothing that it does is anchored, exported, told or shown to anybody.
import path from 'node:path'
import type { LoadedConfig } from '../config/load.ts'

/** On sandboxes, with a store in this folder. */
export function aside(config: LoadedConfig, folder: string): LoadedConfig {
  return {
    ...config,
    instances: config.instances.map((instance) => ({ ...instance, sandbox: true, writes: 'on' as const })),
    store: { kind: 'sqlite', file: path.join(folder, 'toolgate.db') },
    audit: { ...config.audit, anchors: [], export: [] },
    notify: [],
    approvals: { ...config.approvals, slack: undefined },
  }
}
