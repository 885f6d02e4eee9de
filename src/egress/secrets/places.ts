// Where secrets can be, beyond this machine's environment, files and keychain, and how the hub signs in there.

/** Every field that ends in a secret is a reference of its own, to something simpler. */
export interface SecretPlaces {
  readonly vault?: VaultPlace | undefined
  readonly aws?: AwsPlace | undefined
  readonly gcp?: GcpPlace | undefined
  readonly azure?: AzurePlace | undefined
  readonly vaultfile?: VaultFilePlace | undefined
}

export interface VaultPlace {
  /** `https://vault.acme.dev:8200` */
  readonly address: string
  /** Where KV version 2 is mounted. */
  readonly mount: string
  readonly namespace?: string | undefined
  readonly token?: string | undefined
  readonly appRole?: { readonly roleId: string; readonly secretId: string } | undefined
}

export interface AwsPlace {
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
  /** Another address than AWS's own. */
  readonly endpoint?: string | undefined
}

export interface GcpPlace {
  readonly project: string
  /** The key of a service account, as JSON. */
  readonly serviceAccount: string
}

export interface AzurePlace {
  /** `https://acme.vault.azure.net` */
  readonly address: string
  readonly tenant: string
  readonly clientId: string
  readonly clientSecret: string
}

export interface VaultFilePlace {
  readonly file: string
  /** 32 bytes, in base64 or hexadecimal. */
  readonly key?: string | undefined
  readonly passphrase?: string | undefined
}

/** A secret, and until when it can be believed without asking again. */
export interface Found {
  readonly secret: string
  readonly rereadAtMs?: number | undefined
}

export interface PlaceOptions {
  readonly ask: (asked: {
    readonly url: string
    readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
    readonly headers?: Readonly<Record<string, string>>
    readonly body?: string
  }) => Promise<{ readonly status: number; readonly text: string }>
  /** The secret behind a reference to something simpler. */
  readonly resolve: (reference: string) => Promise<string>
  readonly now: () => Date
}

/** How long a secret from a service is believed, where it says nothing shorter. */
export const believedMs = 5 * 60_000
