// A real network file system, over pipes instead of a network: sshfs and the server that ssh would have started.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'

export interface NetworkDisk {
  /** What it shows, under its own name on the server. */
  readonly behind: string
  /** Where it is mounted. */
  readonly folder: string
  release(): void
}

const server = '/usr/lib/openssh/sftp-server'

/** Undefined where this machine has no sshfs, or lets nobody mount with it. */
export async function mountNetworkDisk(): Promise<NetworkDisk | undefined> {
  if (!existsSync(server) || spawnSync('sshfs', ['--version']).status !== 0) return undefined
  const behind = mkdtempSync(path.join(tmpdir(), 'toolgate-far-'))
  const folder = mkdtempSync(path.join(tmpdir(), 'toolgate-mounted-'))
  // Not through this process: it may wait for what is on the disk, and then nobody would hand it on.
  const pipes = `mkfifo "${behind}-up" "${behind}-down"; "${server}" <"${behind}-up" >"${behind}-down" & exec sshfs ":${behind}" "${folder}" -f -o passive >"${behind}-up" <"${behind}-down"`
  const client = spawn('sh', ['-c', pipes], { stdio: 'ignore', detached: true })
  const release = () => {
    spawnSync('umount', ['--lazy', folder])
    // Both of them: they are a group of their own.
    if (client.exitCode === null) process.kill(-client.pid!, 'SIGKILL')
    for (const gone of [folder, behind, `${behind}-up`, `${behind}-down`]) rmSync(gone, { recursive: true, force: true })
  }
  const plain = statSync(tmpdir()).dev
  for (let waited = 0; waited < 100; waited += 1) {
    if (statSync(folder).dev !== plain) return { behind, folder, release }
    if (client.exitCode !== null) break
    await sleep(50)
  }
  release()
  return undefined
}
