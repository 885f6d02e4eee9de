// What the configuration says about evidence, as this part understands it; secrets are references.
export type AnchorSettings =
  | { readonly name: string; readonly to: 'file'; readonly path: string }
  | { readonly name: string; readonly to: 'git'; readonly folder: string; readonly push: boolean }
  | {
      readonly name: string
      readonly to: 'syslog'
      readonly host: string
      readonly port: number
      readonly protocol: 'udp' | 'tcp'
    }
  | { readonly name: string; readonly to: 'webhook'; readonly url: string; readonly credential: string }
  | {
      readonly name: string
      readonly to: 's3'
      readonly bucket: string
      readonly region: string
      /** Another host than Amazon's; the bucket is then the first part of the path. */
      readonly endpoint?: string | undefined
      /** `ACCESS_KEY_ID:SECRET_ACCESS_KEY`. */
      readonly credential: string
      readonly prefix: string
      readonly retainDays: number
    }

export type ExportFormat = 'jsonl' | 'ocsf'

export type ExportSettings =
  | { readonly name: string; readonly to: 'file'; readonly path: string; readonly format: ExportFormat }
  | {
      readonly name: string
      readonly to: 'http'
      readonly url: string
      readonly shape: 'splunk' | 'elastic' | 'datadog' | 'lines'
      readonly format: ExportFormat
      readonly credential?: string | undefined
    }
  | {
      readonly name: string
      readonly to: 'syslog'
      readonly host: string
      readonly port: number
      readonly protocol: 'udp' | 'tcp'
      readonly format: ExportFormat
    }
  | { readonly name: string; readonly to: 'otlp'; readonly url: string; readonly credential?: string | undefined }

export interface EvidenceSettings {
  readonly checkpoint: { readonly entries: number; readonly seconds: number }
  /** The private key, where it is not the file that the hub makes. */
  readonly key?: string | undefined
  readonly anchors: readonly AnchorSettings[]
  /** What happens when no anchor has heard of an entry for so long. */
  readonly lag: { readonly seconds: number; readonly writes: 'allow' | 'refuse' }
  readonly export: readonly ExportSettings[]
  readonly receipts: 'all' | 'writes' | 'off'
  readonly reads: 'refuse' | 'allow'
  readonly retentionDays?: number | undefined
}
