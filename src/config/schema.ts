// What a configuration file may say: every key, with the words that editors show for it.
import { z } from 'zod'
import { adminDoor } from './admin.ts'
import { callers, reach, safeUrl } from './people.ts'
import { secretPlaces } from './secret-places.ts'

const name = z
  .string()
  .regex(
    /^[a-zA-Z0-9][a-zA-Z0-9._@-]{0,63}$/,
    'A name has 1 to 64 letters, digits, dots, dashes, underscores or @, and begins with a letter or a digit.',
  )

/** Where a secret is, never the secret itself. */
export const credentialPattern =
  /^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+|keychain:[A-Za-z0-9][A-Za-z0-9._@/-]*|(vault|aws-sm|gcp-sm|azure-kv|vaultfile):[\w./@+=-]{1,400}(#[\w.-]{1,100})?)$/

export const instanceIdPattern = /^[a-z][a-z0-9]{1,11}$/
const instanceId = z
  .string()
  .regex(instanceIdPattern, 'The id of a connector instance has 2 to 12 small letters and digits and begins with a letter.')

const toolName = z
  .string()
  .regex(/^[a-z][a-z0-9]*(_[a-z0-9]+)+$/, 'A tool is named as agents see it: "jira_issue_delete".')
  .max(40, 'The name of a tool has at most 40 characters.')

/** The keys of an instance that every connector has; its own settings stand beside them. */
export const instanceKeys = {
  uses: z
    .string()
    .regex(
      /^([a-z][a-z0-9-]*|\.{1,2}\/.+|\/.+)$/,
      'It is the name of a connector folder, or a path such as "./connectors/crm".',
    )
    .optional()
    .describe(
      'The connector: a folder of connectors/, or a path to a folder of your own. Left out, it is the id of this entry.',
    ),
  sandbox: z
    .literal(true, 'It is true or left out.')
    .optional()
    .describe('Works on the built-in stand-in of the vendor instead of a real account: no settings, no credential.'),
  credential: z
    .string()
    .optional()
    .describe(
      'Where the secret is: "env:NAME", "file:PATH", "keychain:NAME", "vault:PATH#FIELD", "vaultfile:NAME", "aws-sm:NAME", "gcp-sm:NAME" or "azure-kv:NAME". Never the secret itself.',
    )
    // Only for editors: the loader has a better sentence for it, and one that does not repeat the value.
    .meta({ pattern: credentialPattern.source }),
  writes: z
    .enum(['on', 'off'], 'It is "on" or "off".')
    .optional()
    .describe(
      'Whether writes are carried out. A real account starts at "off": its writes are only previewed. A sandbox starts at "on".',
    ),
  actsAs: z
    .enum(['service', 'user', 'user-or-refuse'], 'It is "service", "user" or "user-or-refuse".')
    .optional()
    .describe(
      'Whose account is used: the hub\'s own ("service", where left out); each caller\'s own, where only reads of somebody who has connected none go by the hub\'s and say so ("user"); or each caller\'s own and no other ("user-or-refuse").',
    ),
  oauth: z
    .strictObject({
      client_id: z.string().min(1).max(512).describe('The client id of the app that is registered at the vendor.'),
      client_secret: z
        .string()
        .regex(credentialPattern, 'It is a reference to a secret: "env:NAME", "file:PATH" or "keychain:NAME".')
        .optional()
        .describe('Where its secret is: "env:NAME", "file:PATH" or "keychain:NAME". Never the secret itself.'),
    })
    .optional()
    .describe('The app with which people connect their own accounts, for "actsAs". A sandbox has one of its own.'),
  exchange: z
    .strictObject({
      issuer: safeUrl.describe('The issuer of callers\' tokens that exchanges them; one of "people.issuers".'),
      client_id: z.string().min(1).max(300).describe('What the hub is called there.'),
      client_secret: z
        .string()
        .regex(credentialPattern, 'It is a reference to a secret: "env:NAME", "file:PATH" or "keychain:NAME".')
        .describe('Where its secret is: "env:NAME", "file:PATH" or "keychain:NAME". Never the secret itself.'),
      audience: z.string().min(1).max(500).describe('How the issuer knows the vendor, such as its address.'),
      scope: z
        .string()
        .regex(
          /^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/,
          'Scopes stand one after the other, with a space between.',
        )
        .max(500)
        .optional(),
      requests: z
        .enum(['access_token', 'id-jag'])
        .default('access_token')
        .describe('What is asked for: a token that the vendor takes, or an assertion of who it is (ID-JAG).'),
    })
    .optional()
    .describe(
      'Callers with a token of this issuer act as themselves without connecting an account: the issuer exchanges it (RFC 8693) for one that the vendor takes.',
    ),
  tenants: z
    .array(name)
    .min(1)
    .max(1000)
    .optional()
    .describe('The tenants whose people may work in this account. Left out, only the tenant of this configuration.'),
  tools: z
    .record(toolName, z.boolean('It is true or false, without quotes.'))
    .optional()
    .describe('Turns single tools on or off: { "jira_issue_delete": false }. `toolgate tools` lists them.'),
}

const instance = z.object(instanceKeys).catchall(z.unknown())

const roles = z.array(name.describe('A role that policies can name: "support".')).max(100)

const admin = z
  .enum(['viewer', 'approver', 'operator', 'admin'])
  .optional()
  .describe(
    'What this person may do in the admin app: look (viewer), decide on requests too (approver), stop and take back too (operator), or change the configuration too (admin). Left out, the app is not for them.',
  )

const aliases = z
  .array(z.string().regex(/^[^\s]{1,200}$/, 'An alias is an id without spaces.'))
  .max(50)
  .default([])
  .describe(
    'Other ids of the same person, as tokens and keys say them: nobody approves under one name what they asked for under another.',
  )

const approverName = z.string().regex(/^(role|person):[^\s*,]+$/, 'Write role:NAME or person:ID, without spaces or stars.')

const local = z
  .strictObject({
    id: name.describe('How the audit log names this person.'),
    roles: roles.describe('The roles that policies name as role:NAME.'),
    admin,
    aliases,
  })
  .describe('Who calls over stdio, from the command line and over unauthenticated HTTP on this machine.')

const person = z.strictObject({
  roles: roles.describe('The roles that policies name as role:NAME.'),
  name: z.string().min(1).max(200).optional().describe('The name to show.'),
  admin,
  aliases,
})

const reference = z
  .string()
  .regex(credentialPattern, 'It is a reference to a secret: "env:NAME", "file:PATH" or "keychain:NAME".')
const evidenceName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/, 'A name has small letters, digits and dashes, and begins with a letter.')
const address = z.url({ protocol: /^https?$/, error: 'It is an address that begins with https:// or http://.' })
const port = z.int().min(1).max(65_535)
const syslogKeys = {
  to: z.literal('syslog'),
  host: z.string().min(1).max(255).describe('The machine that listens.'),
  port: port.default(514).describe('Its port.'),
  protocol: z.enum(['udp', 'tcp']).default('tcp').describe('TCP notices when nobody listens.'),
}

