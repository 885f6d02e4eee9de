// The fault laboratory: `npm run test:faults` takes a representative part in minutes, `-- --full` every write and every byte.
import process from 'node:process'
import { parseArgs } from 'node:util'
import { cutEveryByte } from './bytes.ts'
import type { Tally } from './bytes.ts'
import { crashEverywhere } from './crashes.ts'
import type { CrashTally } from './crashes.ts'
import { ledgerAgainstModel } from './ledger-model.ts'
import { shapes, writes } from './vendors.ts'

const { values } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    only: { type: 'string' },
    seed: { type: 'string' },
  },
})
const wanted = (name: string) => values.only === undefined || values.only.split(',').includes(name)
const violations: string[] = []
const began = performance.now()

if (wanted('model')) await model(values.full ? 50_000 : 10_000)
if (wanted('bytes')) await bytes(values.full ? 1 : 25)
if (wanted('crashes')) await crashes()

console.log(`\n${Math.round((performance.now() - began) / 1000)} s in all.`)
for (const violation of violations) console.log(`VIOLATED  ${violation}`)
console.log(violations.length === 0 ? 'Every promise held.' : `${violations.length} promises did not hold.`)
process.exitCode = violations.length === 0 ? 0 : 1

async function model(sequences: number): Promise<void> {
  heading('The ledger against its model: two processes on one file')
  const seed = values.seed === undefined ? undefined : Number(values.seed)
  const tally = await ledgerAgainstModel(sequences, seed)
  console.log(
    `${tally.sequences} sequences, ${tally.steps} steps (${tally.taken} taken, ${tally.refused} refused), ` +
      `${tally.sends} sends; differences 0, so that fewer than ${bound(tally.sequences)} of such sequences differ (3/n, 95 %). ` +
      `Seed ${tally.seed}.`,
  )
}

async function bytes(step: number): Promise<void> {
  heading(`A write cut at ${step === 1 ? 'every byte' : `every ${step}th byte, and the first and last ten`}`)
  const tallies = await cutEveryByte(step)
  console.table(tallies.map(byteRow))
  const sum = (of: (tally: Tally) => number) => tallies.reduce((all, tally) => all + of(tally), 0)
  const cuts = sum((tally) => tally.cuts)
  const unknown = sum((tally) => tally.unknown)
  console.log(
    `${cuts} cuts: ${percent(unknown, cuts)} answered unknown, ` +
      `${percent(
        sum((tally) => tally.resolved),
        unknown,
      )} of those resolved by asking the vendor. None wrong means fewer than ${bound(cuts)} are (3/n, 95 %).`,
  )
  for (const tally of tallies) {
    hold(tally.wrongFailed === 0, `${tally.tool}: "failed" while the vendor had done it`)
    hold(tally.wrongDone === 0, `${tally.tool}: "done" while the vendor had not`)
    hold(tally.twice === 0, `${tally.tool}: done twice`)
    hold(tally.needlesslyUnknown === 0, `${tally.tool}: unknown although nothing or everything had passed`)
    hold(tally.wronglyResolved === 0, `${tally.tool}: resolved to what is not so`)
    for (const example of tally.examples) console.log(`  ${tally.tool}: ${example}`)
  }
}

async function crashes(): Promise<void> {
  const chosen = values.full ? writes : shapes
  heading(
    `A hub killed at every ${values.full ? '' : 'third '}durable write and moment of a send: ${chosen.length} of ${writes.length} writes`,
  )
  const tallies: CrashTally[] = []
  for (const [from, write] of chosen.entries()) {
    // Each write has other moments, so that all of them are met.
    const tally = await crashEverywhere(write, { every: values.full ? 1 : 3, from })
    tallies.push(tally)
    console.log(
      `${tally.tool} (${tally.shape}): ${tally.kills} kills at ${tally.commits} commits, ` +
        `${tally.syncs ?? 'uncounted'} syncs and ${tally.sends} sends; executions at most ${tally.mostExecutions}`,
    )
    for (const example of tally.examples) console.log(`  ${example}`)
  }
  console.table(tallies.map(crashRow))
  const kills = tallies.reduce((all, tally) => all + tally.kills, 0)
  console.log(`${kills} kills; none wrong means fewer than ${bound(kills)} are (3/n, 95 %).`)
  if (tallies.some(({ syncs }) => syncs === undefined))
    console.log('strace is not here: the disk’s own sync points were not enumerated, only the commits before them.')
  for (const tally of tallies) {
    hold(tally.mostExecutions <= 1, `${tally.tool}: executed ${tally.mostExecutions} times`)
    hold(tally.unsettled === 0, `${tally.tool}: ${tally.unsettled} intents without exactly one outcome`)
    hold(tally.unrecorded === 0, `${tally.tool}: sent without a durable intent`)
    hold(tally.wrong === 0, `${tally.tool}: ${tally.wrong} answers that are not so`)
    hold(tally.brokenChains === 0, `${tally.tool}: ${tally.brokenChains} broken chains`)
  }
}

function byteRow(tally: Tally): object {
  return {
    tool: tally.tool,
    'request bytes': tally.requestBytes,
    'answer bytes': tally.responseBytes,
    cuts: tally.cuts,
    'wrong "failed"': tally.wrongFailed,
    'wrong "done"': tally.wrongDone,
    'needlessly unknown': tally.needlesslyUnknown,
    unknown: tally.unknown,
    resolved: tally.resolved,
  }
}

function crashRow(tally: CrashTally): object {
  return {
    tool: tally.tool,
    commits: tally.commits,
    syncs: tally.syncs,
    sends: tally.sends,
    kills: tally.kills,
    'most executions': tally.mostExecutions,
    'without outcome': tally.unsettled,
    'sent unrecorded': tally.unrecorded,
    wrong: tally.wrong,
    'left unknown': tally.leftUnknown,
  }
}

function heading(text: string): void {
  console.log(`\n== ${text}`)
}

function hold(holds: boolean, promise: string): void {
  if (!holds) violations.push(promise)
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '–' : `${((100 * part) / whole).toFixed(1)} %`
}

/** With no failure in n independent tries, the rate is below 3/n with 95 % confidence (the rule of three). */
function bound(n: number): string {
  return `${((100 * 3) / n).toFixed(3)} %`
}
