// Salesforce in our words: jsforce on the hub's fetch, its answers parsed down to what the tools use.
import type { Connection } from '@jsforce/jsforce-node'
import { HubError, parseAnswer } from 'toolgate/kit'
import type { JsonObject, Opening } from 'toolgate/kit'
import { z } from 'zod'
import { isSessionEnded, translate } from './errors.ts'
import { keyPrefix } from './identifiers.ts'
import { isObjectName } from './objects.ts'
import type { CreatableName, ObjectName } from './objects.ts'
import { Describe, DescribeGlobal, objectSchema } from './schema.ts'
import type { ObjectSchema, ObjectSummary } from './schema.ts'
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

/** What only looks: all that a plan has. */
export interface SalesforceReader {
  describe(object: ObjectName, now: Date): Promise<ObjectSchema>
  /** Every object that the hub's user can see. */
  objects(now: Date): Promise<readonly ObjectSummary[]>
  /** The object that an id belongs to, if it is one of ours. */
  objectOf(id: string, now: Date): Promise<ObjectName>
  query(soql: string): Promise<readonly Values[]>
  /** Deleted records too, as long as the recycle bin has them. */
  queryAll(soql: string): Promise<readonly Values[]>
  /** As Salesforce sends them: with related lists inside. */
  queryNested(soql: string): Promise<readonly Readonly<Record<string, unknown>>[]>
  count(soql: string): Promise<number>
  search(parameters: URLSearchParams): Promise<readonly { readonly object: string; readonly values: Values }[]>
  /** What the hub's user may do with one record. */
  access(id: string): Promise<Access>
  /** The user as whom the hub works. */
  userId(): Promise<string>
  /** The external id field in which this org keeps the operation that made a record, where it has one. */
  readonly idempotencyField: string | undefined
  /** Where a person can see the record. */
  url(id: string): string
}

export interface Salesforce extends SalesforceReader {
  readonly write: SalesforceWriter
}

export interface SalesforceWriter {
  create(object: CreatableName, values: JsonObject): Promise<string>
  /** Makes the record that has this external id, or changes it where there is one. */
  upsert(object: ObjectName, key: ExternalKey, values: JsonObject): Promise<Upserted>
  /** Refuses with `conflict` when the record was changed after `unmodifiedSince`. */
  update(object: ObjectName, id: string, values: JsonObject, unmodifiedSince: Date): Promise<void>
  delete(object: ObjectName, id: string): Promise<void>
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
      if (!isSessionEnded(error)) throw translate(error)
      await session.forget(token)
      if (renewals > 0) return signedIn(run, renewals - 1)
      throw new HubError('unavailable', 'Salesforce ended the hub’s session. Nothing was changed; try again.', {
        cause: error,
      })
    }
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

  async function remembered<T>(key: string, now: Date, fetched: () => Promise<T>): Promise<T> {
    const known = cache.get(key) as { readonly at: number; readonly value: T } | undefined
    if (known && now.getTime() - known.at < schemaLifetimeMs) return known.value
    const value = await fetched()
    cache.set(key, { at: now.getTime(), value })
    return value
  }

  const globals = async (now: Date): Promise<readonly ObjectSummary[]> =>
    (
      await remembered('objects', now, async () =>
        parseAnswer('Salesforce', DescribeGlobal, await look((to) => to.describeGlobal())),
      )
    ).sobjects

  return {
    idempotencyField: settings.idempotency_field,
    describe: (object, now) =>
      remembered(`describe ${object}`, now, async () =>
        objectSchema(parseAnswer('Salesforce', Describe, await look((to) => to.describe(object)))),
      ),
    async objectOf(id, now) {
      const name = (await globals(now)).find((one) => one.keyPrefix === keyPrefix(id))?.name
      if (name !== undefined && isObjectName(name)) return name
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
    url: (id) => `${settings.instance}/${id}`,
    write: writerOn(write, settings.api_version),
  }
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
