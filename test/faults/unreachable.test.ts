// For every write of every connector: a vendor that nobody reaches is a definite failure, and the same call is made later.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { resetSandbox } from '../../src/sandbox/admin.ts'
import { testHub } from '../hub.ts'
import type { TestHub } from '../hub.ts'
import { everything, vendorLab, writes } from './vendors.ts'
import type { VendorLab } from './vendors.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'toolgate-unreachable-'))
const file = path.join(folder, 'vendors.db')
let lab: VendorLab
let hub: TestHub

beforeAll(async () => {
  lab = await vendorLab(file, () => new Date())
  hub = await testHub({ connectors: everything(), sandboxBase: lab.sandboxBase })
})
afterAll(async () => {
  await hub.close()
  await lab.close()
  rmSync(folder, { recursive: true, force: true })
})

test.each(writes.map((write) => [write.name, write] as const))('%s', async (name, { tool }) => {
  resetSandbox(file)
  const call = (more: object) => hub.call(name, { ...(tool.example as object), ...more })
  // Everything that the plan looks up is looked up on connections that are open then.
  expect(await call({ dry_run: true })).toMatchObject({ status: 'previewed' })
  const before = lab.changes()
  await lab.proxy.refuse()
  const failed = await call({ idempotency_key: `unreachable-${name}` })
  expect(failed).toMatchObject({ status: 'failed', error: { code: 'unavailable' } })
  expect(lab.changes()).toBe(before)
  await lab.proxy.accept()
  expect(await call({ idempotency_key: `unreachable-${name}` })).toMatchObject({ status: 'done' })
  expect(lab.changes()).toBeGreaterThan(before)
})
