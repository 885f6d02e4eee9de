// The configured instances: which connector each one is, and what it was given.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { instanceKeysWith } from '../config/load.ts'
import type { Instance, LoadedConfig } from '../config/load.ts'
import { problemAtPath, schemaProblems } from '../config/document.ts'
import type { Problem } from '../config/problem.ts'
import type { Connector } from '../kit/connector.ts'
import { digest } from '../kit/json.ts'
import { judgeTools } from './judge.ts'
import { lendOwnPackages } from './own-packages.ts'

export interface OpenInstance {
  readonly configured: Instance
  readonly connector: Connector
  /** What its tools begin with. */
  readonly prefix: string
  /** The connector's own settings after its schema; the sandbox's for a sandbox. */
  readonly settings: Readonly<Record<string, unknown>>
  /** Of all that decides where a request goes and as whom. */
  readonly digest: string
}

/** Where the shipped connectors are, beside `src` in a checkout and in the published build alike. */
const shipped = new URL('../../connectors/', import.meta.url)
/** `.ts` from source, `.js` in the published build. */
const extension = path.extname(new URL(import.meta.url).pathname)

export async function openInstances(
  config: LoadedConfig,
): Promise<{ readonly instances: ReadonlyMap<string, OpenInstance>; readonly problems: readonly Problem[] }> {
  const opened = await Promise.all(
    config.instances.map(async (instance) => [instance.id, await openInstance(config, instance)] as const),
  )
  const instances = new Map<string, OpenInstance>()
  const problems: Problem[] = []
  for (const [id, result] of opened) {
    if ('problems' in result) problems.push(...result.problems)
    else instances.set(id, result)
  }
  return { instances, problems }
}

async function openInstance(
  config: LoadedConfig,
  instance: Instance,
): Promise<OpenInstance | { problems: readonly Problem[] }> {
  const at = ['connectors', instance.id]
  let connector: Connector
  try {
    connector = await loadConnector(instance.uses)
  } catch (error) {
    return { problems: [problemAtPath(config.document, at, cannotLoad(instance.uses, error), 'key')] }
  }
  const given = instance.sandbox ? connector.sandbox.settings : instance.settings
  const parsed = connector.settings.safeParse(given)
  if (!parsed.success) {
    const known = () => instanceKeysWith(Object.keys(connector.settings.shape as object))
    return { problems: schemaProblems(config.document, at, parsed.error, known) }
  }
  // A second instance of a connector is told apart by its own id.
  const prefix = instance.id === connector.id ? connector.prefix : instance.id
  const wrong = judgeTools(connector.tools, prefix)
  if (wrong.length > 0) return { problems: wrong.map((said) => problemAtPath(config.document, at, said, 'key')) }
  if (instance.actsAs !== 'service' && !connector.connect) {
    const said = { message: `Nobody can connect an account of their own to ${connector.title}.`, hint: 'Remove "actsAs".' }
    return { problems: [problemAtPath(config.document, [...at, 'actsAs'], said)] }
  }
  if (instance.exchange && !connector.connect?.exchange) {
    const said = { message: `${connector.title} takes no exchanged tokens.`, hint: 'Remove "exchange".' }
    return { problems: [problemAtPath(config.document, [...at, 'exchange'], said, 'key')] }
  }
  const settings = parsed.data as Readonly<Record<string, unknown>>
  const identity = {
    uses: connector.id,
    sandbox: instance.sandbox,
    credential: instance.credential ?? '',
    settings: settings as never,
    ...(instance.actsAs !== 'service' && { actsAs: instance.actsAs, client: instance.oauth?.clientId ?? '' }),
  }
  return {
    configured: instance,
    connector,
    prefix,
    settings,
    digest: digest(identity),
  }
}

function cannotLoad(uses: string, error: unknown): { message: string; hint?: string } {
  if (!existsSync(addressOf(uses))) {
    const hint = 'Shipped are: jira, salesforce, slack. A folder of your own is named by its path: "./connectors/crm".'
    return { message: `There is no connector "${uses}".`, hint }
  }
  const said = error instanceof Error ? error.message.split('\n', 1)[0] : String(error)
  const place = placeIn(error)
  return { message: `The connector "${uses}" cannot be loaded${place === undefined ? '' : `, at ${place}`}: ${said}` }
}

/** File and line, which a syntax error has at the head of its trace, and any other at the first call of it in a file. */
function placeIn(error: unknown): string | undefined {
  const trace = error instanceof Error ? (error.stack ?? '') : ''
  const [head = ''] = trace.split('\n', 1)
  const place = /^(?:file:\/\/)?(\/.+:\d+)$/.exec(head)?.[1] ?? /\(?file:\/\/(\/\S+?:\d+):\d+\)?/.exec(trace)?.[1]
  return place === undefined || place.includes('/src/hub/') ? undefined : decodeURI(place)
}

/** @param uses the name of a shipped folder, or the absolute path of any */
function addressOf(uses: string): URL {
  const folder = path.isAbsolute(uses) ? pathToFileURL(`${uses}/`) : new URL(`${uses}/`, shipped)
  const own = new URL(`connector${extension}`, folder)
  // A folder of your own is TypeScript even where the hub itself was built.
  return existsSync(own) ? own : new URL('connector.ts', folder)
}

async function loadConnector(uses: string): Promise<Connector> {
  if (path.isAbsolute(uses)) lendOwnPackages()
  const loaded = (await import(addressOf(uses).href)) as Record<string, unknown>
  const found = Object.values(loaded).find(isConnector)
  if (!found) throw new Error(`connector${extension} exports no connector.`)
  return found
}

function isConnector(value: unknown): value is Connector {
  return typeof value === 'object' && value !== null && 'tools' in value && 'sandbox' in value && 'reads' in value
}
