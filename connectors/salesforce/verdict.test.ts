// What an answer to a write says of the write: JSON of REST, and XML of the one SOAP call.
import { describe, expect, test } from 'vitest'
import type { Verdict } from 'toolgate/kit'
import { guardedFetch } from '../../src/egress/fetch.ts'
import { keptInMemory } from '../../test/keep.ts'
import { sandboxHarness } from '../../test/sandbox/harness.ts'
import { salesforce } from './connector.ts'
import { exampleIds } from './sandbox/examples.ts'
import type { Salesforce } from './salesforce.ts'
import { settings } from './settings.ts'
import { verdict } from './verdict.ts'

const envelope = (inner: string) =>
  `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>${inner}</soapenv:Body></soapenv:Envelope>`
const result = (inner: string) => envelope(`<undeleteResponse><result>${inner}</result></undeleteResponse>`)
const fault = (code: string) =>
  envelope(`<soapenv:Fault><faultcode>${code}</faultcode><faultstring>x</faultstring></soapenv:Fault>`)
const refusal = (code: string) =>
  result(`<errors><message>&lt;success&gt;true</message><statusCode>${code}</statusCode></errors><success>false</success>`)
const headers = new Headers({ 'content-type': 'text/xml; charset=utf-8' })

test.each<[string, number, string, Verdict]>([
  ['done', 200, result('<id>x</id><success>true</success>'), 'accepted'],
  ['refused', 200, refusal('UNDELETE_FAILED'), 'refused'],
  ['refused for a reason that Salesforce does not know', 200, refusal('UNKNOWN_EXCEPTION'), 'unclear'],
  ['without a session', 500, fault('sf:INVALID_SESSION_ID'), 'refused'],
  ['not understood', 500, fault('soapenv:Client'), 'refused'],
  ['broken down', 500, fault('sf:UNKNOWN_EXCEPTION'), 'unclear'],
  ['broken down elsewhere', 500, fault('soapenv:Server'), 'unclear'],
  ['a page of a proxy', 502, '<html>Bad gateway</html>', 'unclear'],
  ['two results', 200, result('<success>false</success><success>true</success>'), 'unclear'],
  ['nothing', 200, '', 'unclear'],
])('SOAP that is %s', (_, status, text, said) => {
  expect(verdict({ status, headers, json: undefined, text })).toBe(said)
})

describe('through the SDK', () => {
  const tool = salesforce.tools.find(({ name }) => name === 'record_undelete')
  if (tool?.kind !== 'write') throw new Error('no tool')

  test('a session that ended for SOAP is forgotten, and nothing was touched', async () => {
    const harness = await sandboxHarness(salesforce)
    try {
      let body = ''
      const opened = async (cache: Map<string, unknown>, broken: boolean) => {
        const guard = guardedFetch({
          base: harness.base,
          reads: salesforce.reads,
          signIn: salesforce.signIn,
          writes: tool.routes,
          verdict: (answer) => {
            body = answer.text ?? ''
            return verdict(answer)
          },
          loopback: true,
          signal: new AbortController().signal,
          now: () => new Date(),
          random: () => 0,
        })
        const vendor = (await salesforce.open({
          base: harness.base,
          hosts: {},
          fetch: async (input, init) =>
            await guard.fetch(
              input,
              broken && typeof init?.body === 'string'
                ? { ...init, body: init.body.replace(/<urn:sessionId>[^<]*/, '<urn:sessionId>ended') }
                : init,
            ),
          settings: settings.parse(salesforce.sandbox.settings),
          credential: salesforce.sandbox.credential,
          keep: keptInMemory(),
          cache,
        })) as Salesforce
        return { guard, vendor }
      }
      const cache = new Map<string, unknown>()
      const broken = await opened(cache, true)
      await expect(broken.vendor.write.undelete(exampleIds.deletedTask)).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining('ended the hub’s session') as string,
      })
      expect(body).toContain('INVALID_SESSION_ID')
      expect(broken.guard.touched()).toBe('untouched')
      expect(cache.has('session')).toBe(false)
      const whole = await opened(cache, false)
      await whole.vendor.write.undelete(exampleIds.deletedTask)
      expect(whole.guard.touched()).toBe('accepted')
    } finally {
      await harness.close()
    }
  })
})
