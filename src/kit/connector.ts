// A connector is a value you can print: the vendor, its settings, the routes that only look, its tools and its sandbox.
import type { z } from 'zod'
import type { Connect, ConnectedAccount } from './connect.ts'
import type { Sandbox } from './sandbox.ts'
import type { Tool } from './tool.ts'
import type { Verdict, VendorAnswer, VendorFetch } from './vendor.ts'

/** What a connector is given to open its vendor for one call. */
export interface Opening<Settings> {
  /** Where the vendor is, without a trailing slash: `https://acme.atlassian.net`. May have a path. */
  readonly base: string
  /** The addresses of `hosts`, by their names, without a trailing slash. On a sandbox they are paths of the sandbox. */
  readonly hosts: Readonly<Record<string, string>>
  readonly fetch: VendorFetch
  readonly settings: Settings
  /** The secret itself. Give it to the vendor and to nobody else. */
  readonly credential: string
  readonly keep: Keep
  /** Whose own account it is: the credential is then their access token. Undefined for the hub's own account. */
  readonly account?: ConnectedAccount | undefined
  /** Lives as long as this instance's configuration and credential: for tokens and lookups, bounded by its user. */
  readonly cache: Map<string, unknown>
}

/**
 * One secret of this instance and credential that the vendor changes by itself, such as a refresh token that is good for
 * one use. It is sealed at rest, survives a restart and is gone when the credential changes.
 */
export interface Keep {
  read(): Promise<string | undefined>
  /**
   * Durable when it resolves: keep a new refresh token before the first use of what came with it.
   *
   * @returns false when `before` is not what is kept any more: somebody else was faster, so read again.
   */
  replace(before: string | undefined, secret: string): Promise<boolean>
}

/** What the vendor has granted to the credential, measured against the tools that are on. */
export interface Grants {
  /** As whom the hub acts there, for people: `@toolgate in acme.slack.com`. */
  readonly account: string
  /** What is not granted, by the tool's name without its prefix. A tool that is not named here works. */
  readonly missing: Readonly<Record<string, readonly string[]>>
  /** Granted, and needed by none of these tools. */
  readonly extra: readonly string[]
  /** When the credential ends, where the vendor says so. */
  readonly expiresAt?: Date | undefined
}

export interface Permissions {
  /** What it is and where to put it, in a sentence. */
  readonly what: string
  /** A manifest, a permission set, a list of scopes: ready to paste. */
  readonly text: string
}

/** All that the hub knows of a vendor. Nothing in it happens before `open`, so that listing tools loads no SDK. */
export interface ConnectorDefinition<Settings extends z.ZodObject, Vendor> {
  /** Its folder's name. */
  readonly id: string
  readonly title: string
  /** What the tools of its default instance begin with: `jira`, `sf`, `slack`. */
  readonly prefix: string
  /** Its own entries in the configuration; strict. */
  readonly settings: Settings
  /** What string the credential is, in a sentence for the person who sets it. */
  readonly credential: string
  /** The address of the vendor, from its settings; the only one that egress admits for it. */
  base(settings: z.output<Settings>): string
  /**
   * Other addresses of the vendor, by a short name: `{ files: 'https://files.slack.com' }`. A route names one before its
   * path: `GET files:/files-pri/{id}`. On a sandbox, `files` is the path `/~files`.
   */
  hosts?(settings: z.output<Settings>): Readonly<Record<string, string>>
  /**
   * Routes that only look, as `METHOD /path/{parameter}` below `base`. A parameter is one path segment of letters,
   * digits and `._~@:-`, never `.` or `..`, never percent-encoded.
   */
  readonly reads: readonly string[]
  /** Routes that only sign in (a token endpoint); open to plans and applies alike. */
  readonly signIn?: readonly string[]
  /** The vendor as the tools use it, on the fetch of this call. An SDK is imported here, with its own retries off. */
  open(opening: Opening<z.output<Settings>>): Promise<Vendor>
  /** What an answer to a write says. Where it is left out: 2xx accepted; 3xx, 408 and 5xx unclear; all else refused. */
  readonly verdict?: (answer: VendorAnswer) => Verdict
  readonly tools: readonly Tool[]
  /** Asks the vendor what it has granted to the credential; throws when the vendor does not say. */
  grants?(vendor: Omit<Vendor, 'write'>, tools: readonly Tool[]): Promise<Grants>
  /** What to grant at the vendor so that these tools work and nothing else does, in the vendor's own format. */
  permissions?(tools: readonly Tool[]): Permissions
  /**
   * The page at the vendor where a person sees what an effect's target names: `jira:issue/OPS-42`. Undefined where there is
   * none. Only an https address at the site that the settings name is shown to anybody.
   */
  link?(target: string, settings: z.output<Settings>): string | undefined
  /** How people connect their own accounts; left out where they cannot. */
  readonly connect?: Connect<z.output<Settings>>
  readonly sandbox: Sandbox<z.input<Settings>>
}

/** A connector of any vendor. */
// oxlint-disable-next-line typescript/no-explicit-any -- see Tool: the hub looks into none of them
export type Connector = ConnectorDefinition<any, any>

/** Checks the parts of a connector against each other, by their types, and gives it back as it is. */
export function connector<Settings extends z.ZodObject, Vendor>(
  definition: ConnectorDefinition<Settings, Vendor>,
): Connector {
  return definition
}
