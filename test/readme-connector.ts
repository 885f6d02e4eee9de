// Writes the connector of connectors/README.md into a folder inside the package, where `toolgate/kit` resolves.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

export interface ReadmeConnector {
  readonly folder: string
  /** What the compiler says of it, under the rules of this project. */
  typeErrors(): string
  [Symbol.asyncDispose](): Promise<void>
}

export async function readmeConnector(): Promise<ReadmeConnector> {
  const readme = readFileSync(path.join(root, 'connectors/README.md'), 'utf8')
  const code = /```ts\n\/\/ connector\.ts\n([\s\S]*?)\n```/.exec(readme)?.[1]
  if (code === undefined) throw new Error('connectors/README.md shows no connector.ts.')
  // `data` is ignored by git, and is where the hub keeps what comes and goes.
  mkdirSync(path.join(root, 'data'), { recursive: true })
  const folder = mkdtempSync(path.join(root, 'data/readme-'))
  writeFileSync(path.join(folder, 'connector.ts'), code)
  return {
    folder,
    typeErrors: () => compile(folder),
    [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true, force: true }),
  }
}

function compile(folder: string): string {
  writeFileSync(
    path.join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: '../../tsconfig.json', include: ['connector.ts'] }),
  )
  const compiler = path.join(root, 'node_modules/typescript/bin/tsc')
  return spawnSync(process.execPath, [compiler, '-p', folder], { encoding: 'utf8' }).stdout
}
