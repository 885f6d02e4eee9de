// `npm run bench:tokens`: what a model reads before its first call, and in the answer to a large search.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { pathToFileURL } from 'node:url'
import { Tiktoken } from 'js-tiktoken/lite'
import encoding from 'js-tiktoken/ranks/o200k_base'
import { textOf, wireTool } from '../src/call/wire.ts'
import type { Offer } from '../src/call/call.ts'
import { openHub } from '../src/hub.ts'
import { aside } from '../src/hub/aside.ts'
import type { Hub } from '../src/hub.ts'

const root = path.resolve(import.meta.dirname, '..')
const tokenizer = new Tiktoken(encoding)
const bounds = { vendorTools: 24, listTokens: 6000, searchTokens: 4000 }

/** `tools/list` of others, as published: tools and characters. Measured over stdio with their own clients' SDK. */
const peers = [
  ['@salesforce/mcp 0.30.15 --toolsets all', 74, 112_524],
  ['@salesforce/mcp 0.30.15, data, orgs, metadata, users', 7, 13_075],
  ['@notionhq/notion-mcp-server 2.5.2', 24, 76_215],
  ['@hubspot/mcp-server 0.4.0', 21, 40_245],
  ['@tsmztech/mcp-server-salesforce 0.0.6', 15, 25_569],
  ['slack-mcp-server 1.3.0, as it comes', 18, 19_015],
  ['slack-mcp-server 1.3.0, with posting', 22, 22_726],
  ['@aashari/mcp-server-atlassian-jira 3.3.0', 5, 13_355],
  ['@modelcontextprotocol/server-slack', 8, 3_116],
] as const

export interface Size {
  readonly characters: number
  /** By the tokenizer of current OpenAI models (o200k_base); others count within a tenth of it. */
  readonly tokens: number
}

export function sizeOf(text: string): Size {
  return { characters: text.length, tokens: tokenizer.encode(text).length }
}

/** Each tool that the shipped configuration offers, as a client gets it. */
export function listed(hub: Hub): readonly (Size & { readonly offer: Offer })[] {
  const on = [...hub.current().offers.values()].filter(({ state }) => state === 'on')
  return on.map((offer) => ({ offer, ...sizeOf(JSON.stringify(wireTool(offer))) }))
}

/** The answer to a search that finds 50 issues, on the sandbox. */
export async function searchOf50(hub: Hub): Promise<Size & { readonly rows: number }> {
  const ask = async (tool: string, args: object) => {
    const answer = await hub.call({ door: 'test', principal: hub.person(), tool, arguments: args })
    if (answer.status !== 'done') throw new Error(`${tool} was ${answer.status}: ${answer.message}`)
    return answer
  }
  for (let index = 0; index < 50; index += 1) {
    const summary = `The export of appointments stops at row ${index * 37} for practices with several calendars`
    await ask('jira_issue_create', { project: 'SUP', type: 'Bug', summary })
  }
  const answer = await ask('jira_issue_search', { projects: ['SUP'], limit: 50 })
  const rows = Object.values(answer.result ?? {}).find((value) => Array.isArray(value)) ?? []
  return { rows: rows.length, ...sizeOf(textOf(answer)) }
}

/** The shipped configuration, with a store that goes away. */
export async function withShipped(work: (hub: Hub) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'toolgate-tokens-'))
  // Everything is allowed: it is sizes that are measured, not policies.
  writeFileSync(path.join(folder, 'policy.yaml'), 'rules:\n  - allow: "*"\n')
  const hub = await openHub({
    configPath: path.join(root, 'mcp.config.json'),
    adjust: (config) => ({ ...aside(config, folder), policies: [path.join(folder, 'policy.yaml')] }),
  })
  try {
    await work(hub)
  } finally {
    await hub.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function main(): Promise<void> {
  await withShipped(async (hub) => {
    const tools = listed(hub).toSorted((left, right) => right.tokens - left.tokens)
    const total = sizeOf(`[${tools.map(({ offer }) => JSON.stringify(wireTool(offer))).join()}]`)
    const vendorTools = tools.filter(({ offer }) => offer.facts.connector !== 'hub').length
    console.log(`\ntools/list of the shipped configuration, profile "${hub.config().profile ?? 'none'}"\n`)
    console.log(row('tool', 'chars', 'chars/4', 'tokens'))
    for (const { offer, characters, tokens } of tools) console.log(row(offer.name, characters, quarter(characters), tokens))
    const name = `${vendorTools} tools and ${tools.length - vendorTools} of the hub`
    console.log(row(name, total.characters, quarter(total.characters), total.tokens))

    console.log('\nOthers, for comparison\n')
    console.log(row('server', 'chars', 'chars/4', 'tools'))
    for (const [server, count, characters] of peers) console.log(row(server, characters, quarter(characters), count))

    const search = await searchOf50(hub)
    console.log(
      `\nA search of ${search.rows} Jira issues answers in ${search.tokens} tokens (${search.characters} characters).\n`,
    )

    const broken = [
      [vendorTools <= bounds.vendorTools, `more than ${bounds.vendorTools} tools`],
      [total.tokens < bounds.listTokens, `a list of ${bounds.listTokens} tokens or more`],
      [search.rows === 50 && search.tokens < bounds.searchTokens, `a search of 50 in ${bounds.searchTokens} tokens or more`],
    ].filter(([holds]) => holds !== true)
    for (const [, what] of broken) console.error(`Over the bound: ${String(what)}.`)
    if (broken.length > 0) process.exitCode = 1
  })
}

function row(name: string, ...figures: readonly (string | number)[]): string {
  return [name.padEnd(54), ...figures.map((figure) => String(figure).padStart(8))].join(' ')
}

function quarter(characters: number): number {
  return Math.ceil(characters / 4)
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await main()
