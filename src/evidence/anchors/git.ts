// An anchor in a git repository: one commit for each push, and on to its remote, which should refuse forced pushes.
import { execFile } from 'node:child_process'
import { appendFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { canonical } from '../../kit/json.ts'
import { readCheckpoint } from '../checkpoint.ts'
import type { Anchor } from '../anchor.ts'
import { linesFromEnd } from '../lines.ts'
import type { AnchorSettings } from '../settings.ts'

const run = promisify(execFile)
const fileName = 'checkpoints.jsonl'

/** The folder is a repository already, in which the hub's user may commit and, with `push`, push. */
export function gitAnchor({ name, folder, push }: Extract<AnchorSettings, { to: 'git' }>): Anchor {
  const file = path.join(folder, fileName)
  const git = async (signal: AbortSignal, ...words: readonly string[]) => {
    // No prompt, no hook, no signature: nobody is there to answer, and a repository's own hooks are somebody else's code.
    const quiet = ['-C', folder, '-c', 'core.hooksPath=/dev/null', '-c', 'commit.gpgSign=false']
    const who = ['-c', 'user.name=Toolgate', '-c', 'user.email=toolgate@localhost']
    const env = { ...process.env, GIT_TERMINAL_PROMPT: '0' }
    return (await run('git', [...quiet, ...who, ...words], { signal, env })).stdout
  }
  return {
    name,
    async push(checkpoints, signal) {
      await appendFile(file, checkpoints.map((checkpoint) => `${canonical(checkpoint)}\n`).join(''), { mode: 0o600 })
      await git(signal, 'add', '--', fileName)
      const { count = 0 } = checkpoints.at(-1) ?? {}
      await git(signal, 'commit', '--quiet', '--allow-empty', '-m', `Checkpoint at entry ${count}`, '--', fileName)
      if (push) await git(signal, 'push', '--quiet')
    },
    async last(tenant) {
      for await (const line of linesFromEnd(file)) {
        const checkpoint = readCheckpoint(line)
        if (checkpoint.tenant === tenant) return checkpoint
      }
      return undefined
    },
  }
}
