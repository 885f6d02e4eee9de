// Connecting a person's own account: what a connector knows of its vendor's OAuth 2.0, so that the hub can do the rest.
import type { Tool } from './tool.ts'
import type { VendorAnswer, VendorFetch } from './vendor.ts'

/** The vendor of one instance, without anybody's credential. */
export interface ConnectPlace<Settings> {
  /** As in `Opening`. */
  readonly base: string
  readonly hosts: Readonly<Record<string, string>>
  readonly settings: Settings
}

export interface Connecting<Settings> extends ConnectPlace<Settings> {
  /** Open to the routes that only look, to `signIn`, and to those of `connect`. */
  readonly fetch: VendorFetch
  /** The app that is registered at the vendor. */
  readonly client: { readonly id: string; readonly secret: string | undefined }
}

/** What the person agreed to is exchanged once, and what was given for it is renewed. */
export type GrantRequest =
  | { readonly code: string; readonly verifier: string; readonly redirectUri: string }
  | { readonly refresh: string; readonly scopes: readonly string[] }

/** The word of an identity provider for who somebody is: a token for this vendor, or an assertion (ID-JAG). */
export interface Voucher {
  readonly token: string
  readonly kind: 'access_token' | 'id-jag'
}

export interface Granted {
  readonly access: string
  /** Undefined where the vendor gave none, or keeps the one before. */
  readonly refresh: string | undefined
  /** Undefined where the vendor does not say. */
  readonly expiresInSeconds: number | undefined
  readonly scopes: readonly string[]
}

/** Who somebody is at the vendor. */
export interface ConnectedAccount {
  readonly id: string
  /** For people: `Maya Okafor`. */
  readonly name: string
  readonly scopes: readonly string[]
  /** Whatever else `open` needs, such as which of several sites it is. Nothing secret. */
  readonly facts: Readonly<Record<string, string>>
}

/** The authorization code grant with PKCE (RFC 6749, 4.1; RFC 7636) as this vendor plays it. */
export interface Connect<Settings> {
  /** Beside `signIn` and `reads`: what takes a grant back. */
  readonly routes: readonly string[]
  /** Where the person's browser goes, and what this vendor wants to read there beside the usual parameters. */
  authorize(
    place: ConnectPlace<Settings>,
    scopes: readonly string[],
  ): { readonly url: string; readonly parameters: Readonly<Record<string, string>> }
  /** What these tools need of a person. */
  scopes(tools: readonly Tool[]): readonly string[]
  /** @throws HubError `unauthenticated` when the vendor says that the code or the refresh token is no good */
  grant(request: GrantRequest, connecting: Connecting<Settings>): Promise<Granted>
  /**
   * Access for whom an identity provider vouches for (RFC 8693); left out where the vendor takes nobody's word.
   *
   * @throws HubError `forbidden` when the vendor does not take it
   */
  readonly exchange?: (voucher: Voucher, connecting: Connecting<Settings>) => Promise<Granted>
  /** @throws HubError `forbidden` when it is an account that this instance has no use for */
  account(granted: Granted, connecting: Connecting<Settings>): Promise<ConnectedAccount>
  /** Takes the grant back at the vendor; left out where the vendor has no way to. */
  readonly revoke?: (granted: Granted, connecting: Connecting<Settings>) => Promise<void>
  /** Where a person takes it back by hand, as a sentence ends: `at https://…`. */
  readonly revokeByHand: string
  /** The settings with which this account is opened; its credential is the access token. */
  settings(settings: Settings, account: ConnectedAccount): Settings
  /** Whether an answer says that the access token has ended. Where it is left out: a 401 does. */
  readonly ended?: (answer: VendorAnswer) => boolean
}
