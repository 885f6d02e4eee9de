// Reads a configuration file into values the hub can use, or says everything that is wrong with it.
import { createHash } from 'node:crypto'
import { glob, realpath, stat } from 'node:fs/promises'
import path from 'node:path'
import { nearest } from '../kit/nearest.ts'
import { type Document, failed, parseDocument, type Parsed, type Path, problemAtPath, schemaProblems } from './document.ts'
import type { Problem } from './problem.ts'
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
  readonly writes: 'on' | 'off'
  /** Whether `writes` was written down, or is the default. */
  readonly writesSaid: boolean
  /** Tools that are turned on or off, by wire name. */
  readonly tools: ReadonlyMap<string, boolean>
  /** The connector's own keys, as they stand in the file. */
  readonly settings: Readonly<Record<string, unknown>>
}

export interface ConfiguredPerson {
  readonly id: string
  readonly name: string | undefined
  readonly roles: readonly string[]
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
  /** Rule files in the order of the file, without scenario files (`*.test.yaml`). */
  readonly policies: readonly string[]
  readonly people: { readonly local: ConfiguredPerson; readonly directory: ReadonlyMap<string, ConfiguredPerson> }
  readonly store: { readonly kind: 'sqlite'; readonly file: string }
  readonly http: { readonly host: string; readonly port: number; readonly sessionIdleMs: number }
  readonly approvalExpiresMs: number
  readonly callTimeoutMs: number
  /** What is allowed but unwise, in sentences. */
  readonly warnings: readonly Problem[]
}

/** Reads, parses and checks the file. Connectors' own settings are checked by the hub, which knows the connectors. */
export async function loadConfig(file: string): Promise<Parsed<LoadedConfig>> {
  const absolute = path.resolve(file)
  const read = await readTextFile(absolute)
  if (!read.ok) return read
  return parseConfig(absolute, read.value)
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
    instances: Object.entries(value.connectors).map(([id, entry]) => assembleInstance(id, entry, folder)),
    policies,
    people: {
      local: { ...value.people.local, name: undefined },
      directory: new Map(
        Object.entries(value.people.directory).map(([id, person]) => [id, { id, name: person.name, roles: person.roles }]),
      ),
    },
    store: { kind: 'sqlite', file: path.resolve(folder, value.store.slice('sqlite:'.length)) },
    http: {
      host: value.serve.http.host,
      port: value.serve.http.port,
      sessionIdleMs: value.serve.http.sessionIdleMinutes * 60_000,
    },
    approvalExpiresMs: value.approvals.expiresAfterMinutes * 60_000,
    callTimeoutMs: value.calls.timeoutSeconds * 1000,
    warnings,
  }
}

function assembleInstance(id: string, entry: Configuration['connectors'][string], folder: string): Instance {
  const { uses = id, sandbox = false, credential, writes, tools = {}, ...settings } = entry
  return {
    id,
    uses: /^[./]/.test(uses) ? path.resolve(folder, uses) : uses,
    sandbox,
    credential: credential?.startsWith('file:')
      ? `file:${path.resolve(folder, credential.slice('file:'.length))}`
      : credential,
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
    const { uses: _uses, sandbox, credential, writes: _writes, tools: _tools, ...settings } = entry
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
    const extra = credential !== undefined ? 'credential' : setting
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
    if (!sandbox && credential === undefined) {
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
  const alias = aliasProblems(document, [local.id, ...Object.keys(directory)])
  if (!Object.hasOwn(directory, local.id)) return alias
  const message = `"${local.id}" is the local person already, and cannot have a second list of roles.`
  return [problemAtPath(document, ['people', 'directory', local.id], { message, hint: 'Keep one of the two.' }, 'key')]
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
