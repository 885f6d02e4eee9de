// What a configuration file may say: every key, with the words that editors show for it.
import { z } from 'zod'

const name = z
  .string()
  .regex(
    /^[a-zA-Z0-9][a-zA-Z0-9._@-]{0,63}$/,
    'A name has 1 to 64 letters, digits, dots, dashes, underscores or @, and begins with a letter or a digit.',
  )

/** Where a secret is, never the secret itself. */
export const credentialPattern = /^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+|keychain:[A-Za-z0-9][A-Za-z0-9._@/-]*)$/

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
    .describe('Where the secret is: "env:NAME", "file:PATH" or "keychain:NAME". Never the secret itself.')
    // Only for editors: the loader has a better sentence for it, and one that does not repeat the value.
    .meta({ pattern: credentialPattern.source }),
  writes: z
    .enum(['on', 'off'], 'It is "on" or "off".')
    .optional()
    .describe(
      'Whether writes are carried out. A real account starts at "off": its writes are only previewed. A sandbox starts at "on".',
    ),
  tools: z
    .record(toolName, z.boolean('It is true or false, without quotes.'))
    .optional()
    .describe('Turns single tools on or off: { "jira_issue_delete": false }. `toolgate tools` lists them.'),
}

const instance = z.object(instanceKeys).catchall(z.unknown())

const roles = z.array(name.describe('A role that policies can name: "support".')).max(100)

const local = z
  .strictObject({
    id: name.describe('How the audit log names this person.'),
    roles: roles.describe('The roles that policies name as role:NAME.'),
  })
  .describe('Who calls over stdio, from the command line and over unauthenticated HTTP on this machine.')

const person = z.strictObject({
  roles: roles.describe('The roles that policies name as role:NAME.'),
  name: z.string().min(1).max(200).optional().describe('The name to show.'),
})

const loopback = /^(localhost|127(\.\d{1,3}){3}|::1)$/

export const configuration = z
  .strictObject({
    $schema: z.string().optional().describe('Where the JSON Schema of this file is, for editors.'),
    tenant: name.default('local').describe('The name under which the audit log and the ledger keep what happens here.'),
    connectors: z
      .record(instanceId, instance)
      .describe('One entry for each account that agents may work in. The key is the id of the instance.'),
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
              .regex(
                loopback,
                'Without configured authentication it only listens on this machine: "127.0.0.1", "::1" or "localhost".',
              )
              .default('127.0.0.1')
              .describe('The address to listen on. Only this machine, as long as no authentication is configured.'),
            port: z.int().min(0).max(65_535).default(4100).describe('The port to listen on; 0 takes any free one.'),
            sessionIdleMinutes: z
              .number()
              .min(1)
              .max(1440)
              .default(30)
              .describe('A session without a request for this long is ended.'),
          })
          .prefault({})
          .describe('The HTTP door: http://HOST:PORT/mcp.'),
      })
      .prefault({})
      .describe('How agents reach the hub over the network.'),
    approvals: z
      .strictObject({
        expiresAfterMinutes: z
          .number()
          .min(1)
          .max(43_200)
          .default(60)
          .describe('A held call that nobody decided for this long lapses.'),
      })
      .prefault({})
      .describe('Calls that wait for a person.'),
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
