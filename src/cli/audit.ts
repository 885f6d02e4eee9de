// `toolgate audit`: what happened, in order, and whether anybody changed the record of it.
import { createWriteStream } from 'node:fs'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import process from 'node:process'
import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { InvalidArgumentError, Option } from 'commander'
import type { Command } from 'commander'
import type { Verification } from '../call/verify.ts'
import type { ExportFormat } from '../evidence/settings.ts'
import type { Judgement } from '../evidence/verify.ts'
import type { ChainHead } from '../kit/chain.ts'
import type { AuditEntry } from '../kit/record.ts'
import type { Hub } from '../hub.ts'
import { oneLine } from './escape.ts'
import { exitCodes } from './exit.ts'
import { positiveInteger, print, printJson, reporting, subcommand, table, UsageError, withHub } from './command.ts'
import type { CommonOptions } from './command.ts'

const description = `Reads the audit log: an entry when a call arrives and one when it ends, each bound to the one before by its hash.
Signed checkpoints say how far it had come, and anchors keep them where the hub cannot change them.`

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
    .description('check every entry, every checkpoint, and what the anchors vouch for')
    .option('--database <file>', 'a copy of the database instead of the configured one; needs no configuration')
    .option('--file <file>', 'an export instead of the store; needs no configuration')
    .option('--anchors <file>', 'checkpoints as an anchor holds them, one a line; again for more', several, [])
    .option('--public-key <file>', 'a key that may have signed, as PEM; again for more', several, [])
    .option('--anchor <head>', 'a head that was noted earlier, SEQ:HASH: the chain must still contain it', chainHead)
    .action((given: VerifyOptions) => verify(given, options()))
  audit
    .command('status')
    .description('how far checkpoints, anchors and exports have come')
    .action(() => status(options()))
  audit
    .command('key')
    .description('print the public key that checks checkpoints and receipts; keep it elsewhere')
    .action(() => printKey(options()))
  audit
    .command('receipt')
    .argument('<file>', 'a receipt, or a result that has one in its _meta, as JSON')
    .option('--public-key <file>', 'the key that must have signed it, as PEM; again for more', several, [])
    .description('check that the hub gave this receipt, and that the record says the same')
    .action((file: string, { publicKey }: VerifyOptions) => receipt(file, publicKey, options()))
  audit
    .command('export')
    .description('every entry, one JSON document a line')
    .addOption(new Option('--format <format>', 'as they are, or as OCSF events').choices(['jsonl', 'ocsf']).default('jsonl'))
    .option('--from <number>', 'the first entry', positiveInteger, 1)
    .option('--to <file>', 'into a new file instead of standard output')
    .addOption(new Option('--out <file>', 'the same as --to').hideHelp())
    .action((given: ExportOptions) => exportAll(given, options()))
  audit
    .command('erase')
    .description('erase contents; identities and digests stay, and the chain still proves what was there')
    .option('--principal <person>', 'all that this person did or asked for')
    .option('--before <date>', 'all that is older, as YYYY-MM-DD')
    .action((given: EraseOptions) => erase(given, options()))
  return audit
}

const examples = [
  'toolgate audit',
  'toolgate audit show call_01jd3',
  'toolgate audit verify',
  'toolgate audit verify --database copy.db --anchors anchor.jsonl --public-key audit.pem',
  'toolgate audit export --format ocsf --from 1 --to audit.jsonl',
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
  readonly database?: string
  readonly file?: string
  readonly anchors: readonly string[]
  readonly publicKey: readonly string[]
  readonly anchor?: ChainHead
}

async function verify(given: VerifyOptions, options: CommonOptions): Promise<void> {
  const { database, file, anchors, publicKey } = given
  if (database === undefined && file === undefined) {
    return await withHub(options, async (hub) => {
      const keys = publicKey.length > 0 ? await readKeys(publicKey) : undefined
      const judged = await hub.proof.verify({ anchors, ...(keys && { keys }) })
      report(await withNoted(judged, given, hub), options)
    })
  }
  await reporting(async () => {
    const { verifyDatabase, verifyExport } = await import('../hub/verifying.ts')
    const against = { anchors, keys: publicKey.length > 0 ? await readKeys(publicKey) : undefined }
    if (database !== undefined) return report(await verifyDatabase(database, against), options)
    const judged = await verifyExport(file!, against)
    report([given.anchor === undefined ? judged : await noted(judged, given.anchor, file!)], options)
  })
}

async function readKeys(files: readonly string[]): Promise<readonly string[]> {
  return (await import('../hub/verifying.ts')).readKeys(files)
}

/** A noted head is of the configured tenant: others have chains of their own. */
async function withNoted(judged: readonly Judgement[], { anchor }: VerifyOptions, hub: Hub): Promise<readonly Judgement[]> {
  if (anchor === undefined) return judged
  const { verifyChain } = await import('../call/verify.ts')
  const { tenant } = hub.config()
  const result = await verifyChain(hub.store, tenant, anchor)
  return judged.map((each) => (each.tenant === tenant ? refutedBy(each, result) : each))
}

async function noted(judged: Judgement, anchor: ChainHead, file: string): Promise<Judgement> {
  const { verifyFile } = await import('../call/verify.ts')
  return refutedBy(judged, await verifyFile(file, { anchor }))
}

function refutedBy(judged: Judgement, result: Verification): Judgement {
  if (result.ok) return { ...judged, shows: result.shows }
  const { what, seq, message, lastGood } = result
  return { ...judged, ok: false, head: lastGood, findings: [{ what, seq, message }, ...judged.findings] }
}

