// Reads a configuration file into values the hub can use, or says everything that is wrong with it.
import { createHash } from 'node:crypto'
import { glob, realpath, stat } from 'node:fs/promises'
import path from 'node:path'
import { nearest } from '../kit/nearest.ts'
import { assembleOidc, oidcProblems } from './admin.ts'
import type { ConfiguredOidc } from './admin.ts'
import { type Document, failed, parseDocument, type Parsed, type Path, problemAtPath, schemaProblems } from './document.ts'
import { callerProblems } from './people.ts'
import type { ConfiguredCallers, ConfiguredIssuer } from './people.ts'
import type { Problem } from './problem.ts'
import type { ConfiguredPlaces } from './secret-places.ts'
import { readTextFile } from './read.ts'
import { type Configuration, configuration, instanceKeys, knownKeys } from './schema.ts'
import { findSecrets } from './secrets.ts'

export interface Instance {
  /** Its key under `connectors`. */
  readonly id: string
  /** The name of a shipped connector's folder, or the absolute path of a folder. */
  readonly uses: string
  readonly sandbox: boolean
  /** `env:NAME`, `file:/absolute/path` or `keychain:NAME`; undefined for a sandbox. */
  readonly credential: string | undefined
  /** Whose account is used there. */
  readonly actsAs: 'service' | 'user' | 'user-or-refuse'
  /** The app with which people connect their own; its secret is a reference. */
  readonly oauth: { readonly clientId: string; readonly clientSecret: string | undefined } | undefined
  /** How a caller's token becomes access there; the secret is a reference. */
  readonly exchange: ConfiguredExchange | undefined
  /** Whose people may work in it. */
  readonly tenants: readonly string[]
  readonly writes: 'on' | 'off'
  /** Whether `writes` was written down, or is the default. */
  readonly writesSaid: boolean
  /** Tools that are turned on or off, by wire name. */
  readonly tools: ReadonlyMap<string, boolean>
  /** The connector's own keys, as they stand in the file. */
  readonly settings: Readonly<Record<string, unknown>>
}

export interface ConfiguredExchange {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  readonly audience: string
  readonly scope: string | undefined
  readonly requests: 'access_token' | 'id-jag'
}

export interface ConfiguredPerson {
  readonly id: string
  readonly name: string | undefined
  readonly roles: readonly string[]
  /** Other ids of the same person. */
  readonly aliases: readonly string[]
  /** What this person may do in the admin app; undefined: nothing. */
  readonly admin?: 'viewer' | 'approver' | 'operator' | 'admin' | undefined
}

export interface ConfiguredApprovals {
  readonly run: 'on-release' | 'on-retry'
  readonly personal: boolean
  readonly pendingMax: number
  readonly remindAfterMs: number | undefined
  readonly escalate: { readonly afterMs: number; readonly to: readonly string[] } | undefined
  /** Where people reach the admin app, without a slash at the end; undefined where the port is any free one. */
  readonly url: string | undefined
  readonly slack: ConfiguredSlackApprovals | undefined
}

/** The approvers' channel in Slack. */
export interface ConfiguredSlackApprovals {
  readonly channel: string
  /** References; the token is that of the approvals' own app. */
  readonly token: string | undefined
  readonly signingSecret: string
  /** The sandboxed instance that plays Slack, in place of a token. */
  readonly sandbox: string | undefined
  /** Persons by their Slack accounts. */
  readonly people: ReadonlyMap<string, string>
}

export interface ConfiguredNotice {
  readonly url: string
  /** Where the key of the signature is. */
  readonly secret: string
  readonly events: readonly string[]
}

export interface ConfiguredHttp {
  readonly host: string
  readonly port: number
  readonly sessionIdleMs: number
  readonly publicUrl: string | undefined
  readonly allowedOrigins: readonly string[]
  readonly tls: { readonly certificate: string; readonly key: string } | undefined
  readonly behindProxy: { readonly trusted: readonly string[] } | undefined
}