const anchor = z.discriminatedUnion('to', [
  z.strictObject({
    name: evidenceName,
    to: z.literal('file'),
    path: z.string().min(1).describe('A file that is only ever appended to, best on another machine or mount.'),
  }),
  z.strictObject({
    name: evidenceName,
    to: z.literal('git'),
    folder: z.string().min(1).describe('A checkout in which the hub may commit.'),
    push: z.boolean().default(true).describe('Whether each commit is pushed on; its remote should refuse forced pushes.'),
  }),
  z.strictObject({ name: evidenceName, ...syslogKeys }),
  z.strictObject({
    name: evidenceName,
    to: z.literal('webhook'),
    url: address,
    credential: reference.describe('The secret of the HMAC in x-toolgate-signature.'),
  }),
  z.strictObject({
    name: evidenceName,
    to: z.literal('s3'),
    bucket: z
      .string()
      .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/)
      .describe('A bucket with object lock.'),
    region: z.string().regex(/^[a-z0-9-]+$/),
    endpoint: address.optional().describe('Another host than Amazon.'),
    credential: reference.describe('The secret is "ACCESS_KEY_ID:SECRET_ACCESS_KEY".'),
    prefix: z
      .string()
      .regex(/^([\w.-]+\/)*$/)
      .default('toolgate/'),
    retainDays: z.int().min(1).max(36_500).default(365).describe('How long nobody can remove a checkpoint.'),
  }),
])

const format = z
  .enum(['jsonl', 'ocsf'])
  .default('jsonl')
  .describe('Entries as they are, or as OCSF events; both can be verified.')
const exported = z.discriminatedUnion('to', [
  z.strictObject({ name: evidenceName, to: z.literal('file'), path: z.string().min(1), format }),
  z.strictObject({
    name: evidenceName,
    to: z.literal('http'),
    url: address,
    shape: z.enum(['splunk', 'elastic', 'datadog', 'lines']).default('lines').describe('Whose shape it has.'),
    format,
    credential: reference.optional(),
  }),
  z.strictObject({ name: evidenceName, ...syslogKeys, format }),
  z.strictObject({ name: evidenceName, to: z.literal('otlp'), url: address, credential: reference.optional() }),
])

