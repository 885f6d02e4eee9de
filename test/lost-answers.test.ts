// For every write of every connector: what becomes of it when its answer is lost, and when the vendor never took it.
import { readdirSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Connector } from '../src/kit/connector.ts'
import type { AnyWriteTool } from '../src/kit/tool.ts'
import { testHub } from './hub.ts'
import type { TestHub } from './hub.ts'

const folder = new URL('../connectors/', import.meta.url)
const ids = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())

for (const { name: id } of ids) {
  const module = (await import(new URL(`${id}/connector.ts`, folder).href)) as Record<string, Connector>
  const connector = Object.values(module).find((value) => typeof value === 'object' && 'tools' in value)
  for (const tool of connector?.tools ?? []) {
    if (connector && tool.kind === 'write')
      describe(`${connector.prefix}_${tool.name}`, () => {
        fates(id, connector, tool)
      })
  }
}

function fates(id: string, connector: Connector, tool: AnyWriteTool): void {
  const name = `${connector.prefix}_${tool.name}`
  let hub: TestHub
  let now: Date
  beforeEach(async () => {
    now = new Date()
    const tools = Object.fromEntries(connector.tools.map((each) => [`${connector.prefix}_${each.name}`, true]))
    hub = await testHub({ connectors: { [id]: { sandbox: true, tools } }, now: () => now })
    // Whatever the plan looks up is looked up once before, so that the fault meets the write.
    await hub.call(name, { ...(tool.example as object), dry_run: true })
  })
  afterEach(async () => await hub.close())

  // IDEM-10
  test('done, and the answer lost: unknown, one execution, and then known', async () => {
    const before = hub.writes().length
    breakWrites('drop')
    const lost = await hub.call(name, tool.example)
    expect([lost.status, lost.error]).toEqual(['unknown', undefined])
    const executed = hub.writes().length - before
    expect(executed).toBeGreaterThan(0)
    expect(await hub.call(name, tool.example)).toMatchObject({ status: 'unknown', replayed: true })
    const asked = await hub.call('operation_get', { id: lost.operation_id })
    expect(asked.result).toMatchObject({ state: 'reconciled', answer: { status: 'done' } })
    expect(hub.writes().length - before).toBe(executed)
  })

  test('never done, and a 500 for an answer: unknown, and after the window known not to have happened', async () => {
    const before = hub.writes().length
    breakWrites('500')
    const lost = await hub.call(name, tool.example)
    expect(lost.status).toBe('unknown')
    now = new Date(now.getTime() + (tool.settlesMs ?? 10 * 60_000) + 1000)
    const asked = await hub.call('operation_get', { id: lost.operation_id })
    expect(asked.result).toMatchObject({ state: 'failed' })
    expect(hub.writes()).toHaveLength(before)
  })

  test('refused with 429: definitely failed, and the same call may be made again', async () => {
    breakWrites('429')
    expect(await hub.call(name, tool.example)).toMatchObject({ status: 'failed' })
    hub.mend()
    expect(await hub.call(name, tool.example)).toMatchObject({ status: 'done' })
  })

  function breakWrites(mode: 'drop' | '500' | '429'): void {
    for (const route of tool.routes) hub.break(id, mode, 1, onSandbox(route))
  }
}

/** Any path of this route; another address of the vendor is a path of the sandbox. */
function onSandbox(route: string): string {
  return route.replaceAll(/\{[^}]*\}/g, '*').replace(/^([A-Z]+) ([a-z]+):\//, '$1 /~$2/')
}