/** A configuration in force. All paths are absolute. */
export interface LoadedConfig {
  readonly file: string
  readonly folder: string
  /** For the places of problems that others find: see `schemaProblems` and `problemAtPath`. */
  readonly document: Document
  /** SHA-256 of the text. */
  readonly digest: string
  readonly tenant: string
  /** In the order of the file. */
  readonly instances: readonly Instance[]
  /** Which tools are offered where nothing else is said. */
  readonly profile: 'default' | undefined
  /** Rule files in the order of the file, without scenario files (`*.test.yaml`). */
  readonly policies: readonly string[]
  readonly people: {
    readonly local: ConfiguredPerson
    readonly directory: ReadonlyMap<string, ConfiguredPerson>
    readonly issuers: readonly ConfiguredIssuer[]
    readonly apiKeys: boolean
    readonly scopes: ConfiguredCallers['scopes']
  }
  readonly store: { readonly kind: 'sqlite'; readonly file: string }
  readonly http: ConfiguredHttp
  readonly secrets: ConfiguredPlaces
  readonly egress: { readonly proxy: string | undefined; readonly ca: string | undefined }
  readonly audit: Configuration['audit']
  readonly approvalExpiresMs: number
  readonly approvals: ConfiguredApprovals
  readonly admin: { readonly oidc: ConfiguredOidc | undefined }
  readonly notify: readonly ConfiguredNotice[]
  readonly callTimeoutMs: number
  /** What is allowed but unwise, in sentences. */
  readonly warnings: readonly Problem[]
}

/** Reads, parses and checks the file. Connectors' own settings are checked by the hub, which knows the connectors. */
export async function loadConfig(file: string): Promise<Parsed<LoadedConfig>> {
  const resolved = path.resolve(file)
  const read = await readTextFile(resolved)
  if (!read.ok) return read
  return parseConfig(resolved, read.value)
}

/** As `loadConfig`, on a text that may not be in the file yet. */
export async function parseConfig(file: string, text: string): Promise<Parsed<LoadedConfig>> {
  const parsed = parseDocument(file, text)
  if (!parsed.ok) return parsed
  const document = parsed.value
  if (document.root.type !== 'object') {
    return failed(
      problemAtPath(document, [], {
        message: `The file holds ${kindWords[document.root.type] ?? 'something else'}, not an object.`,
        hint: 'It begins with { and ends with }.',
      }),
    )
  }
  const secrets = findSecrets(document.value).map((found) => problemAtPath(document, found.path, found))
  const checked = configuration.safeParse(document.value)
  if (!checked.success) return failed(...secrets, ...schemaProblems(document, [], checked.error, knownKeys))
  const folder = path.dirname(file)
  const policies = await findPolicies(document, checked.data.policies, folder)
  const problems = [
    ...secrets,
    ...instanceProblems(document, checked.data),
    ...peopleProblems(document, checked.data),
    ...auditProblems(document, checked.data),
    ...callerProblems(checked.data.people, checked.data.serve.http).map((slip) => problemAtPath(document, slip.path, slip)),
    ...oidcProblems(checked.data.serve.admin.oidc, checked.data.people).map((slip) =>
      problemAtPath(document, slip.path, slip),
    ),
    ...policies.problems,
  ]
  if (problems.length > 0) return failed(...problems)
  return { ok: true, value: assemble(document, checked.data, folder, policies.files, await ownerWarnings(file)) }
}

const kindWords: Readonly<Record<string, string>> = {
  null: 'null',
  array: 'an array',
  string: 'a text',
  number: 'a number',
  boolean: 'a boolean',
}

/** What `--as` or an approval names: the local person, or one of the directory. */
export function findPerson(config: LoadedConfig, id: string): ConfiguredPerson | undefined {
  return id === config.people.local.id ? config.people.local : config.people.directory.get(id)
}

/** The keys that may stand in an instance whose connector has these settings. */
export function instanceKeysWith(settings: Iterable<string>): readonly string[] {
  return [...Object.keys(instanceKeys), ...settings]
}

