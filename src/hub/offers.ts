// Every tool of every instance under its wire name, with its state and why it is in it.
import { z } from 'zod'
import { problemAtPath } from '../config/document.ts'
import type { LoadedConfig } from '../config/load.ts'
import type { Problem } from '../config/problem.ts'
import type { Offer } from '../call/call.ts'
import { operationGet } from '../call/operation-get.ts'
import { operationUndo } from '../call/undo.ts'
import { digest } from '../kit/json.ts'
import type { Tool } from '../kit/tool.ts'
import type { OpenInstance } from './instances.ts'
import { profiles } from './profiles.ts'

/** The instance of the hub's own tools. */
export const hubInstance = 'operation'

export function makeOffers(
  config: LoadedConfig,
  instances: ReadonlyMap<string, OpenInstance>,
  everyTool = false,
): { readonly offers: ReadonlyMap<string, Offer>; readonly problems: readonly Problem[] } {
  const made = [...instances.values()].flatMap((instance) =>
    instance.connector.tools.map((tool) => offerOf(instance, tool, config.profile, everyTool)),
  )
  const own = [operationGet, operationUndo].map((tool) =>
    offer(hubInstance, hubInstance, 'hub', tool, 'on', 'the hub itself offers it'),
  )
  const offers = [...made, ...own]
  const byName = new Map(
    offers.toSorted((left, right) => (left.name < right.name ? -1 : 1)).map((each) => [each.name, each]),
  )
  return { offers: byName, problems: [...collisions(config, offers), ...unknownToggles(config, instances)] }
}

function offerOf(instance: OpenInstance, tool: Tool, profile: LoadedConfig['profile'], everyTool: boolean): Offer {
  const { configured, connector, prefix } = instance
  const { on, why } = everyTool ? { on: true, why: 'every tool is on' } : stateOf(instance, tool, profile)
  return offer(prefix, configured.id, connector.id, tool, on ? 'on' : 'off', why)
}

function stateOf({ configured, connector, prefix }: OpenInstance, tool: Tool, profile: LoadedConfig['profile']) {
  const said = configured.tools.get(`${prefix}_${tool.name}`)
  if (said !== undefined) return { on: said, why: `turned ${said ? 'on' : 'off'} in the configuration` }
  // A connector of your own is in no profile of ours, and goes by its defaults.
  const listed = profile && profiles[profile][connector.id]
  if (listed?.has(tool.name) === false) return { on: false, why: `not in the profile "${profile}"` }
  return { on: tool.default === 'on', why: `${tool.default} by default` }
}

function offer(prefix: string, instance: string, connector: string, tool: Tool, state: 'on' | 'off', why: string): Offer {
  const name = `${prefix}_${tool.name}`
  const verb = tool.kind === 'write' ? tool.verb : undefined
  const facts = { name, class: tool.class, write: tool.kind === 'write', connector, instance, verb }
  let definition: string | undefined
  return {
    name,
    instance,
    tool,
    facts,
    state,
    why,
    // Needed by writes alone, and too much work for a hub that only starts.
    get definition() {
      definition ??= definitionOf(name, tool)
      return definition
    },
  }
}

/** The same tool, on but not shown. */
export function hidden(shown: Offer, why: string): Offer {
  const { name, instance, tool, facts } = shown
  return {
    name,
    instance,
    tool,
    facts,
    state: 'hidden',
    why,
    get definition() {
      return shown.definition
    },
  }
}

/** An approval of a tool is not an approval of another one under the same name. */
function definitionOf(name: string, tool: Tool): string {
  const { title, description } = tool
  const schemas = { input: z.toJSONSchema(tool.input, { io: 'input' }), output: z.toJSONSchema(tool.output) }
  const writes = tool.kind === 'write' ? { verb: tool.verb, routes: [...tool.routes], changes: [...tool.changes] } : {}
  return digest(JSON.parse(JSON.stringify({ name, title, description, class: tool.class, ...schemas, ...writes })))
}

function collisions(config: LoadedConfig, offers: readonly Offer[]): Problem[] {
  const seen = new Map<string, Offer>()
  const problems: Problem[] = []
  for (const each of offers) {
    const other = seen.get(each.name)
    seen.set(each.name, each)
    if (!other) continue
    const message = `Both "${other.instance}" and "${each.instance}" would offer a tool called ${each.name}.`
    problems.push(
      problemAtPath(
        config.document,
        ['connectors', each.instance],
        { message, hint: 'Give one of them another id.' },
        'key',
      ),
    )
  }
  return problems
}

/** A toggle that names no tool is a typing error, and would leave the tool that was meant as it is. */
function unknownToggles(config: LoadedConfig, instances: ReadonlyMap<string, OpenInstance>): Problem[] {
  return [...instances.values()].flatMap(({ configured, connector, prefix }) => {
    const known = new Set(connector.tools.map((tool) => `${prefix}_${tool.name}`))
    const unknown = [...configured.tools.keys()].filter((name) => !known.has(name))
    return unknown.map((name) => {
      const message = `"${configured.id}" has no tool called ${name}.`
      const hint = `It has: ${[...known].join(', ')}.`
      return problemAtPath(config.document, ['connectors', configured.id, 'tools', name], { message, hint }, 'key')
    })
  })
}
