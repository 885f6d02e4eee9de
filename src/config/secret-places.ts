// What a configuration says of where secrets are kept: never one itself, only references and addresses.
import { z } from 'zod'
import { safeUrl } from './people.ts'

/** To this machine alone: what signs in to the other places must not come from them. */
const simple = z
  .string()
  .regex(
    /^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+|keychain:[A-Za-z0-9][A-Za-z0-9._@-]*)$/,
    'It is a reference: "env:NAME", "file:PATH" or "keychain:NAME". Keep the secret with: toolgate secret set keychain:NAME',
  )

export const secretPlaces = z
  .strictObject({
    vault: z
      .strictObject({
        address: safeUrl.describe('Where Vault is: "https://vault.acme.dev:8200".'),
        mount: z
          .string()
          .regex(/^[\w./-]{1,100}$/)
          .default('secret')
          .describe('Where KV version 2 is mounted.'),
        namespace: z.string().max(200).optional(),
        token: simple.optional().describe('Where the token is.'),
        appRole: z
          .strictObject({ roleId: simple, secretId: simple })
          .optional()
          .describe('Where the AppRole is, instead of a token.'),
      })
      .optional()
      .describe('HashiCorp Vault, for "vault:PATH#FIELD".'),
    aws: z
      .strictObject({
        region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'A region is written "eu-central-1".'),
        accessKeyId: simple,
        secretAccessKey: simple,
        sessionToken: simple.optional(),
        endpoint: safeUrl.optional(),
      })
      .optional()
      .describe('AWS Secrets Manager, for "aws-sm:NAME".'),
    gcp: z
      .strictObject({ project: z.string().regex(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/), serviceAccount: simple })
      .optional()
      .describe('Google Secret Manager, for "gcp-sm:NAME".'),
    azure: z
      .strictObject({
        address: safeUrl.describe('Where the vault is: "https://acme.vault.azure.net".'),
        tenant: z.string().regex(/^[\w.-]{1,100}$/),
        clientId: z.string().regex(/^[\w.-]{1,100}$/),
        clientSecret: simple,
      })
      .optional()
      .describe('Azure Key Vault, for "azure-kv:NAME".'),
    vaultfile: z
      .strictObject({
        file: z.string().min(1).default('data/secrets.vault'),
        key: simple.optional().describe('Where the key is: 32 bytes in base64 or hexadecimal.'),
        passphrase: simple.optional().describe('Where the passphrase is, instead of a key.'),
      })
      .refine(
        ({ key, passphrase }) => (key === undefined) !== (passphrase === undefined),
        'It has either "key" or "passphrase".',
      )
      .optional()
      .describe('An encrypted file, for "vaultfile:NAME" on machines without a keychain.'),
    seal: z
      .strictObject({
        key: simple.describe('Where the key is: 32 bytes in base64 or hexadecimal.'),
        version: z.int().min(2).max(1000).default(2).describe('One more with every new key. 1 is data/seal.key.'),
        previous: z
          .record(z.string().regex(/^\d{1,4}$/), simple)
          .default({})
          .describe('Where the keys before are, by version.'),
      })
      .optional()
      .describe('The key under which the hub keeps what it must keep. Left out, it is in data/seal.key.'),
  })
  .prefault({})
  .describe('Where secrets are kept that references name.')

export type ConfiguredPlaces = z.output<typeof secretPlaces>