function assemble(
  document: Document,
  value: Configuration,
  folder: string,
  policies: readonly string[],
  warnings: readonly Problem[],
): LoadedConfig {
  return {
    file: document.file,
    folder,
    document,
    digest: createHash('sha256').update(document.text, 'utf8').digest('hex'),
    tenant: value.tenant,
    instances: Object.entries(value.connectors).map(([id, entry]) => assembleInstance(id, entry, folder, value.tenant)),
    profile: value.profile,
    policies,
    people: {
      local: { ...value.people.local, name: undefined },
      directory: new Map(
        Object.entries(value.people.directory).map(([id, person]) => [id, { id, ...person, name: person.name }]),
      ),
      issuers: value.people.issuers.map((issuer) => withPaths(issuer, folder)),
      apiKeys: value.people.apiKeys,
      scopes: value.people.scopes,
    },
    store: { kind: 'sqlite', file: path.resolve(folder, value.store.slice('sqlite:'.length)) },
    http: assembleHttp(value.serve.http, folder),
    secrets: value.secrets,
    egress: { proxy: value.egress.proxy, ca: value.egress.ca && path.resolve(folder, value.egress.ca) },
    audit: absoluteAudit(value.audit, folder),
    approvalExpiresMs: value.approvals.expiresAfterMinutes * 60_000,
    approvals: assembleApprovals(value, folder),
    admin: { oidc: assembleAdmin(value, folder) },
    notify: value.notify.map(({ url, secret, events }) => ({ url, events, secret: absolute(secret, folder) })),
    callTimeoutMs: value.calls.timeoutSeconds * 1000,
    warnings,
  }
}

function assembleAdmin({ serve, people }: Configuration, folder: string): ConfiguredOidc | undefined {
  const { oidc } = serve.admin
  const secret = oidc?.client_secret
  return oidc && assembleOidc({ ...oidc, client_secret: secret && absolute(secret, folder) }, people)
}

function assembleApprovals({ approvals, serve: { http } }: Configuration, folder: string): ConfiguredApprovals {
  const { run, personal, pendingMax, remindAfterMinutes, escalate, url, slack } = approvals
  const host = http.host.includes(':') ? `[${http.host}]` : http.host
  const here = http.port === 0 ? undefined : `${http.tls ? 'https' : 'http'}://${host}:${http.port}`
  const open = http.publicUrl === undefined ? here : new URL(http.publicUrl).origin
  return {
    run,
    personal,
    pendingMax,
    remindAfterMs: remindAfterMinutes === undefined ? undefined : remindAfterMinutes * 60_000,
    escalate: escalate && { afterMs: escalate.afterMinutes * 60_000, to: escalate.to },
    url: (url ?? open)?.replace(/\/+$/, ''),
    slack: slack && {
      channel: slack.channel,
      token: slack.token === undefined ? undefined : absolute(slack.token, folder),
      signingSecret: absolute(slack.signingSecret, folder),
      sandbox: slack.sandbox,
      people: new Map(Object.entries(slack.people)),
    },
  }
}

function assembleHttp(http: Configuration['serve']['http'], folder: string): ConfiguredHttp {
  const { host, port, sessionIdleMinutes, publicUrl, allowedOrigins, tls, behindProxy } = http
  return {
    host,
    port,
    sessionIdleMs: sessionIdleMinutes * 60_000,
    publicUrl,
    allowedOrigins,
    tls: tls && { certificate: path.resolve(folder, tls.certificate), key: path.resolve(folder, tls.key) },
    behindProxy,
  }
}

function withPaths(issuer: ConfiguredIssuer, folder: string): ConfiguredIssuer {
  const { introspection } = issuer
  if (!introspection) return issuer
  return { ...issuer, introspection: { ...introspection, credential: absolute(introspection.credential, folder) } }
}

/** A reference that means the same wherever it is read. */
function absolute(reference: string, folder: string): string {
  const [, kind, place] = /^(file):(.+)$/s.exec(reference) ?? []
  return kind === undefined ? reference : `${kind}:${path.resolve(folder, place!)}`
}

function absoluteAudit(audit: Configuration['audit'], folder: string): Configuration['audit'] {
  const anchors = audit.anchors.map((anchor) => {
    if (anchor.to === 'file') return { ...anchor, path: path.resolve(folder, anchor.path) }
    return anchor.to === 'git' ? { ...anchor, folder: path.resolve(folder, anchor.folder) } : anchor
  })
  const exports = audit.export.map((each) =>
    each.to === 'file' ? { ...each, path: path.resolve(folder, each.path) } : each,
  )
  return { ...audit, anchors, export: exports }
}

