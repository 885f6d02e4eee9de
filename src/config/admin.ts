// What a configuration says of people who sign in to the admin app at the company's own identity provider.
import { z } from 'zod'
import { claimName, roleName, safeUrl } from './people.ts'
import type { ConfiguredCallers, Slip } from './people.ts'

export const adminRoles = ['viewer', 'approver', 'operator', 'admin'] as const
export type AdminRole = (typeof adminRoles)[number]

/** @param reference the schema of a reference to a secret */
export function adminDoor(reference: z.ZodType<string>) {
  const oidc = z.strictObject({
    issuer: safeUrl.describe('The identity provider, exactly as its discovery document names itself.'),
    client_id: z.string().min(1).max(300).describe('What the hub is called there.'),
    client_secret: reference.optional().describe('Where its secret is. Left out, it is a public client, with PKCE alone.'),
    scopes: z
      .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,100}$/))
      .max(20)
      .default(['openid'])
      .describe('What is asked for, so that the claims below are in the ID token.'),
    claims: z
      .strictObject({
        id: claimName.optional().describe('Who it is; "sub" where left out, or what "people.issuers" says of this issuer.'),
        roles: claimName.optional().describe('The claim with roles or groups, for people who are not in the configuration.'),
      })
      .prefault({})
      .describe('Which claims of the ID token say who it is.'),
    prefix: z
      .string()
      .regex(/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,30}:$/, 'A prefix is a word and a colon: "staff:".')
      .optional()
      .describe('Stands before the ids of its people; what "people.issuers" says of this issuer where left out.'),
    roleMap: z
      .record(z.string(), z.array(roleName).max(50))
      .default({})
      .describe('Which roles of the policies a value of the claim stands for.'),
    admin: z
      .record(z.string(), z.enum(adminRoles))
      .default({})
      .describe('What somebody with a value of the claim may do in the app: { "hub-approvers": "approver" }.'),
  })
  return z
    .strictObject({ oidc: oidc.optional().describe('Signing in with OpenID Connect, beside one-time links.') })
    .prefault({})
    .describe('The admin app.')
}

type Written = NonNullable<z.output<ReturnType<typeof adminDoor>>['oidc']>

export interface ConfiguredOidc {
  readonly issuer: string
  readonly clientId: string
  /** A reference. */
  readonly clientSecret: string | undefined
  readonly scopes: readonly string[]
  readonly claims: { readonly id: string; readonly roles: string | undefined }
  readonly prefix: string
  readonly roleMap: ReadonlyMap<string, readonly string[]>
  readonly admin: ReadonlyMap<string, AdminRole>
}

/** The same person has one name at every door: what is said of this issuer's agents holds for its people here. */
export function assembleOidc(written: Written, { issuers }: ConfiguredCallers): ConfiguredOidc {
  const same = issuers.find(({ issuer }) => issuer === written.issuer)
  return {
    issuer: written.issuer,
    clientId: written.client_id,
    clientSecret: written.client_secret,
    scopes: [...new Set(['openid', ...written.scopes])],
    claims: { id: written.claims.id ?? same?.claims.id ?? 'sub', roles: written.claims.roles ?? same?.claims.roles },
    prefix: written.prefix ?? same?.prefix ?? '',
    roleMap: new Map(Object.entries(written.roleMap)),
    admin: new Map(Object.entries(written.admin)),
  }
}

export function oidcProblems(written: Written | undefined, { issuers }: ConfiguredCallers): readonly Slip[] {
  if (!written) return []
  const path = ['serve', 'admin', 'oidc']
  const same = issuers.find(({ issuer }) => issuer === written.issuer)
  const problems: Slip[] = []
  const idDiffers = written.claims.id !== undefined && written.claims.id !== same?.claims.id
  const prefixDiffers = written.prefix !== undefined && written.prefix !== same?.prefix
  if (same && (idDiffers || prefixDiffers)) {
    const message =
      'Its people would be called otherwise here than when they come as agents, and could approve their own calls.'
    problems.push({
      path,
      message,
      hint: 'Leave out "claims.id" and "prefix": what "people.issuers" says of it holds here.',
    })
  }
  const taken = issuers.some(({ issuer, prefix }) => issuer !== written.issuer && prefix === written.prefix)
  if (!same && taken) {
    const message = 'Two issuers could know two people by one id.'
    problems.push({ path, message, hint: 'Give it a "prefix" of its own, such as "staff:".' })
  }
  if ((Object.keys(written.admin).length > 0 || Object.keys(written.roleMap).length > 0) && !written.claims.roles && !same) {
    const message = '"admin" and "roleMap" speak of a claim that is not named.'
    problems.push({ path, message, hint: 'Add "claims": { "roles": "groups" }.' })
  }
  return problems
}
