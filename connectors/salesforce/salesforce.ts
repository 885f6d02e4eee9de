// Salesforce in our words: jsforce on the hub's fetch, its answers parsed down to what the tools use.
import type { Connection } from '@jsforce/jsforce-node'
import { HubError, parseAnswer } from 'toolgate/kit'
import type { JsonObject, Opening } from 'toolgate/kit'
import { z } from 'zod'
import { isPermissionLost, isSessionEnded, translate } from './errors.ts'
import { analyticsOn } from './analytics.ts'
import type { ReportDefinition, ReportResult } from './analytics.ts'
import { apiName, keyPrefix, toLongId } from './identifiers.ts'
import { isStandard, standardNames } from './objects.ts'
import type { ObjectName } from './objects.ts'
import { Describe, DescribeGlobal, objectSchema } from './schema.ts'
import type { ObjectSchema, ObjectSummary } from './schema.ts'
import type { Scoping } from './scope.ts'
import { sessions } from './session.ts'
import type { Settings } from './settings.ts'
import { transport } from './transport.ts'
import { writerOn } from './writer.ts'

export type { FieldSchema, ObjectSchema } from './schema.ts'

/** A record, flat: `Name`, `Owner.Name`. Fields without a value are left out. */
export type Values = Readonly<Record<string, string | number | boolean>>

export interface Access {
  readonly edit: boolean
  readonly delete: boolean
  /** May give it to another owner. */
  readonly transfer: boolean
}

export interface Self {
  readonly name: string
  readonly userId: string
  readonly host: string
  readonly scopes: readonly string[]
  readonly permissions: readonly string[]
}

/** What only looks: all that a plan has. */
export interface SalesforceReader {
  /** Refuses an object that the hub does not work with, or that the org does not have. */
  describe(object: ObjectName, now: Date): Promise<ObjectSchema>
  /** The objects that the hub works with: the standard six and those of the configuration. */
  readonly objectNames: readonly ObjectName[]
  /** With what the ids of their records begin, and those of users. */
  prefixes(now: Date): Promise<ReadonlyMap<string, string>>
  /** Every object that the hub's user can see; asked anew where no time is given. */
  objects(now?: Date): Promise<readonly ObjectSummary[]>
  /** The object that an id belongs to, if it is one of ours. */
  objectOf(id: string, now: Date): Promise<ObjectName>
  query(soql: string): Promise<readonly Values[]>
  /** Deleted records too, as long as the recycle bin has them. */
  queryAll(soql: string): Promise<readonly Values[]>
  /** As Salesforce sends them: with related lists inside. */
  queryNested(soql: string): Promise<readonly Readonly<Record<string, unknown>>[]>
  count(soql: string): Promise<number>
  search(parameters: URLSearchParams): Promise<readonly { readonly object: string; readonly values: Values }[]>
  /** What a report is made of, as it is saved. */
  reportOf(id: string): Promise<ReportDefinition>
  /** Runs a report with these filters in the place of its own. */
  report(id: string, definition: JsonObject): Promise<ReportResult>
  /** What a flow takes, and whether the hub's user may run it. */
  flowOf(name: string): Promise<FlowDefinition>
  /** What the configuration says of this flow; undefined where it does not allow it. */
  allowedFlow(name: string): Settings['flows'][string] | undefined
  /** Whether the configuration allows this report. */
  allowsReport(id: string): boolean
  /** What the hub's user may do with one record. */
  access(id: string): Promise<Access>
  /** The user as whom the hub works. */
  userId(): Promise<string>
  /** As whom the hub is signed in, with which OAuth scopes, and with which of these permissions of a user. */
  self(permissions: readonly string[]): Promise<Self>
  /** The external id field in which this org keeps the operation that made a record, where it has one. */
  readonly idempotencyField: string | undefined
  /** What tells records of one object apart for policies. */
  readonly scoping: Scoping
  /** Where a person can see the record. */
  url(id: string): string
}

export interface Salesforce extends SalesforceReader {
  readonly write: SalesforceWriter
}

export interface SalesforceWriter {
  create(object: ObjectName, values: JsonObject): Promise<string>
  /** Makes the record that has this external id, or changes it where there is one. */
  upsert(object: ObjectName, key: ExternalKey, values: JsonObject): Promise<Upserted>
  /** Refuses with `conflict` when the record was changed after `unmodifiedSince`. */
  update(object: ObjectName, id: string, values: JsonObject, unmodifiedSince: Date): Promise<void>
  delete(object: ObjectName, id: string): Promise<void>
  /** Takes a record, and what was deleted with it, out of the recycle bin. */
  undelete(id: string): Promise<void>
  /** @returns the output variables of the flow */
  runFlow(name: string, inputs: JsonObject): Promise<JsonObject>
  /** All of them or, when one is refused, none. */
  together(parts: readonly Part[]): Promise<readonly JsonObject[]>
}

