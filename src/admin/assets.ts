// The built app: a fixed list of files, read at the start, so that no path can lead anywhere else.
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import type { ServerResponse } from 'node:http'
import { Refusal } from './request.ts'

export interface Assets {
  /** The page that starts the app, for every address of it. */
  page(response: ServerResponse, head: boolean): void
  /** @throws Refusal for a name that is none of the files */
  file(name: string, response: ServerResponse, head: boolean): void
}

const types: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** @param folder what the build made: `index.html` and `assets/` */
export async function openAssets(folder: string): Promise<Assets> {
  const page = await readFile(path.join(folder, 'index.html')).catch(() => undefined)
  const names = page === undefined ? [] : await readdir(path.join(folder, 'assets'))
  const known = names.filter((name) => path.extname(name) in types)
  const files = new Map(
    await Promise.all(known.map(async (name) => [name, await readFile(path.join(folder, 'assets', name))] as const)),
  )
  return {
    page(response, head) {
      if (page === undefined) throw new Refusal(503, 'The admin app is not built. Run: npm run build:admin')
      send(response, page, 'text/html; charset=utf-8', 'no-cache', head)
    },
    file(name, response, head) {
      const content = files.get(name)
      if (content === undefined) throw new Refusal(404, 'There is no such file.')
      // The name has the hash of its content, so that it never means another one.
      send(
        response,
        content,
        types[path.extname(name)] ?? 'application/octet-stream',
        'public, max-age=31536000, immutable',
        head,
      )
    },
  }
}

function send(response: ServerResponse, content: Buffer, type: string, cache: string, head: boolean): void {
  response.writeHead(200, { 'content-type': type, 'content-length': content.length, 'cache-control': cache })
  response.end(head ? undefined : content)
}
