// Every reference to a secret in a configuration, and which part of it would be without.
import type { LoadedConfig } from './load.ts'

export interface Referred {
  readonly reference: string
  /** The key of the configuration that holds it. */
  readonly where: string
}

export function referencesOf(config: LoadedConfig): readonly Referred[] {
  const { people, admin, approvals, notify, audit } = config
  const named: readonly (readonly [reference: string | undefined, where: string])[] = [
    ...config.instances.flatMap(({ id, credential, oauth, exchange }) => [
      [credential, `connectors.${id}`] as const,
      [oauth?.clientSecret, `connectors.${id}.oauth`] as const,
      [exchange?.clientSecret, `connectors.${id}.exchange`] as const,
    ]),
    ...people.issuers.map(({ issuer, introspection }) => [introspection?.credential, issuer] as const),
    [admin.oidc?.clientSecret, 'serve.admin.oidc'],
    [approvals.slack?.token, 'approvals.slack'],
    [approvals.slack?.signingSecret, 'approvals.slack'],
    ...notify.map(({ secret, url }) => [secret, `notify ${new URL(url).host}`] as const),
    [audit.key, 'audit.key'],
    ...[...audit.anchors, ...audit.export].map(
      (each) => ['credential' in each ? each.credential : undefined, `audit ${each.name}`] as const,
    ),
    ...inPlaces(config),
  ]
  return named.flatMap(([reference, where]) => (reference === undefined ? [] : [{ reference, where }]))
}

function inPlaces({ secrets: { vault, aws, gcp, azure, vaultfile, seal } }: LoadedConfig) {
  return [
    [vault?.token, 'secrets.vault'],
    [vault?.appRole?.roleId, 'secrets.vault'],
    [vault?.appRole?.secretId, 'secrets.vault'],
    [aws?.accessKeyId, 'secrets.aws'],
    [aws?.secretAccessKey, 'secrets.aws'],
    [aws?.sessionToken, 'secrets.aws'],
    [gcp?.serviceAccount, 'secrets.gcp'],
    [azure?.clientSecret, 'secrets.azure'],
    [vaultfile?.key, 'secrets.vaultfile'],
    [vaultfile?.passphrase, 'secrets.vaultfile'],
    [seal?.key, 'secrets.seal'],
    ...Object.entries(seal?.previous ?? {}).map(([version, key]) => [key, `secrets.seal.previous.${version}`] as const),
  ] as const
}
