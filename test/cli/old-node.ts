// Finds a Node on this machine that is too old for Toolgate, as an MCP client would start it.
import { execFileSync } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'

/** The folder of a real Node below 24 in PATH; undefined where there is none. Nothing is faked. */
export function folderOfOldNode(): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(path.delimiter), '/usr/bin', '/usr/local/bin']
  return folders.find((folder) => {
    const node = path.join(folder, 'node')
    if (folder === '' || !existsSync(node) || realpathSync(node) === realpathSync(process.execPath)) return false
    try {
      const version = execFileSync(node, ['--version'], { encoding: 'utf8' })
      return Number(/^v(\d+)/.exec(version)?.[1]) < 24
    } catch {
      return false
    }
  })
}
