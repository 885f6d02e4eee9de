// Builds the app's files into `dist-admin`, with names that change with their content; only when they are older than their sources.
import { createHash } from 'node:crypto'
import { glob, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'

export interface BuildOptions {
  /** The root of the checkout. */
  readonly root: string
  readonly outDir: string
}

const stampName = 'sources.sha256'
const sources = ['src/admin/app/**/*', 'src/admin/{wire,reveal}.ts', 'src/admin/build.ts', 'package-lock.json']

/** @returns whether there was anything to build */
export async function buildAdmin({ root, outDir }: BuildOptions): Promise<boolean> {
  const stamp = await stampOf(root)
  const stampFile = path.join(outDir, stampName)
  if ((await readFile(stampFile, 'utf8').catch(() => '')) === stamp) return false
  const { build } = await import('vite')
  // Two that build at once each make their own, and the later one stays.
  const fresh = `${outDir}.${process.pid}`
  await build({
    root: path.join(root, 'src/admin/app'),
    base: '/admin/',
    configFile: false,
    envDir: false,
    publicDir: false,
    logLevel: 'warn',
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: {
      outDir: fresh,
      emptyOutDir: true,
      target: 'es2022',
      // Everything is a file: the policy of the page allows nothing inline.
      assetsInlineLimit: 0,
      modulePreload: false,
      sourcemap: false,
      reportCompressedSize: false,
    },
  })
  await writeFile(path.join(fresh, stampName), stamp)
  await rm(outDir, { recursive: true, force: true })
  await rename(fresh, outDir).catch(async () => await rm(fresh, { recursive: true, force: true }))
  return true
}

async function stampOf(root: string): Promise<string> {
  const hash = createHash('sha256')
  const files: string[] = []
  for await (const entry of glob(sources, { cwd: root, withFileTypes: true })) {
    if (entry.isFile()) files.push(path.join(entry.parentPath, entry.name))
  }
  for (const file of files.sort())
    hash
      .update(path.relative(root, file))
      .update('\0')
      .update(await readFile(file))
      .update('\0')
  return hash.digest('hex')
}
