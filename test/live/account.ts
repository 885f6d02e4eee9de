// The real account of a vendor that the environment names, or a test that is skipped and says what to set.
import process from 'node:process'
import { describe, expect, test } from 'vitest'
import { openPolicy, testHub } from '../hub.ts'
import { liveOn } from './contract.ts'
import { stories } from './stories.ts'
import type { Place } from './stories.ts'

export interface Account {
  readonly vendor: keyof typeof stories
  /** The names of further variables that say where the story may work, by the name that it has there. */
  readonly places: Readonly<Record<string, { readonly variable: string; readonly what: string; readonly optional?: true }>>
  readonly settings: string
}

/** Settings as in the configuration, in JSON, without the credential; that is the whole of another variable. */
export function accountTest({ vendor, places, settings }: Account): void {
  const variable = `TOOLGATE_LIVE_${vendor.toUpperCase()}`
  const needed = [
    [variable, `the settings of the account as JSON, ${settings}`],
    [`${variable}_CREDENTIAL`, 'its credential, as the README of the connector says'],
    ...Object.values(places)
      .filter(({ optional }) => optional !== true)
      .map(({ variable: name, what }) => [name, what] as const),
  ] as const
  const missing = needed.filter(([name]) => !process.env[name])

  describe(`a real ${vendor} account`, () => {
    if (missing.length > 0) {
      const wants = missing.map(([name, what]) => `  ${name}: ${what}`).join('\n')
      process.stderr.write(`\nSKIPPED: nothing was shown of a real ${vendor} account. Set:\n${wants}\n`)
    }
    const promise = 'keeps the contract, on records that the test creates and removes'
    const title = missing.length > 0 ? `${promise} (set ${missing.map(([each]) => each).join(', ')})` : promise
    test.skipIf(missing.length > 0)(title, { timeout: 300_000 }, async () => {
      const given = JSON.parse(process.env[variable] ?? '') as object
      const entry = { ...given, credential: `env:${variable}_CREDENTIAL`, writes: 'on', tools: await everyTool(vendor) }
      await using hub = await testHub({ connectors: { [vendor]: entry }, policy: openPolicy })
      await hub.hub.grants.ask()
      const [granted] = hub.hub.grants.report()
      process.stderr.write(`${vendor}: ${JSON.stringify(granted)}\n`)
      expect(granted?.state).not.toBe('failed')
      const named = Object.entries(places).map(([name, of]) => [name, process.env[of.variable] ?? ''] as const)
      const place: Place = Object.fromEntries(named.filter(([, value]) => value !== ''))
      await stories[vendor](liveOn(hub, Date.now().toString(36)), place)
    })
  })
}

export async function everyTool(vendor: keyof typeof stories): Promise<Readonly<Record<string, true>>> {
  const connectors = {
    jira: async () => (await import('../../connectors/jira/connector.ts')).jira,
    salesforce: async () => (await import('../../connectors/salesforce/connector.ts')).salesforce,
    slack: async () => (await import('../../connectors/slack/connector.ts')).slack,
  }
  const { prefix, tools } = await connectors[vendor]()
  return Object.fromEntries(tools.map(({ name }) => [`${prefix}_${name}`, true]))
}