function assembleInstance(id: string, entry: Configuration['connectors'][string], folder: string, tenant: string): Instance {
  const { uses = id, sandbox = false, credential, actsAs = 'service', oauth, exchange, writes, ...others } = entry
  const { tenants = [tenant], tools = {}, ...settings } = others
  return {
    id,
    uses: /^[./]/.test(uses) ? path.resolve(folder, uses) : uses,
    sandbox,
    credential: credential && absolute(credential, folder),
    actsAs,
    oauth: oauth && {
      clientId: oauth.client_id,
      clientSecret: oauth.client_secret && absolute(oauth.client_secret, folder),
    },
    exchange: exchange && {
      issuer: exchange.issuer,
      clientId: exchange.client_id,
      clientSecret: absolute(exchange.client_secret, folder),
      audience: exchange.audience,
      scope: exchange.scope,
      requests: exchange.requests,
    },
    tenants,
    // A real account is only looked at until somebody says otherwise; in a sandbox there is nothing to break.
    writes: writes ?? (sandbox ? 'on' : 'off'),
    writesSaid: writes !== undefined,
    tools: new Map(Object.entries(tools)),
    settings,
  }
}

function instanceProblems(document: Document, value: Configuration): readonly Problem[] {
  return Object.entries(value.connectors).flatMap(([id, entry]) => {
    const at: Path = ['connectors', id]
    const { uses: _uses, sandbox, credential, actsAs = 'service', oauth, exchange, ...others } = entry
    const { writes: _writes, tenants: _tenants, tools: _tools, ...settings } = others
    const slips = Object.keys(settings).flatMap((key) => {
      const meant = nearlyOwn(key)
      return meant === undefined
        ? []
        : [
            problemAtPath(
              document,
              [...at, key],
              { message: `The key "${key}" is not known here.`, hint: `Did you mean "${meant}"?` },
              'key',
            ),
          ]
    })
    if (slips.length > 0) return slips
    const [setting] = Object.keys(settings)
    const extra = credential !== undefined ? 'credential' : oauth ? 'oauth' : setting
    if (sandbox && extra !== undefined) {
      return [
        problemAtPath(
          document,
          [...at, extra],
          {
            message: `"${id}" is a sandbox and has "${extra}", which only a real account has.`,
            hint: `Remove "sandbox" or "${extra}".`,
          },
          'key',
        ),
      ]
    }
    if (exchange && actsAs === 'service') {
      const message = `"${id}" works with the hub's own account, and there is nothing to exchange tokens for.`
      return [problemAtPath(document, [...at, 'exchange'], { message, hint: 'Add "actsAs": "user-or-refuse".' }, 'key')]
    }
    if (exchange && !value.people.issuers.some(({ issuer }) => issuer === exchange.issuer)) {
      const message = `No tokens of ${exchange.issuer} are accepted here, so that none can be exchanged.`
      return [problemAtPath(document, [...at, 'exchange', 'issuer'], { message, hint: 'Add it to "people.issuers".' })]
    }
    if (!sandbox && actsAs !== 'service' && oauth === undefined) {
      const message = `"${id}" acts as its callers, and there is no app with which they could connect their accounts.`
      const hint = 'Add "oauth": { "client_id": "…", "client_secret": "env:NAME" }.'
      return [problemAtPath(document, [...at, 'actsAs'], { message, hint })]
    }
    if (!sandbox && credential === undefined && actsAs !== 'user-or-refuse') {
      return [
        problemAtPath(
          document,
          at,
          {
            message: `"${id}" has no credential and is no sandbox.`,
            hint: `Add "credential": "env:${id.toUpperCase()}_CREDENTIAL", or "sandbox": true to try it without an account.`,
          },
          'key',
        ),
      ]
    }
    return []
  })
}

/** A slip in one of our own keys; what is further off may be a setting of the connector, which the hub checks. */
function nearlyOwn(key: string): string | undefined {
  const meant = nearest(key, Object.keys(instanceKeys))
  if (meant === undefined) return undefined
  const near =
    meant.toLowerCase() === key.toLowerCase() ||
    (Math.abs(meant.length - key.length) <= 1 && key[0]?.toLowerCase() === meant[0])
  return near ? meant : undefined
}

function peopleProblems(document: Document, value: Configuration): readonly Problem[] {
  const { local, directory } = value.people
  const alias = [...aliasProblems(document, [local.id, ...Object.keys(directory)]), ...sharedAliases(document, value)]
  if (!Object.hasOwn(directory, local.id)) return alias
  const message = `"${local.id}" is the local person already, and cannot have a second list of roles.`
  return [problemAtPath(document, ['people', 'directory', local.id], { message, hint: 'Keep one of the two.' }, 'key')]
}

