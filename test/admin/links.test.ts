// Links to the vendor lead to the configured site over https, or are not there.
import { describe, expect, test } from 'vitest'
import { jira } from '../../connectors/jira/connector.ts'
import { salesforce } from '../../connectors/salesforce/connector.ts'
import { slack } from '../../connectors/slack/connector.ts'
import type { OpenInstance } from '../../src/hub/instances.ts'
import { linkOf } from '../../src/hub/links.ts'
import { requestMessage } from '../../src/hub/slack/blocks.ts'
import type { Connector } from '../../src/kit/connector.ts'
import { askingDesk, held } from '../approvals/desk.ts'

const site = 'https://acme.atlassian.net'
const org = 'https://acme.my.salesforce.com'

function opened(connector: Connector, settings: object, sandbox = false): OpenInstance {
  return { connector, settings, configured: { sandbox } } as unknown as OpenInstance
}

describe('the page of what is changed', () => {
  const atJira = opened(jira, { site, cloud_id: 'b6fd1a1e-0c0c-4c0c-8c0c-0c0c0c0c0c0c' })
  const atSalesforce = opened(salesforce, { instance: org })
  const atSlack = opened(slack, {})
  test.each([
    [atJira, 'jira:issue/OPS-42', `${site}/browse/OPS-42`],
    [atJira, 'jira:issue/OPS-42/comment', `${site}/browse/OPS-42`],
    [atJira, 'jira:issue/OPS-42/comment/10042', `${site}/browse/OPS-42?focusedCommentId=10042`],
    [atJira, 'jira:project/OPS/issue', `${site}/browse/OPS`],
    [atSalesforce, 'sf:Account/001000000000001AAA', `${org}/lightning/r/Account/001000000000001AAA/view`],
    [atSlack, 'slack:channel/C0SUPPORT01', 'https://slack.com/app_redirect?channel=C0SUPPORT01'],
    [atSlack, 'slack:message/C0SUPPORT01/1716000000.000100', 'https://slack.com/app_redirect?channel=C0SUPPORT01'],
  ])('%# %s', (instance, target, address) => {
    expect(linkOf(instance, target)).toBe(address)
  })

  test.each([
    [atJira, 'jira:issue/../../evil'],
    [atJira, 'jira:issue/OPS-42@evil.example'],
    [atJira, 'sf:Account/001000000000001AAA'],
    [atSalesforce, 'sf:Account/new'],
    [atSalesforce, 'sf:flow/Close_Case'],
    [atSlack, 'slack:channel/#general'],
    [atSlack, 'slack:user/U0JONASLIND'],
    [opened(jira, { site }, true), 'jira:issue/OPS-42'],
    [undefined, 'jira:issue/OPS-42'],
  ])('is not there: %# %s', (instance, target) => {
    expect(linkOf(instance, target)).toBeUndefined()
  })

  // UI-01
  test.each([
    'https://evil.example/x',
    'https://acme.atlassian.net.evil.example/x',
    'https://acme.atlassian.net@evil.example/x',
    'https://user:pass@acme.atlassian.net/x',
    'https://acme.atlassian.net:8443/x',
    'http://acme.atlassian.net/x',
    'javascript:alert(1)',
    'data:text/html,x',
    '//acme.atlassian.net/x',
    'not an address',
  ])('of a connector that names %s is not shown', (address) => {
    const rogue = opened({ ...jira, link: () => address }, { site })
    expect(linkOf(rogue, 'jira:issue/OPS-42')).toBeUndefined()
  })
})

test('Slack shows it as a link of its own, with words of the hub', async () => {
  await using desk = await askingDesk()
  const view = await desk.hub.approvals.view(await held(desk))
  const links = (message: { blocks: readonly unknown[] }) =>
    JSON.stringify(message.blocks)
      .match(/\{"type":"link","url":"([^"]+)","text":"([^"]+)"\}/)
      ?.slice(1)
  expect(links(requestMessage(view, undefined, [`${site}/browse/OPS-42`]))).toEqual([
    `${site}/browse/OPS-42`,
    'Open at the vendor',
  ])
  expect(links(requestMessage(view, undefined))).toBeUndefined()
})
