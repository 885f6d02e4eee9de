// What bad input must leave behind: nothing sent, nothing half written, an audit that is whole, and no secret told.
import { expect } from 'vitest'
import { verifyChain } from '../../src/call/verify.ts'
import type { TestHub } from '../hub.ts'

/** What the sandboxes of the tests take for a secret. */
export const secrets = ['desk-sandbox-token', 'canary-4f1c9a77d2']

/** @param said everything that was answered or printed */
export async function expectUnharmed(
  { hub, writes }: TestHub,
  said: unknown,
  written: readonly string[] = [],
): Promise<void> {
  const text = typeof said === 'string' ? said : JSON.stringify(said)
  expect(secrets.filter((secret) => text.includes(secret))).toEqual([])
  expect(text).not.toMatch(/\bat .+\.ts:\d+:\d+\)?|node:internal/)
  expect(writes()).toEqual(written)
  expect(
    await hub.store.operations({ tenant: 'local', states: ['received', 'decided', 'intent', 'sending'], limit: 10 }),
  ).toEqual([])
  expect(await verifyChain(hub.store, 'local')).toMatchObject({ ok: true })
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
}
