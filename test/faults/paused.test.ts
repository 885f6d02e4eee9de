// IDEM-15: a hub that stands still at any of its durable writes while another takes over, and then goes on (SIGSTOP, SIGCONT).
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { resetSandbox } from '../../src/sandbox/admin.ts'
import { count, laterMs, newHub, quiet, readStory, run } from './crashes.ts'
import type { Bench } from './crashes.ts'
import { vendorLab, writes } from './vendors.ts'

test.skipIf(process.platform !== 'linux')(
  'whoever stood still sends nothing that another has settled, and nothing is done twice',
  async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'toolgate-paused-'))
    const vendorFile = path.join(folder, 'vendors.db')
    const lab = await vendorLab(vendorFile, () => new Date())
    const write = writes.find(({ name }) => name === 'jira_comment_add')!
    const bench: Bench = { write, lab, vendorFile, folder }
    const { commits, sends } = await count(bench)
    // Not the first, which prepares the database: whoever comes meanwhile waits, and says for whom (test/store).
    const moments = Array.from({ length: commits - 1 }, (_, index) => [`before:${index + 2}`, `after:${index + 2}`]).flat()
    const wrong: unknown[] = []
    let stopped = 0
    for (const at of moments) {
      const hub = newHub()
      const before = lab.changes()
      const first = run(bench, hub, { at, signal: 'SIGSTOP' })
      if (await hasStopped(first.child.pid!, first.ended)) stopped += 1
      const other = (await run(bench, hub, undefined, [], { aheadMs: laterMs, ask: true }).ended).said
      first.child.kill('SIGCONT')
      const own = (await first.ended).said
      await quiet()
      const last = (await run(bench, hub, undefined, [], { aheadMs: 2 * laterMs, ask: true }).ended).said
      const executed = lab.changes() - before
      const story = await readStory(hub, Date.now())
      const done = (said: typeof own) => ['done', 'reconciled'].includes(stateOf(said) ?? '')
      const holds =
        executed <= sends &&
        story.chainHolds &&
        [own, other, last].every((said) => !done(said) || executed === sends) &&
        (stateOf(last) !== 'failed' || executed === 0)
      if (!holds) wrong.push({ at, executed, own: own?.answer, other: other?.answer, last: last?.answer, story })
      rmSync(hub, { recursive: true, force: true })
      resetSandbox(vendorFile)
    }
    await lab.close()
    rmSync(folder, { recursive: true, force: true })
    console.log(
      `a hub stood still at ${stopped} of ${moments.length} moments of ${commits} durable writes; wrong ${wrong.length}`,
    )
    expect(wrong).toEqual([])
    expect(stopped).toBeGreaterThanOrEqual(moments.length - 2)
  },
  120_000,
)

function stateOf(
  said: { readonly answer: { readonly status: string }; readonly asked?: { readonly result?: unknown } } | undefined,
) {
  return (said?.asked?.result as { readonly state?: string } | undefined)?.state ?? said?.answer.status
}

/** Whether it stands still; false where it ended before its moment came. */
async function hasStopped(pid: number, ended: Promise<unknown>): Promise<boolean> {
  for (;;) {
    const state = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : ''
    if (/\) T /.test(state)) return true
    if (state === '' || /\) Z /.test(state) || (await Promise.race([ended.then(() => true), sleep(10)])) === true)
      return false
  }
}
