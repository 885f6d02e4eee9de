// A connector is a value you can print: the vendor, its settings, the routes that only look, its tools and its sandbox.
import type { z } from 'zod'
import type { Sandbox } from './sandbox.ts'
import type { Tool } from './tool.ts'
import type { Verdict, VendorAnswer, VendorFetch } from './vendor.ts'

export interface Opening<Settings> {
  /** Where the vendor is, without a trailing slash: `https://acme.atlassian.net`. May have a path. */
  readonly base: string
  readonly fetch: VendorFetch
  readonly settings: Settings
  /** The secret itself. Give it to the vendor and to nobody else. */
  readonly credential: string
  /** Lives as long as this instance's configuration and credential: for tokens and lookups, bounded by its user. */
  readonly cache: Map<string, unknown>
}

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
   * Routes that only look, as `METHOD /path/{parameter}` below `base`. A parameter is one path segment of letters,
   * digits and `._~@:-`, never `.` or `..`, never percent-encoded.
   */
  readonly reads: readonly string[]
  /** Routes that only sign in (a token endpoint); open to plans and applies alike. */
  readonly signIn?: readonly string[]
  open(opening: Opening<z.output<Settings>>): Promise<Vendor>
  /** What an answer to a write says. Where it is left out: 2xx accepted; 3xx, 408 and 5xx unclear; all else refused. */
  readonly verdict?: (answer: VendorAnswer) => Verdict
  readonly tools: readonly Tool[]
  readonly sandbox: Sandbox<z.input<Settings>>
}

// oxlint-disable-next-line typescript/no-explicit-any -- see Tool: the hub looks into none of them
export type Connector = ConnectorDefinition<any, any>

export function connector<Settings extends z.ZodObject, Vendor>(
  definition: ConnectorDefinition<Settings, Vendor>,
): Connector {
  return definition
}