const audit = z.strictObject({
  checkpoint: z
    .strictObject({
      entries: z.int().min(1).max(100_000).default(100).describe('After so many entries,'),
      seconds: z.number().min(1).max(3600).default(5).describe('or so many seconds after the one before.'),
    })
    .prefault({})
    .describe('When a signed checkpoint is made of how many entries there are and how the last one ends.'),
  key: reference.optional().describe('The private Ed25519 key (PEM) that signs, if not the one that the hub makes.'),
  anchors: z.array(anchor).max(16).default([]).describe('Where checkpoints are kept out of reach of the hub itself.'),
  lag: z
    .strictObject({
      seconds: z.number().min(5).max(86_400).default(60).describe('How long an entry may wait for the first anchor.'),
      writes: z.enum(['allow', 'refuse']).default('allow').describe('What happens to writes after that.'),
    })
    .prefault({})
    .describe('Anchors that do not answer.'),
  export: z.array(exported).max(16).default([]).describe('Copies of every entry for a SIEM, continuously.'),
  receipts: z.enum(['all', 'writes', 'off']).default('all').describe('Which results carry a signed receipt.'),
  reads: z
    .enum(['refuse', 'allow'])
    .default('refuse')
    .describe('What happens to reads while nothing can be recorded; "allow" leaves a marked gap.'),
  retentionDays: z
    .number()
    .min(1)
    .max(36_500)
    .optional()
    .describe('After so many days contents are erased; identities and digests stay, and so does the proof.'),
})

