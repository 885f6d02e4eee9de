// `toolgate audit`: what happened, in order, and whether anybody changed the record of it.
import { createWriteStream } from 'node:fs'
import { once } from 'node:events'
import process from 'node:process'
import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { InvalidArgumentError } from 'commander'
import type { Command } from 'commander'
import type { Verification } from '../call/verify.ts'
import type { ChainHead } from '../kit/chain.ts'
import type { AuditEntry } from '../kit/record.ts'
import type { Hub } from '../hub.ts'
import { oneLine } from './escape.ts'
import { exitCodes } from './exit.ts'
import { positiveInteger, print, printJson, safeJson, reporting, subcommand, table, UsageError, withHub } from './command.ts'
import type { CommonOptions } from './command.ts'

const description = `Reads the audit log: an entry when a call arrives and one when it ends, each bound to the one before by its hash.`

const codes = `
Exit codes:
  0  done; the chain is whole
  1  the command line or the configuration is wrong
  4  the chain is broken`

export function command(): Command {
  const audit = subcommand('audit', description, examples, codes).option('--json', 'print JSON')
  const options = (): CommonOptions => audit.opts()
  audit
    .command('list', { isDefault: true })
    .description('the newest entries, newest first')
    .option('--limit <count>', 'how many', positiveInteger, 50)
    .action(({ limit }: { readonly limit: number }) => list(limit, options()))
  audit
    .command('show')
    .argument('<call-or-number>', 'the id of a call, or the number of an entry')
    .description('all there is')
    .action((which: string) => show(which, options()))
  audit
    .command('verify')
    .description('check every hash from the first entry to the last')
    .option('--file <file>', 'an export instead of the store')
    .option('--anchor <head>', 'a head that was noted earlier, SEQ:HASH: the chain must still contain it', chainHead)
    .action((given: VerifyOptions) => verify(given, options()))
  audit
    .command('export')
    .description('every entry, one JSON document a line')
    .option('--out <file>', 'into a new file instead of standard output')
    .action(({ out }: { readonly out?: string }) => exportAll(out, options()))
  return audit
}

const examples = [
  'toolgate audit',
  'toolgate audit show call_01jd3',
  'toolgate audit verify',
  'toolgate audit export --out audit.jsonl',
]

async function list(limit: number, options: CommonOptions): Promise<void> {
  await withHub(options, async (hub) => {
    const found = await hub.store.recent(hub.config().tenant, limit)
    if (options.json === true) return printJson(found)
    if (found.length === 0) return print('Nothing happened yet.')
    print(table(['no', 'at', 'what', 'call', 'who', 'tool', 'status'], found.map(row)))
  })
}

function row(entry: AuditEntry): string[] {
  const of = (key: string) => (typeof entry.payload[key] === 'string' ? entry.payload[key] : '')
  return [String(entry.seq), entry.at, entry.kind, entry.call ?? '', of('principal'), of('tool'), of('status')]
}

async function show(which: string, options: CommonOptions): Promise<void> {
  await withHub(options, async (hub) => {
    const found = /^\d+$/.test(which) ? await entryAt(hub, Number(which)) : await hub.store.entriesOf(which)
    const own = found.filter(({ tenant }) => tenant === hub.config().tenant)
    if (own.length === 0) throw new UsageError(`The audit log has no call and no entry ${oneLine(which)}.`)
    printJson(own)
  })
}

async function entryAt(hub: Hub, seq: number): Promise<readonly AuditEntry[]> {
  for await (const entry of hub.store.entries(hub.config().tenant, seq)) return entry.seq === seq ? [entry] : []
  return []
}

interface VerifyOptions {
  readonly file?: string
  readonly anchor?: ChainHead
}

async function verify({ file, anchor }: VerifyOptions, options: CommonOptions): Promise<void> {
  if (file !== undefined) return await reporting(() => verifyExport(file, anchor, options))
  await withHub(options, async (hub) => {
    const { verifyChain } = await import('../call/verify.ts')
    const own = hub.config().tenant
    const tenants = new Set([own, ...(await hub.store.tenants())])
    const results = []
    for (const tenant of tenants) {
      // A noted head is of the configured tenant: others have chains of their own.
      results.push({ tenant, ...(await verifyChain(hub.store, tenant, tenant === own ? anchor : undefined)) })
    }
    report(results, options)
  })
}

async function verifyExport(file: string, anchor: ChainHead | undefined, options: CommonOptions): Promise<void> {
  const { verifyFile } = await import('../call/verify.ts')
  report([{ tenant: file, ...(await verifyFile(file, anchor === undefined ? {} : { anchor })) }], options)
}

function report(results: readonly (Verification & { readonly tenant: string })[], { json }: CommonOptions): void {
  if (results.some(({ ok }) => !ok)) process.exitCode = exitCodes.failed
  if (json === true) return printJson(results)
  for (const result of results) {
    const name = oneLine(result.tenant)
    if (result.ok)
      print(
        `${name}: ${result.entries} entries, the chain is whole.\n  Head: ${result.head.seq}:${result.head.hash}\n  ${oneLine(result.shows)}`,
      )
    else
      print(
        `${name}: entry ${result.seq} is the first bad one (${result.what}). ${oneLine(result.message)}\n  Last good: ${result.lastGood.seq}:${result.lastGood.hash}`,
      )
  }
}

function chainHead(text: string): ChainHead {
  const { seq, hash } = /^(?<seq>\d{1,15}):(?<hash>[0-9a-f]{64})$/.exec(text)?.groups ?? {}
  if (seq === undefined || hash === undefined) throw new InvalidArgumentError('It is SEQ:HASH, as a verification prints it.')
  return { seq: Number(seq), hash }
}

async function exportAll(out: string | undefined, options: CommonOptions): Promise<void> {
  await withHub(options, async (hub) => {
    // A file that exists may be the evidence of another day.
    const target: Writable = out === undefined ? process.stdout : createWriteStream(out, { flags: 'wx', mode: 0o600 })
    if (out !== undefined) {
      await once(target, 'open').catch((error: unknown) => {
        const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST'
        throw new UsageError(exists ? `${out} exists already; choose another name.` : `${out} cannot be written.`)
      })
    }
    for (const tenant of await hub.store.tenants()) {
      for await (const entry of hub.store.entries(tenant)) {
        if (!target.write(`${safeJson(entry)}\n`)) await once(target, 'drain')
      }
    }
    if (out === undefined) return
    target.end()
    await finished(target)
    process.stderr.write(`Written to ${oneLine(out)}.\n`)
  })
}