/** What an anchor or an export has reached is kept under its name. */
function auditProblems(document: Document, { audit }: Configuration): readonly Problem[] {
  return (['anchors', 'export'] as const).flatMap((list) => {
    const names = audit[list].map(({ name }) => name)
    return names.flatMap((name, index) => {
      if (names.indexOf(name) === index) return []
      const message = `Two entries of audit.${list} are called "${name}".`
      return [problemAtPath(document, ['audit', list, index, 'name'], { message, hint: 'Give each a name of its own.' })]
    })
  })
}

/** Ids that a reader takes for the same person must not be two: one could approve what the other asked for. */
function aliasProblems(document: Document, ids: readonly string[]): readonly Problem[] {
  const seen = new Map<string, string>()
  return ids.flatMap((id) => {
    const other = seen.get(id.toLowerCase())
    seen.set(id.toLowerCase(), id)
    if (other === undefined || other === id) return []
    const message = `"${id}" and "${other}" differ in upper and lower case alone, and would be two people.`
    return [problemAtPath(document, ['people', 'directory', id], { message, hint: 'Keep one of the two.' }, 'key')]
  })
}

/** A second name that is somebody else's would let one approve what the other asked for, or nobody what anybody asked for. */
function sharedAliases(document: Document, { people: { local, directory } }: Configuration): readonly Problem[] {
  const named = [
    { id: local.id, aliases: local.aliases, at: ['people', 'local', 'aliases'] },
    ...Object.entries(directory).map(([id, { aliases }]) => ({ id, aliases, at: ['people', 'directory', id, 'aliases'] })),
  ]
  return named.flatMap(({ id, aliases, at }) =>
    aliases.flatMap((alias, index) => {
      const same = (other: string) => other.toLowerCase() === alias.toLowerCase()
      const other = named.find((one) => one.id !== id && (same(one.id) || one.aliases.some(same)))
      if (!other) return []
      const message = `"${alias}" is a name of ${id} and of ${other.id}.`
      return [problemAtPath(document, [...at, index], { message, hint: 'Keep one of the two.' })]
    }),
  )
}

/** The one id of a person of the configuration, by any of their names; any other id as it is. */
export function identityIn({ people }: Pick<LoadedConfig, 'people'>, id: string): string {
  const same = (other: string) => other.toLowerCase() === id.toLowerCase()
  const everybody = [people.local, ...people.directory.values()]
  return everybody.find((person) => same(person.id) || person.aliases.some(same))?.id ?? id
}

async function findPolicies(
  document: Document,
  written: readonly string[],
  folder: string,
): Promise<{ files: string[]; problems: Problem[] }> {
  const files = new Set<string>()
  const problems: Problem[] = []
  for (const [index, pattern] of written.entries()) {
    const found = /[*?{[]/.test(pattern) ? await filesMatching(pattern, folder) : await fileAt(path.resolve(folder, pattern))
    if (found.length === 0) {
      const message = `No policy file is at "${pattern}".`
      problems.push(problemAtPath(document, ['policies', index], { message, hint: `Paths are relative to ${folder}.` }))
    }
    for (const file of found) files.add(file)
  }
  return { files: [...files], problems }
}

async function filesMatching(pattern: string, folder: string): Promise<readonly string[]> {
  const found: string[] = []
  for await (const file of glob(pattern, { cwd: folder })) {
    if (/\.ya?ml$/.test(file) && !/\.test\.ya?ml$/.test(file)) found.push(path.resolve(folder, file))
  }
  return found.sort()
}

async function fileAt(file: string): Promise<readonly string[]> {
  const status = await stat(file).catch(() => undefined)
  return status === undefined ? [] : [file]
}

async function ownerWarnings(file: string): Promise<readonly Problem[]> {
  const status = await stat(await realpath(file).catch(() => file)).catch(() => undefined)
  const user = process.getuid?.()
  if (status === undefined || user === undefined || status.uid === user || status.uid === 0) return []
  return [{ file, message: 'It belongs to another user of this machine, who decides what agents may do.' }]
}