export const configuration = z
  .strictObject({
    $schema: z.string().optional().describe('Where the JSON Schema of this file is, for editors.'),
    tenant: name.default('local').describe('The name under which the audit log and the ledger keep what happens here.'),
    connectors: z
      .record(instanceId, instance)
      .describe('One entry for each account that agents may work in. The key is the id of the instance.'),
    profile: z
      .enum(['default'], 'It is "default", or left out.')
      .optional()
      .describe(
        'Offers only the tools of a day\'s work, so that models have less to read. An entry of "tools" turns on others. ' +
          'Left out, every tool is offered that is on by default.',
      ),
    policies: z
      .array(z.string().min(1).max(1000))
      .min(1, 'No policy means that nothing is allowed; name at least one file, such as "policies/baseline.yaml".')
      .max(200)
      .describe('The files with the rules, as paths or globs. What no rule allows is denied.'),
    people: z
      .strictObject({
        local,
        directory: z
          .record(name, person)
          .default({})
          .describe('Other people, by id: those who may approve, and those whom --as can name.'),
        ...callers,
      })
      .describe('Who is calling, and what roles they have.'),
    store: z
      .string()
      .regex(
        /^sqlite:(?!:memory:).+/,
        'It is "sqlite:" and the path of the database file, such as "sqlite:data/toolgate.db".',
      )
      .default('sqlite:data/toolgate.db')
      .describe('Where the audit log and the ledger of operations are kept.'),
    serve: z
      .strictObject({
        http: z
          .strictObject({
            host: z
              .string()
              .regex(/^[a-zA-Z0-9.:-]{1,253}$/, 'It is an address or a name of this machine: "127.0.0.1" or "0.0.0.0".')
              .default('127.0.0.1')
              .describe(
                'The address to listen on. Beyond this machine it needs "tls" or "behindProxy", and "issuers" or "apiKeys" under "people".',
              ),
            port: z.int().min(0).max(65_535).default(4100).describe('The port to listen on; 0 takes any free one.'),
            sessionIdleMinutes: z
              .number()
              .min(1)
              .max(1440)
              .default(30)
              .describe('A session without a request for this long is ended.'),
            ...reach,
          })
          .prefault({})
          .describe('The HTTP door: http://HOST:PORT/mcp.'),
        admin: adminDoor(reference),
      })
      .prefault({})
      .describe('How agents reach the hub over the network.'),
    secrets: secretPlaces,
    egress: z
      .strictObject({
        proxy: z
          .url({ protocol: /^https?$/ })
          .refine(
            (text) => URL.parse(text)?.username === '',
            'A proxy is named without a user: no secret stands in the configuration.',
          )
          .optional()
          .describe('The proxy to vendors, authorization servers and vaults: "https://proxy.acme.dev:3128".'),
        ca: z.string().min(1).optional().describe('A file with more certificate authorities (PEM).'),
      })
      .prefault({})
      .describe('The way out of the company. The environment changes nothing about it.'),
    approvals: z
      .strictObject({
        expiresAfterMinutes: z
          .number()
          .min(1)
          .max(43_200)
          .default(60)
          .describe('A held call that nobody decided for this long lapses.'),
        run: z
          .enum(['on-release', 'on-retry'], 'It is "on-release" or "on-retry".')
          .default('on-release')
          .describe('Whether the last yes runs the call at once, or its requester does by calling again.'),
        personal: z
          .boolean('It is true or false, without quotes.')
          .default(false)
          .describe(
            'For a machine of one person: they may decide in the admin app on what their own agents asked for. Never through any other door.',
          ),
        pendingMax: z.int().min(1).max(10_000).default(20).describe('So many calls of one requester may wait at once.'),
        remindAfterMinutes: z
          .number()
          .min(1)
          .max(43_200)
          .optional()
          .describe('What waits for this long is told once more (notification approval.reminded).'),
        escalate: z
          .strictObject({
            afterMinutes: z.number().min(1).max(43_200).describe('How long the approvers of the rule have for themselves.'),
            to: z
              .array(approverName)
              .min(1)
              .max(20)
              .describe('Who may then answer for any of them: role:NAME or person:ID.'),
          })
          .optional()
          .describe('Who may decide when nobody did for a while.'),
        slack: z
          .strictObject({
            channel: z
              .string()
              .regex(/^[CG][A-Z0-9]{2,30}$/, 'It is the id of a channel, such as C0123456789.')
              .describe('The id of the approvers’ channel.'),
            token: z
              .string()
              .optional()
              .describe(
                'Where the bot token of the approvals’ own Slack app is, never the one that agents work with. Needs chat:write.',
              )
              .meta({ pattern: credentialPattern.source }),
            sandbox: instanceId.optional().describe('Instead of a token: the sandboxed Slack instance to try it out on.'),
            signingSecret: z
              .string()
              .describe('Where the signing secret of that app is: "env:NAME", "file:PATH" or "keychain:NAME".')
              .meta({ pattern: credentialPattern.source }),
            people: z
              .record(
                z.string().regex(/^[UW][A-Z0-9]{2,30}$/, 'It is the id of a Slack account, such as U0123456789.'),
                name,
              )
              .describe(
                'Who may decide there: { "U0123456789": "jonas" }, Slack accounts and persons of this configuration.',
              ),
          })
          .refine(({ token, sandbox }) => (token === undefined) !== (sandbox === undefined), {
            error: 'Give either "token" or "sandbox".',
            path: ['token'],
          })
          .optional()
          .describe(
            'Requests are also posted to a Slack channel, and can be decided there. Clicks come to /slack/interactions.',
          ),
        url: safeUrl
          .optional()
          .describe('Where people reach the admin app, without /admin. Left out, it is the address of "serve.http".'),
      })
      .prefault({})
      .describe('Calls that wait for a person.'),
    audit: audit
      .prefault({})
      .describe('The proof of the audit log, its copies, and what happens when it cannot be written.'),
    notify: z
      .array(
        z.strictObject({
          url: safeUrl.describe('Where it is sent, as a POST. Only https; http only on this machine.'),
          secret: z
            .string()
            .describe('Where the key of the signature is: "env:NAME", "file:PATH" or "keychain:NAME". Never the key itself.')
            .meta({ pattern: credentialPattern.source }),
          events: z
            .array(
              z.enum([
                'approval.requested',
                'approval.decided',
                'approval.reminded',
                'call.failed',
                'switch.changed',
                'connection.failed',
              ]),
            )
            .min(1)
            .default(['approval.requested', 'approval.decided', 'call.failed', 'switch.changed', 'connection.failed'])
            .describe('What is told.'),
        }),
      )
      .max(20)
      .default([])
      .describe('Who is told of what happens, by signed webhooks.'),
    calls: z
      .strictObject({
        timeoutSeconds: z.number().min(1).max(600).default(60).describe('A call that takes longer is given up.'),
      })
      .prefault({})
      .describe('Bounds of a single call.'),
  })
  .describe('The configuration of Toolgate. Comments and trailing commas are allowed.')

export type Configuration = z.output<typeof configuration>

/** The keys that may stand at a path of the file, for hints; none where people choose the keys themselves. */
export function knownKeys(path: readonly (string | number)[]): readonly string[] {
  let schema: unknown = configuration
  for (const part of path) {
    const shape = shapeOf(schema)
    if (shape === undefined) return []
    schema = shape[part] ?? shape['*']
  }
  return Object.keys(shapeOf(schema) ?? {}).filter((key) => key !== '*')
}

function shapeOf(schema: unknown): Readonly<Record<string, unknown>> | undefined {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional)
    return shapeOf(schema.unwrap())
  if (schema instanceof z.ZodObject) return schema.shape
  if (schema instanceof z.ZodRecord) return { '*': schema.valueType }
  return undefined
}
