// Reads a file that a person wrote, and refuses what is not one: a folder, a pipe, a huge file, one that anybody may change.
import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { failed, type Parsed } from './document.ts'

const largestFileBytes = 1024 * 1024

/**
 * The text of a regular UTF-8 file of at most 1 MiB that not everybody may write. `shown` names it in problems.
 *
 * @param mark whether a byte-order mark is left out or is the first character of the text
 */
export async function readTextFile(
  file: string,
  shown = file,
  mark: 'left out' | 'kept' = 'left out',
): Promise<Parsed<string>> {
  let handle: FileHandle
  try {
    // Without O_NONBLOCK, opening a pipe would wait for somebody to write into it.
    handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  } catch (error) {
    return failed({ file: shown, ...unreadable(error) })
  }
  try {
    return await readOpened(handle, shown, mark === 'kept')
  } catch (error) {
    return failed({ file: shown, ...unreadable(error) })
  } finally {
    await handle.close()
  }
}

async function readOpened(handle: FileHandle, file: string, ignoreBOM: boolean): Promise<Parsed<string>> {
  // What was opened is what is looked at: a check by path could be raced by a rename.
  const status = await handle.stat()
  if (status.isDirectory()) return failed({ file, message: 'It is a folder, not a file.', hint: 'Name the file in it.' })
  if (!status.isFile()) return failed({ file, message: 'It is not an ordinary file.' })
  if (status.size > largestFileBytes)
    return failed({ file, message: 'It is larger than 1 MiB, which no file of this kind is.' })
  if (process.platform !== 'win32' && (status.mode & 0o002) !== 0) {
    return failed({
      file,
      message: 'Everybody on this machine may change it, and so what agents may do.',
      hint: `Run: chmod o-w ${file}`,
    })
  }
  const bytes = Buffer.alloc(status.size + 1)
  let length = 0
  while (length < bytes.length) {
    const { bytesRead } = await handle.read(bytes, length, bytes.length - length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  if (length > status.size) return failed({ file, message: 'It changed while it was read.', hint: 'Try again.' })
  try {
    return { ok: true, value: new TextDecoder('utf-8', { fatal: true, ignoreBOM }).decode(bytes.subarray(0, length)) }
  } catch {
    return failed({ file, message: 'It is not UTF-8 text.', hint: 'Save it as UTF-8.' })
  }
}

function unreadable(error: unknown): { readonly message: string; readonly hint?: string } {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'an unknown error'
  if (code === 'ENOENT') return { message: 'There is no such file.' }
  if (code === 'EACCES' || code === 'EPERM')
    return { message: 'It may not be read by this user.', hint: 'Check its owner and mode.' }
  if (code === 'ENXIO') return { message: 'It is not an ordinary file.' }
  return { message: `It cannot be read (${code}).` }
}
