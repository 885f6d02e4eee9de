// Writes what is derived from the source: the configuration's JSON Schema, the tool tables of the connectors' pages, and
// the pins of what models see. `--check` writes nothing and fails when one of them is stale.
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import { configuration, instanceIdPattern, instanceKeys } from '../src/config/schema.ts'
import type { Connector } from '../src/kit/connector.ts'
import type { Tool } from '../src/kit/tool.ts'

const root = path.resolve(import.meta.dirname, '..')

export interface Generated {
  /** From the root. */
  readonly file: string
  readonly content: string
}

if (process.argv[1] === import.meta.filename) await main(process.argv.includes('--check'))

async function main(check: boolean): Promise<void> {
  const stale: string[] = []
  for (const { file, content } of await generate()) {
    const before = await readFile(path.join(root, file), 'utf8').catch(() => undefined)
    if (before === content) continue
    stale.push(file)
    if (check) continue
    await mkdir(path.dirname(path.join(root, file)), { recursive: true })
    await writeFile(path.join(root, file), content)
  }
  if (stale.length === 0) return console.log('Everything that is generated is up to date.')
  if (!check) return console.log(`Written: ${stale.join(', ')}`)
  console.error(`Stale: ${stale.join(', ')}. Run: npm run generate`)
  process.exitCode = 1
}

export async function generate(): Promise<readonly Generated[]> {
  const connectors = await loadConnectors()
  const files = [{ file: 'mcp.config.schema.json', content: json(configSchema(connectors)) }]
  for (const connector of connectors) {
    files.push({ file: `test/pins/${connector.id}.json`, content: json(pins(connector)) })
    const page = `connectors/${connector.id}/README.md`
    const text = await readFile(path.join(root, page), 'utf8').catch(() => undefined)
    if (text !== undefined) files.push({ file: page, content: withTable(page, text, toolTable(connector)) })
  }
  return files
}

/** Every folder of `connectors/` that has a `connector.ts`, by name. */
export async function loadConnectors(): Promise<readonly Connector[]> {
  const folder = path.join(root, 'connectors')
  const names = (await readdir(folder)).filter((name) => existsSync(path.join(folder, name, 'connector.ts'))).sort()
  return await Promise.all(
    names.map(async (name) => {
      const loaded = (await import(pathToFileURL(path.join(folder, name, 'connector.ts')).href)) as Record<string, unknown>
      const found = Object.values(loaded).find(isConnector)
      if (found === undefined) throw new Error(`connectors/${name}/connector.ts exports no connector.`)
      return found
    }),
  )
}

function isConnector(value: unknown): value is Connector {
  return typeof value === 'object' && value !== null && 'tools' in value && 'sandbox' in value && 'reads' in value
}

type Schema = Record<string, unknown>

/** The configuration with each connector's own settings, under its own id and under `"uses"`. */
function configSchema(connectors: readonly Connector[]): Schema {
  const schema = z.toJSONSchema(configuration, { io: 'input', unrepresentable: 'any' }) as Schema
  const { $schema, description, ...rest } = schema
  const properties = { ...(rest['properties'] as Schema) }
  const any = z.toJSONSchema(z.object(instanceKeys), { io: 'input' }) as Schema
  const { $schema: _dialect, ...plain } = any
  const one = (connector: Connector): Schema => {
    const own = z.toJSONSchema(connector.settings as z.ZodObject, { io: 'input', unrepresentable: 'any' }) as Schema
    return {
      description: `${connector.title}. ${connector.credential}`,
      type: 'object',
      properties: { ...(plain['properties'] as Schema), ...(own['properties'] as Schema) },
      // A sandbox has no settings; a real account has all that are required, and a credential.
      ...(Array.isArray(own['required'])
        ? { if: { required: ['sandbox'] }, else: { required: [...(own['required'] as string[]), 'credential'] } }
        : {}),
      additionalProperties: false,
    }
  }
  const definitions = Object.fromEntries(connectors.map((connector) => [connector.id, one(connector)]))
  const byUses = connectors.map((connector) => ({
    if: { properties: { uses: { const: connector.id } }, required: ['uses'] },
    // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
    then: { $ref: `#/$defs/${connector.id}` },
  }))
  const ids = connectors.map(({ id }) => id)
  properties['connectors'] = {
    description: (properties['connectors'] as Schema)['description'],
    type: 'object',
    properties: Object.fromEntries(ids.map((id) => [id, { $ref: `#/$defs/${id}` }])),
    patternProperties: {
      [`^(?!(${ids.join('|') || 'none'})$)${instanceIdPattern.source.slice(1)}`]: {
        ...plain,
        required: ['uses'],
        allOf: byUses,
      },
    },
    additionalProperties: false,
  }
  return {
    $schema,
    title: 'Toolgate',
    description,
    allowComments: true,
    allowTrailingCommas: true,
    ...rest,
    properties,
    $defs: definitions,
  }
}

function toolTable(connector: Connector): string {
  const cell = (text: string) => text.replaceAll('|', String.raw`\|`).replaceAll(/\s+/g, ' ')
  const rows = connector.tools.map((tool) => {
    const [what = ''] = tool.description.split(/(?<=[.!?])\s/)
    const scopes = tool.scopes.map((scope) => `\`${scope}\``).join(', ')
    const name = `\`${connector.prefix}_${tool.name}\``
    return `| ${[name, cell(tool.title), tool.class, tool.default, cell(scopes), cell(what)].join(' | ')} |`
  })
  return ['| tool | title | class | default | scopes | what |', '|---|---|---|---|---|---|', ...rows].join('\n')
}

function withTable(page: string, text: string, table: string): string {
  const marks = /<!-- tools -->[\s\S]*?<!-- \/tools -->/
  if (!marks.test(text)) throw new Error(`${page} has no place for its tools: add <!-- tools --> and <!-- /tools -->.`)
  return text.replace(marks, () => `<!-- tools -->\n\n${table}\n\n<!-- /tools -->`)
}

/** What models and operators see of a connector, frozen: a change of it is a change somebody must have meant. */
function pins(connector: Connector): unknown {
  return {
    connector: connector.id,
    title: connector.title,
    settings: schemaOf(connector.settings as z.ZodObject, 'input'),
    tools: connector.tools.map((tool) => pin(connector, tool)),
  }
}

function pin(connector: Connector, tool: Tool): unknown {
  return {
    name: `${connector.prefix}_${tool.name}`,
    title: tool.title,
    description: tool.description,
    class: tool.class,
    default: tool.default,
    scopes: tool.scopes,
    ...(tool.kind === 'write' ? { verb: tool.verb, routes: tool.routes, changes: tool.changes } : {}),
    input: schemaOf(tool.input as z.ZodObject, 'input'),
    output: schemaOf(tool.output as z.ZodObject, 'output'),
  }
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Schema {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Schema
  return rest
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}