/** An external id: a field that the org declared as one, and a value that fits one segment of a path. */
export interface ExternalKey {
  readonly field: string
  readonly value: string
}

export interface Upserted {
  readonly id: string
  readonly created: boolean
}

/** One of several requests that Salesforce carries out together. */
export interface Part {
  readonly method: 'POST' | 'PATCH'
  /** Below the version: `sobjects/Task`. */
  readonly path: string
  readonly values: JsonObject
  readonly headers?: Readonly<Record<string, string>>
}

const schemaLifetimeMs = 5 * 60_000
// Salesforce accepts 16,384 bytes of address and headers together.
const longestQuery = 12_000

const Rows = z.object({
  totalSize: z.number().int(),
  done: z.boolean(),
  records: z.array(z.record(z.string(), z.unknown())),
})
const Found = z.object({ searchRecords: z.array(z.looseObject({ attributes: z.object({ type: z.string() }) })) })
const AccessRow = z.object({ HasEditAccess: z.boolean(), HasDeleteAccess: z.boolean(), HasTransferAccess: z.boolean() })

const FlowVariable = z.object({ name: apiName, type: z.string(), required: z.boolean().catch(false) })
const FlowDefinition = z.object({ label: z.string(), inputs: z.array(FlowVariable) })
export type FlowDefinition = z.output<typeof FlowDefinition>

/** Of the objects whose record ids begin the same everywhere. */
const standardPrefixes: ReadonlyMap<string, string> = new Map([
  ['Account', '001'],
  ['Contact', '003'],
  ['User', '005'],
  ['Opportunity', '006'],
  ['Lead', '00Q'],
  ['Task', '00T'],
  ['Case', '500'],
])
/** What the hub makes on a record of another object, each by one tool. */
const madeBeside = new Set(['CaseComment', 'ContentNote', 'ContentDocumentLink'])

