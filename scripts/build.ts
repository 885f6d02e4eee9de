// Builds the publishable package into dist/: JavaScript and types, the shipped configuration, and a manifest of its own.
import { execFileSync } from 'node:child_process'
import { chmod, cp, glob, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import { buildAdmin } from '../src/admin/build.ts'

const root = path.resolve(import.meta.dirname, '..')
const dist = path.join(root, 'dist')

await rm(dist, { recursive: true, force: true })
await buildAdmin({ root, outDir: path.join(root, 'dist-admin') })
compile()
await rewriteAddresses()
await copyFiles()
await writeManifest()
console.log(`Built ${path.relative(process.cwd(), dist) || dist}`)

function compile(): void {
  const compiler = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  execFileSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' })
}

/** The compiler rewrites imports from .ts to .js, but not the addresses of worker files. */
async function rewriteAddresses(): Promise<void> {
  const address = /new URL\((['"])(?<file>\.{1,2}\/[^'"]+)\.ts\1, import\.meta\.url\)/g
  for await (const file of glob('**/*.js', { cwd: dist })) {
    const text = await readFile(path.join(dist, file), 'utf8')
    const rewritten = text.replace(address, "new URL('$<file>.js', import.meta.url)")
    if (rewritten !== text) await writeFile(path.join(dist, file), rewritten)
  }
}

async function copyFiles(): Promise<void> {
  for (const file of ['bin', 'mcp.config.json', 'mcp.config.schema.json', 'README.md', 'docs', 'LICENSE']) {
    await cp(path.join(root, file), path.join(dist, file), { recursive: true })
  }
  for await (const file of glob(['policies/**/*.yaml', 'policies/**/*.md', 'connectors/**/*.md'], { cwd: root })) {
    await cp(path.join(root, file), path.join(dist, file))
  }
  await cp(path.join(root, 'dist-admin'), path.join(dist, 'dist-admin'), { recursive: true })
  await chmod(path.join(dist, 'bin', 'toolgate.cjs'), 0o755)
}

async function writeManifest(): Promise<void> {
  const source = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as Record<string, unknown>
  const { name, version, description, license, type, engines, bin, dependencies } = source
  const exports = { './kit': { types: './src/kit.d.ts', default: './src/kit.js' }, './package.json': './package.json' }
  const manifest = { name, version, description, license, type, engines, bin, exports, dependencies }
  await writeFile(path.join(dist, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`)
}
