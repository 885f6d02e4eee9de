// The vendors that this process plays itself, started when the first of them is asked.
import type { SandboxServer } from '../sandbox/server.ts'
import type { OpenInstance } from './instances.ts'

export interface Sandboxes {
  base(instance: string, instances: ReadonlyMap<string, OpenInstance>): Promise<string>
  close(): Promise<void>
}

export function sandboxes(file: string, now: () => Date): Sandboxes {
  const servers = new Map<string, Promise<SandboxServer>>()
  const serving = new WeakMap<ReadonlyMap<string, OpenInstance>, Promise<SandboxServer>>()

  async function start(played: Readonly<Record<string, OpenInstance>>): Promise<SandboxServer> {
    const { startSandbox } = await import('../sandbox/server.ts')
    return await startSandbox({ file, instances: played, now })
  }

  /** Another set of sandboxes gets a server of its own: a call that began under the old configuration ends under it. */
  function serverOf(instances: ReadonlyMap<string, OpenInstance>): Promise<SandboxServer> {
    const played = Object.fromEntries([...instances].filter(([, { configured }]) => configured.sandbox))
    const key = Object.entries(played)
      .map(([id, { connector }]) => `${id}=${connector.id}`)
      .join()
    const server = servers.get(key) ?? start(played)
    servers.set(key, server)
    return server
  }

  return {
    async base(instance, instances) {
      const server = serving.get(instances) ?? serverOf(instances)
      serving.set(instances, server)
      return (await server).base(instance)
    },
    async close() {
      for (const server of servers.values()) {
        const started = await server.catch(() => undefined)
        await started?.close()
      }
    },
  }
}
