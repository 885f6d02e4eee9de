// Verifies a database or an export that lies somewhere, with what anchors and public keys are given: no hub is needed.
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { entriesOfFile, linesIn } from '../call/verify.ts'
import { checkExport } from '../evidence/check-export.ts'
import { Checkpoint, kind, readCheckpoint } from '../evidence/checkpoint.ts'
import { trusted } from '../evidence/key.ts'
import type { TrustedKeys } from '../evidence/key.ts'
import { judge } from '../evidence/verify.ts'
import type { Evidenced, Judgement } from '../evidence/verify.ts'
import { openCopy } from '../store/sqlite/copy.ts'

export interface Against {
  /** Files with a checkpoint a line, as a file anchor writes them; text around a checkpoint, as syslog adds it, is skipped. */
  readonly anchors: readonly string[]
  /** As PEM. Undefined: signatures are not checked. */
  readonly keys: readonly string[] | undefined
  /** This one is looked for even when there is nothing of it. */
  readonly tenant?: string
}

/** @throws Error when the database or a file cannot be read */
export async function verifyDatabase(file: string, { anchors, keys, tenant }: Against): Promise<readonly Judgement[]> {
  const copy = openCopy(file)
  try {
    const anchored = await anchoredIn(anchors)
    const held = anchored.flatMap(({ checkpoints }) => checkpoints.map((checkpoint) => checkpoint.tenant))
    const tenants = new Set([...(tenant === undefined ? [] : [tenant]), ...copy.tenants(), ...held])
    const judgements: Judgement[] = []
    for (const each of tenants) {
      const stored = copy.documents(each, kind).map(({ value }) => Checkpoint.parse(value))
      const evidence: Evidenced = {
        tenant: each,
        entries: () => copy.entries(each),
        fast: (counts) => copy.check(each, counts),
        stored,
        anchored,
        keys: keysOf(keys),
      }
      judgements.push(await judge(evidence))
    }
    return judgements
  } finally {
    copy.close()
  }
}

/** An export: an entry a line, as it is or inside an OCSF event. */
export async function verifyExport(file: string, { anchors, keys, tenant }: Against): Promise<Judgement> {
  return await judge({
    tenant,
    entries: () => entriesOfFile(file),
    fast: (counts) => checkExport(file, counts),
    stored: undefined,
    anchored: await anchoredIn(anchors),
    keys: keysOf(keys),
  })
}

export async function readKeys(files: readonly string[]): Promise<readonly string[]> {
  return await Promise.all(files.map((file) => readFile(file, 'utf8')))
}

function keysOf(keys: readonly string[] | undefined): TrustedKeys | undefined {
  return keys && trusted(keys)
}

async function anchoredIn(files: readonly string[]): Promise<Evidenced['anchored']> {
  return await Promise.all(files.map(async (file) => ({ name: file, checkpoints: await checkpointsOf(file) })))
}

async function checkpointsOf(file: string): Promise<readonly Checkpoint[]> {
  const found: Checkpoint[] = []
  for await (const line of linesIn(createReadStream(file, 'utf8'))) {
    const from = line.indexOf('{')
    if (from < 0) continue
    try {
      found.push(readCheckpoint(line.slice(from)))
    } catch {
      // A line that was cut off while it was written; the push was made again.
    }
  }
  return found
}