export async function open(opening: Opening<Settings>): Promise<Salesforce> {
  const { Connection } = await import('@jsforce/jsforce-node')
  const { base, settings, cache } = opening
  const connection = new Connection({
    instanceUrl: base,
    version: settings.api_version,
    // Whatever the environment says: its logger writes to stdout, which belongs to the protocol.
    logLevel: 'NONE',
    propagators: ['none'],
  })
  connection._transport = transport(opening.fetch)
  const session = sessions(opening)

  async function signedIn<T>(run: (connection: Connection) => Promise<T>, renewals: number): Promise<T> {
    const { token } = await session.current()
    connection.accessToken = token
    try {
      return await run(connection)
    } catch (error) {
      if (!isSessionEnded(error)) {
        if (isPermissionLost(error)) forgetSchemas()
        throw translate(error)
      }
      await session.forget(token)
      if (renewals > 0) return signedIn(run, renewals - 1)
      throw new HubError('unavailable', 'Salesforce ended the hub’s session. Nothing was changed; try again.', {
        cause: error,
      })
    }
  }
  /** What was described may no longer be so. */
  const forgetSchemas = (): void => {
    for (const key of cache.keys()) if (key === 'objects' || key.startsWith('describe ')) cache.delete(key)
  }
  const look = <T>(run: (connection: Connection) => Promise<T>): Promise<T> => signedIn(run, 1)
  const write = <T>(run: (connection: Connection) => Promise<T>): Promise<T> => signedIn(run, 0)

  async function rows(soql: string, deletedToo = false): Promise<z.output<typeof Rows>> {
    if (encodeURIComponent(soql).length > longestQuery) {
      throw new HubError('invalid_input', 'The query is too long for Salesforce. Use fewer fields, filters or values.')
    }
    const found = look(async (to) => to.query(soql, { scanAll: deletedToo }))
    const answer = parseAnswer('Salesforce', Rows, await found)
    // Every query of ours fits one batch, unless its rows are so wide that Salesforce makes the batch smaller.
    if (answer.done) return answer
    throw new HubError('bad_response', 'Salesforce sent only a part of the rows. Ask for fewer fields or a smaller limit.')
  }

  async function remembered<T>(key: string, now: Date | undefined, fetched: () => Promise<T>): Promise<T> {
    if (now === undefined) return await fetched()
    const known = cache.get(key) as { readonly at: number; readonly value: T } | undefined
    if (known && now.getTime() - known.at < schemaLifetimeMs) return known.value
    const value = await fetched()
    cache.set(key, { at: now.getTime(), value })
    return value
  }

  const names: readonly ObjectName[] = [...new Set([...standardNames, ...settings.objects])]

  /** The six are in every org; what the configuration names has to be there, with records that can be read. */
  async function requireThere(object: ObjectName, now: Date): Promise<void> {
    if (!names.includes(object)) throw notWorkedWith(object)
    if (isStandard(object)) return
    const summary = (await globals(now)).find(({ name }) => name === object)
    if (!summary?.queryable || summary.keyPrefix === null || summary.customSetting || summary.deprecatedAndHidden)
      throw new HubError(
        'invalid_input',
        `This Salesforce org has no object ${object} with records of its own that the hub’s user may read.`,
      )
  }

  const globals = async (now?: Date): Promise<readonly ObjectSummary[]> =>
    (
      await remembered('objects', now, async () =>
        parseAnswer('Salesforce', DescribeGlobal, await look((to) => to.describeGlobal())),
      )
    ).sobjects

  return {
    idempotencyField: settings.idempotency_field,
    scoping: settings,
    objectNames: names,
    async describe(object, now) {
      await requireThere(object, now)
      return await remembered(`describe ${object}`, now, async () =>
        objectSchema(parseAnswer('Salesforce', Describe, await look((to) => to.describe(object)))),
      )
    },
    async prefixes(now) {
      if (settings.objects.length === 0) return standardPrefixes
      const found = (await globals(now)).flatMap(({ name, keyPrefix: prefix }) =>
        names.includes(name) && prefix !== null ? [[name, prefix] as const] : [],
      )
      return new Map([...standardPrefixes, ...found])
    },
    async objectOf(id, now) {
      const name = (await globals(now)).find((one) => one.keyPrefix === keyPrefix(id))?.name
      if (name !== undefined && names.includes(name)) return name
      throw new HubError('invalid_input', 'This id belongs to no kind of record that the hub works with in Salesforce.')
    },
    objects: globals,
    query: async (soql) => (await rows(soql)).records.map((record) => flat(record)),
    queryAll: async (soql) => (await rows(soql, true)).records.map((record) => flat(record)),
    queryNested: async (soql) => (await rows(soql)).records,
    count: async (soql) => (await rows(soql)).totalSize,
    async search(parameters) {
      const found = parseAnswer(
        'Salesforce',
        Found,
        await look(async (to) => to.request(`/parameterizedSearch?${parameters.toString()}`)),
      )
      return found.searchRecords.map((record) => ({ object: record.attributes.type, values: flat(record) }))
    },
    ...analyticsOn(look),
    flowOf: async (name) =>
      parseAnswer('Salesforce', FlowDefinition, await look(async (to) => to.request(`/actions/custom/flow/${name}`))),
    allowedFlow: (name) => (Object.hasOwn(settings.flows, name) ? settings.flows[name] : undefined),
    allowsReport: (id) => settings.reports.some((one) => toLongId(one) === id),
    async access(id) {
      const { userId } = await session.current()
      // Both ids are letters and digits only: they were parsed as ids.
      const soql = `SELECT RecordId, HasEditAccess, HasDeleteAccess, HasTransferAccess FROM UserRecordAccess WHERE UserId = '${userId}' AND RecordId = '${id}'`
      const [row] = (await rows(soql)).records
      if (!row) return { edit: false, delete: false, transfer: false }
      const access = parseAnswer('Salesforce', AccessRow, row)
      return { edit: access.HasEditAccess, delete: access.HasDeleteAccess, transfer: access.HasTransferAccess }
    },
    userId: async () => (await session.current()).userId,
    async self(permissions) {
      const { userId, scopes } = await session.current()
      const fields = permissions.map((name) => `Permissions${name}`).join(', ')
      // It has one row, of the user whose session it is.
      const [granted = {}] = (await rows(`SELECT ${fields} FROM UserPermissionAccess LIMIT 1`)).records
      const [user = {}] = (await rows(`SELECT Name FROM User WHERE Id = '${userId}' LIMIT 1`)).records
      return {
        name: typeof user['Name'] === 'string' ? user['Name'] : userId,
        userId,
        host: new URL(settings.instance).hostname,
        scopes,
        permissions: permissions.filter((name) => granted[`Permissions${name}`] === true),
      }
    },
    url: (id) => `${settings.instance}/${id}`,
    write: writerOn(write, settings.api_version, (object) => {
      if (!names.includes(object) && !madeBeside.has(object)) throw notWorkedWith(object)
    }),
  }
}

function notWorkedWith(object: string): HubError {
  return new HubError(
    'invalid_input',
    `The hub does not work with ${object} in Salesforce. sf_object_list marks the objects that it does; whoever runs the hub can add to \`objects\`.`,
  )
}

/** A record with its fields by path: `Owner.Name`. */
export function flat(record: Readonly<Record<string, unknown>>, path = ''): Values {
  return Object.fromEntries(
    Object.entries(record).flatMap(([name, value]): [string, string | number | boolean][] => {
      if (name === 'attributes' || value === null) return []
      if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return [[path + name, value]]
      return path === '' && typeof value === 'object' ? Object.entries(flat({ ...value }, `${name}.`)) : []
    }),
  )
}
