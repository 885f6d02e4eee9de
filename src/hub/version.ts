// One version of everything that a person can configure: read, checked and compiled as a whole, or not at all.
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Version, Vendors } from '../call/call.ts'
import { loadConfig } from '../config/load.ts'
import type { LoadedConfig } from '../config/load.ts'
import type { ConfiguredIssuer } from '../config/people.ts'
import { problemText } from '../config/problem.ts'
import type { Problem } from '../config/problem.ts'
import { digest } from '../kit/json.ts'
import { loadPolicies } from '../policy/load.ts'
import type { KnownPeople, ToolShape } from '../policy/load.ts'
import { PolicyError, told } from '../policy/problem.ts'
import { withinCredential } from './key-scope.ts'
import { openInstances } from './instances.ts'
import type { OpenInstance } from './instances.ts'
import { makeOffers } from './offers.ts'
import { lendOwnPackages } from './own-packages.ts'

const packageRoot = fileURLToPath(new URL('../..', import.meta.url))

/** Everything that is wrong, each with its place. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

export interface LoadedVersion {
  readonly config: LoadedConfig
  readonly instances: ReadonlyMap<string, OpenInstance>
  readonly version: Version
  /** What is allowed but unwise, in sentences. */
  readonly warnings: readonly string[]
}

export interface VersionOptions {
  readonly configPath: string
  /** Changes what was read, before anything is opened: scenarios turn every instance into a sandbox. */
  readonly adjust?: (config: LoadedConfig) => LoadedConfig
  /** Also those that are off: scenarios ask what policies would say of them. */
  readonly everyTool?: boolean
  vendors(instances: ReadonlyMap<string, OpenInstance>, config: LoadedConfig): Vendors
  /** Told as soon as the configuration is read and valid; its connectors and policies may still turn out not to be. */
  configured?(config: LoadedConfig): void
}

/** @throws ConfigError with every problem that was found */
export async function loadVersion(options: VersionOptions): Promise<LoadedVersion> {
  const loaded = await loadConfig(options.configPath)
  if (!loaded.ok) throw new ConfigError(loaded.problems.map(problemText))
  const config = options.adjust?.(loaded.value) ?? loaded.value
  options.configured?.(config)
  // Conditions beside the policies import the kit too, wherever they are.
  if (config.policies.some((file) => !file.startsWith(packageRoot))) lendOwnPackages()
  const { instances, problems } = await openInstances(config)
  const { offers, problems: offerProblems } = makeOffers(config, instances, options.everyTool)
  refuse([...problems, ...offerProblems])
  const { policy, warnings } = await policiesOf(config, [...offers.values()].map(shapeOf))
  const version: Version = {
    id: digest([config.digest, policy.version]).slice(0, 16),
    offers,
    policy: withinCredential(policy, new Map(config.instances.map(({ id, tenants }) => [id, tenants]))),
    vendors: options.vendors(instances, config),
    readOnly: readOnlyInstances(config),
    settings: settingsOf(config),
  }
  return { config, instances, version, warnings: [...config.warnings.map(problemText), ...warnings] }
}

/** What a hub that runs takes from its first configuration alone. */
export function needsRestart(started: LoadedConfig, next: LoadedConfig): readonly string[] {
  const held = `The change is not in force yet: it wants a restart.`
  const { host, port } = next.http
  return [
    ...(started.store.file === next.store.file ? [] : [`"store" is now ${next.store.file}. ${held}`]),
    ...(digest({ ...started.http }) === digest({ ...next.http })
      ? []
      : [`"serve.http" is now ${host}:${port}, or has other settings. ${held}`]),
  ]
}

function refuse(problems: readonly Problem[]): void {
  if (problems.length > 0) throw new ConfigError(problems.map(problemText))
}

async function policiesOf(config: LoadedConfig, tools: readonly ToolShape[]) {
  const shown = (file: string) => path.relative(config.folder, file) || file
  try {
    const { policy, warnings } = await loadPolicies({ files: config.policies, shown, tools, people: peopleOf(config) })
    return { policy, warnings: warnings.map(told) }
  } catch (error) {
    if (error instanceof PolicyError) throw new ConfigError(error.problems.map(told))
    throw error
  }
}

function shapeOf({ facts, tool }: Version['offers'] extends ReadonlyMap<string, infer Offer> ? Offer : never): ToolShape {
  return {
    facts,
    resolves: tool.resolves ?? [],
    changes: tool.kind === 'write' ? tool.changes : [],
    arguments: Object.keys(tool.input.shape as object),
  }
}

function peopleOf({ people }: LoadedConfig): KnownPeople {
  const everybody = [people.local, ...people.directory.values(), ...people.issuers.flatMap(groupsOf)]
  const unmapped = people.issuers.some(({ claims, roleMap }) => claims.roles !== undefined && roleMap === undefined)
  return {
    ids: everybody.flatMap(({ id }) => id ?? []),
    roles: everybody.flatMap(({ roles }) => roles),
    others: { ids: people.issuers.length > 0, roles: unmapped },
  }
}

/** The roles that an issuer is known to give. */
function groupsOf({
  roles,
  roleMap = {},
}: ConfiguredIssuer): readonly { readonly id?: string; readonly roles: readonly string[] }[] {
  return [{ roles }, ...Object.values(roleMap).map((mapped) => ({ roles: mapped }))]
}

function settingsOf(config: LoadedConfig): Version['settings'] {
  const { personal, ...approvals } = config.approvals
  return {
    timeoutMs: config.callTimeoutMs,
    approvalMs: config.approvalExpiresMs,
    approvals: { ...approvals, personal: personal ? config.people.local.id : undefined },
    notify: config.notify.map(({ url, events }) => ({ url, events })),
  }
}

/** A real account is only looked at until its entry says that it may be written to. */
function readOnlyInstances(config: LoadedConfig): ReadonlyMap<string, string> {
  const because = 'Writes to a real account are only shown until its entry in the configuration says "writes": "on".'
  return new Map(config.instances.filter(({ writes }) => writes === 'off').map(({ id }) => [id, because]))
}
