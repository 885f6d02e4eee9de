// The vendors of the fault laboratory: the sandboxes of every shipped connector on one server, behind one proxy.
import { readdirSync } from 'node:fs'
import type { Connector } from '../../src/kit/connector.ts'
import type { AnyWriteTool } from '../../src/kit/tool.ts'
import { sandboxRequests } from '../../src/sandbox/admin.ts'
import { startSandbox } from '../../src/sandbox/server.ts'
import { faultProxy } from './proxy.ts'
import type { Proxy } from './proxy.ts'

export interface WriteUnderTest {
  /** The wire name: `jira_comment_add`. */
  readonly name: string
  readonly instance: string
  readonly tool: AnyWriteTool
}

export interface VendorLab {
  readonly proxy: Proxy
  /** Where the hub finds this vendor: behind the proxy. */
  sandboxBase(instance: string): string
  /** How many requests have changed something since the sandbox was seeded. */
  changes(): number
  close(): Promise<void>
}

const folder = new URL('../../connectors/', import.meta.url)

export const connectors: readonly (readonly [id: string, connector: Connector])[] = await Promise.all(
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(async ({ name }): Promise<readonly [string, Connector]> => {
      const module = (await import(new URL(`${name}/connector.ts`, folder).href)) as Record<string, Connector>
      const found = Object.values(module).find((value) => typeof value === 'object' && 'tools' in value)
      if (!found) throw new Error(`${name}/connector.ts exports no connector.`)
      return [name, found]
    }),
)

export const writes: readonly WriteUnderTest[] = connectors.flatMap(([instance, connector]) =>
  connector.tools.flatMap((tool) =>
    tool.kind === 'write' ? [{ name: `${connector.prefix}_${tool.name}`, instance, tool }] : [],
  ),
)

/** One of each kind of write: class, verb, and how many routes it has. */
export const shapes: readonly WriteUnderTest[] = [
  ...new Map(writes.toReversed().map((write) => [shapeOf(write), write])).values(),
].toReversed()

export function shapeOf({ tool }: WriteUnderTest): string {
  return `${tool.class} ${tool.verb} ${tool.routes.length === 1 ? 'one route' : 'several routes'}`
}

/** The entries of `connectors` in a configuration: everything on. */
export function everything(): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    connectors.map(([id, connector]) => [
      id,
      {
        sandbox: true,
        tools: Object.fromEntries(connector.tools.map((tool) => [`${connector.prefix}_${tool.name}`, true])),
      },
    ]),
  )
}

/** Whether a request is one of the writes of this tool. */
export function isWriteOf({ instance, tool }: WriteUnderTest): (method: string, path: string) => boolean {
  const patterns = tool.routes.map((route) => {
    const [method = '', place = ''] = route.split(' ')
    const [, host, below = ''] = /^(?:([a-z]+):)?(.*)$/.exec(place) ?? []
    const literal = `/${instance}${host === undefined ? '' : `/~${host}`}${below}`
    const escaped = literal.split(/\{[^}]*\}/).map((text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
    return { method, path: new RegExp(`^${escaped.join('[^/]+')}(\\?.*)?$`) }
  })
  return (method, path) => patterns.some((each) => each.method === method && each.path.test(path))
}

export async function vendorLab(file: string, now: () => Date): Promise<VendorLab> {
  const instances = Object.fromEntries(connectors.map(([id, connector]) => [id, { connector }]))
  const server = await startSandbox({ file, instances, now })
  const proxy = await faultProxy(Number(new URL(server.base(connectors[0]![0])).port))
  return {
    proxy,
    sandboxBase: (instance) => `${proxy.base}/${instance}`,
    changes: () => sandboxRequests(file, { limit: 1_000_000 }).filter(({ changed }) => changed).length,
    async close() {
      await proxy.close()
      await server.close()
    },
  }
}
