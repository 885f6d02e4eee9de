// Finds secrets that were written into the configuration, where everybody who reads the file reads them.
import type { Path } from './document.ts'
import { credentialPattern } from './schema.ts'

export interface FoundSecret {
  readonly path: Path
  /** The sentence; it never repeats the value. */
  readonly message: string
  readonly hint: string
}

/** Every place below the value where a secret seems to stand in plain text. */
export function findSecrets(value: unknown, path: Path = []): readonly FoundSecret[] {
  if (typeof value === 'string') return isSecret(value, path) ? [secretAt(path)] : []
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, member]) =>
    findSecrets(member, [...path, Array.isArray(value) ? Number(key) : key]),
  )
}

function isSecret(value: string, path: Path): boolean {
  const key = String(path.at(-1))
  if (key === 'credential') return !credentialPattern.test(value)
  if (credentialPattern.test(value)) return false
  if (valuePatterns.some((pattern) => pattern.test(value))) return true
  return path[0] === 'connectors' && secretKey.test(key) && !describesOne.test(key) && value !== ''
}

function secretAt(path: Path): FoundSecret {
  const variable = `${String(path[1])
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]/g, '_')}_CREDENTIAL`
  if (path[0] === 'connectors' && path.at(-1) === 'credential') {
    return {
      path,
      message: `"${path.join('.')}" is not a reference to a secret, and a secret may not stand in this file.`,
      hint: `Write "env:${variable}", "file:PATH" or "keychain:NAME" (\`toolgate secret set keychain:NAME\` keeps it there). If a real secret stood here, replace it at the vendor.`,
    }
  }
  const message = `"${path.join('.')}" looks like a secret in plain text.`
  if (path[0] !== 'connectors')
    return { path, message, hint: 'Take it out, and replace the secret where it came from: it has been in a file.' }
  const hint = `Take it out, give the connector "credential": "env:${variable}", and replace the secret at the vendor: it has been in a file.`
  return { path, message, hint }
}

const secretKey = /token|secret|passw|passphrase|api_?-?key|private_?-?key|credential|authorization/i
/** Keys that speak of a secret without being one: `tokenUrl`, `secretName`. */
const describesOne = /(url|uri|endpoint|header|name|type|path|id|scopes?|minutes|seconds)$/i

/** What vendors' secrets look like, by their documented prefixes. */
const valuePatterns = [
  /\bxox[a-z]-[A-Za-z0-9-]{8,}/, // Slack tokens
  /\bxapp-\d-[A-Za-z0-9-]{8,}/, // Slack app-level tokens
  /\bATATT[A-Za-z0-9_=-]{16,}/, // Atlassian API tokens
  /\b00D[A-Za-z0-9]{9,15}![A-Za-z0-9._]{16,}/, // Salesforce session ids
  /\b(ghp|gho|ghs|ghu)_[A-Za-z0-9]{20,}|\bgithub_pat_[A-Za-z0-9_]{20,}/,
  /\b(AKIA|ASIA)[A-Z0-9]{16}\b/,
  /\bsk-[A-Za-z0-9_-]{20,}/,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/, // a JSON Web Token
  /^(Bearer|Basic) [A-Za-z0-9._~+/=-]{8,}$/i,
  /^[a-z][a-z0-9+.-]*:\/\/[^/@\s]*:[^/@\s]+@/i, // a password in an address
] as const