function report(results: readonly Judgement[], { json }: CommonOptions): void {
  if (results.some(({ ok }) => !ok)) process.exitCode = exitCodes.failed
  if (json === true) return printJson(results.map(told))
  for (const result of results) {
    const name = oneLine(result.tenant ?? 'nobody')
    const [first, ...more] = result.findings
    if (first === undefined) {
      print(
        `${name}: ${result.entries} entries, the chain is whole.\n  Head: ${result.head.seq}:${result.head.hash}\n  ${oneLine(result.shows)}`,
      )
      continue
    }
    print(
      `${name}: entry ${first.seq} is the first bad one (${first.what}). ${oneLine(first.message)}\n  Last good: ${result.head.seq}:${result.head.hash}`,
    )
    for (const { seq, what, message } of more) print(`  Also at ${seq} (${what}): ${oneLine(message)}`)
  }
}

/** For scripts: what is wrong first, as plain members. */
function told({ head, ...result }: Judgement) {
  const [first] = result.findings
  return first === undefined ? { ...result, head } : { ...result, ...first, lastGood: head }
}

async function status(options: CommonOptions): Promise<void> {
  await withHub(options, async (hub) => {
    const now = await hub.proof.status()
    if (options.json === true) return printJson(now)
    const { head, checkpoint } = now
    print(`${head?.seq ?? 0} entries; the last checkpoint covers ${checkpoint?.count ?? 0}, signed with key ${now.key}.`)
    if (now.anchors.length === 0)
      print(
        'No anchor is configured: whoever can write the database and read the key could rewrite all of it (audit.anchors).',
      )
    const rows = [
      ...now.anchors.map((each) => [
        'anchor',
        each.name,
        String(each.count),
        each.at ?? 'never',
        each.conflict ?? each.problem ?? each.lost ?? '',
      ]),
      ...now.exports.map((each) => ['export', each.name, String(each.seq), each.at ?? 'never', each.problem ?? '']),
    ]
    if (rows.length > 0) print(table(['what', 'name', 'up to', 'since', 'problem'], rows))
    if (now.lagSeconds > 0) print(`The oldest entry that no anchor has heard of has waited for ${now.lagSeconds} s.`)
    if (now.refused.at !== undefined)
      print(`Refused at the door so far, up to ${now.refused.at}: ${refusals(now.refused.total)}.`)
    if (now.refusing !== undefined) print(`Writes are refused: ${now.refusing}`)
  })
}

function refusals(total: Readonly<Record<string, number>>): string {
  return Object.entries(total)
    .map(([reason, count]) => `${reason} ${count}`)
    .join(', ')
}

async function printKey(options: CommonOptions): Promise<void> {
  await withHub(options, async (hub) => {
    const pem = await hub.proof.publicKey()
    if (options.json === true) return printJson({ publicKey: pem })
    process.stdout.write(pem)
  })
}

async function receipt(file: string, keyFiles: readonly string[], options: CommonOptions): Promise<void> {
  await withHub(options, async (hub) => {
    const { checkReceipt } = await import('../hub/receipt-check.ts')
    const keys = keyFiles.length > 0 ? await readKeys(keyFiles) : [await hub.proof.publicKey()]
    const { ok, message } = await checkReceipt(await readText(file), keys, hub.store)
    if (!ok) process.exitCode = exitCodes.failed
    if (options.json === true) return printJson({ ok, message })
    print(oneLine(message))
  })
}

async function readText(file: string): Promise<string> {
  return await readFile(file, 'utf8').catch(() => {
    throw new UsageError(`${file} cannot be read.`)
  })
}

interface EraseOptions {
  readonly principal?: string
  readonly before?: string
}

async function erase({ principal, before }: EraseOptions, options: CommonOptions): Promise<void> {
  const day = before === undefined ? undefined : new Date(`${before}T00:00:00Z`)
  if ((principal === undefined) === (day === undefined) || Number.isNaN(day?.getTime() ?? 0))
    throw new UsageError('Say whose contents go (--principal PERSON), or how old ones (--before YYYY-MM-DD).')
  await withHub(options, async (hub) => {
    const gone = await hub.proof.erase(principal !== undefined ? { principal } : { before: day! })
    if (options.json === true) return printJson(gone)
    print(
      `Erased the contents of ${gone.entries} entries and ${gone.operations} operations. The chain still proves that they were there.`,
    )
  })
}

function several(value: string, before: readonly string[]): readonly string[] {
  return [...before, value]
}

function chainHead(text: string): ChainHead {
  const { seq, hash } = /^(?<seq>\d{1,15}):(?<hash>[0-9a-f]{64})$/.exec(text)?.groups ?? {}
  if (seq === undefined || hash === undefined) throw new InvalidArgumentError('It is SEQ:HASH, as a verification prints it.')
  return { seq: Number(seq), hash }
}

interface ExportOptions {
  readonly format: ExportFormat
  readonly from: number
  readonly to?: string
  readonly out?: string
}

async function exportAll({ format, from, to, out = to }: ExportOptions, options: CommonOptions): Promise<void> {
  await withHub(options, async (hub) => {
    const { lineOf } = await import('../evidence/formats.ts')
    // A file that exists may be the evidence of another day.
    const target: Writable = out === undefined ? process.stdout : createWriteStream(out, { flags: 'wx', mode: 0o600 })
    if (out !== undefined) {
      await once(target, 'open').catch((error: unknown) => {
        const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST'
        throw new UsageError(exists ? `${out} exists already; choose another name.` : `${out} cannot be written.`)
      })
    }
    for await (const entry of hub.store.entries(hub.config().tenant, from)) {
      if (!target.write(`${lineOf(entry, format)}\n`)) await once(target, 'drain')
    }
    if (out === undefined) return
    target.end()
    await finished(target)
    process.stderr.write(`Written to ${oneLine(out)}.\n`)
  })
}
