// Where a SQLite database may lie: several processes on one file count on locks and memory that only one machine shares.
import { readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'

/** As Linux names them, proc(5). */
const networked =
  /^(nfs4?|cifs|smb3|smbfs|afs|coda|ceph|lustre|fuse\.(sshfs|glusterfs|ceph\S*|s3fs|mount-s3|rclone|gcsfuse|goofys|juicefs|blobfuse2?|davfs2?))$/

/**
 * @throws Error with a sentence where the file would lie on another machine: there two hubs on one file each believe that
 *   they are alone, https://www.sqlite.org/wal.html#overview. Noticed on Linux, and of shares that Windows names `\\…`.
 */
export function refuseNetwork(file: string): void {
  const type = networkOf(file)
  if (type === undefined) return
  throw new Error(
    `The database ${file} would lie on a network file system (${type}), where two hubs can each believe that they alone hold it. ` +
      'Nothing was made there. Set `store` to a file on a disk of this machine.',
  )
}

function networkOf(file: string): string | undefined {
  if (process.platform === 'win32') return file.startsWith('\\\\') ? 'a share' : undefined
  if (process.platform !== 'linux') return undefined
  const device = deviceOf(file)
  return mounts()
    .filter((mount) => mount.device === device)
    .map(({ type }) => type)
    .find((type) => networked.test(type))
}

/** Of the file, or of the nearest folder that is there. */
function deviceOf(file: string): number {
  const found = statSync(file, { throwIfNoEntry: false })
  return found ? found.dev : deviceOf(path.dirname(file))
}

/** Without `/proc`, nothing is known of any. */
function mounts(): readonly { readonly device: number; readonly type: string }[] {
  try {
    return readFileSync('/proc/self/mountinfo', 'utf8').trimEnd().split('\n').map(mountOf)
  } catch {
    return []
  }
}

function mountOf(line: string): { readonly device: number; readonly type: string } {
  const [place = '', kind = ''] = line.split(' - ', 2)
  const [major = 0, minor = 0] = place.split(' ', 3)[2]?.split(':').map(Number) ?? []
  // The number that stat(2) gives for it, makedev(3).
  return { device: major * 256 + (minor % 256) + (minor - (minor % 256)) * 4096, type: kind.split(' ', 1)[0]! }
}
