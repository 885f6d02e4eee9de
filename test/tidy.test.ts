// The shape of the source: who imports whom, no cycles, nothing from outside by the back door, a purpose on every file.
import { glob, readFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { fileProblems, importProblems, importsOf, partOf, type SourceFile } from './tidy/rules.ts'

const root = path.resolve(import.meta.dirname, '..')

async function sources(...patterns: readonly string[]): Promise<readonly SourceFile[]> {
  const found: SourceFile[] = []
  for await (const file of glob([...patterns], { cwd: root })) {
    found.push({ path: file.replaceAll('\\', '/'), text: await readFile(path.join(root, file), 'utf8') })
  }
  return found.sort((left, right) => (left.path < right.path ? -1 : 1))
}

test('every import of the source is an arrow of the architecture, and none closes a circle', async () => {
  const files = await sources('src/**/*.ts', 'connectors/**/*.ts', 'policies/**/*.ts')
  expect(files.length).toBeGreaterThan(20)
  expect(importProblems(files)).toEqual([])
})

test('only the ledger issues receipts', async () => {
  const issuers = (await sources('src/**/*.ts', 'connectors/**/*.ts'))
    .filter(({ text }) => text.includes('Receipt.issue('))
    .map((file) => file.path)
  expect(issuers).toEqual(['src/call/ledger.ts'])
})

test('every file says what it is for, and takes time, chance and the network as parameters', async () => {
  const files = await sources(
    'src/**/*.ts',
    'connectors/**/*.ts',
    'policies/**/*.ts',
    'test/**/*.ts',
    'scripts/**/*.ts',
    'bench/**/*.ts',
    '*.config.ts',
  )
  expect(files.flatMap(fileProblems)).toEqual([])
  expect(files.filter(({ path: file }) => partOf(file) === 'unknown')).toEqual([])
})

const purpose = '// A thing.\n'
const file = (at: string, text: string): SourceFile => ({ path: at, text: purpose + text })

describe('the checker itself sees', () => {
  test.each([
    ['call → store', 'src/call/handle.ts', "import { x } from '../store/sqlite.ts'", 'src/store/sqlite.ts'],
    ['a type import', 'src/call/handle.ts', "import type { X } from '../config/load.ts'", 'src/config/load.ts'],
    [
      'an import over several lines',
      'src/egress/fetch.ts',
      "import {\n  x,\n  y,\n} from '../call/call.ts'",
      'src/call/call.ts',
    ],
    ['a re-export', 'src/kit.ts', "export { x } from './call/call.ts'", 'src/call/call.ts'],
    ['export *', 'src/kit.ts', "export * from './call/call.ts'", 'src/call/call.ts'],
    ['a dynamic import', 'src/serve/http.ts', "const x = await import('../hub.ts')", 'src/hub.ts'],
    ['a type import in place', 'src/serve/http.ts', "const x: import('../hub.ts').Hub = y", 'src/hub.ts'],
    ['an import for its effect', 'src/store/sqlite.ts', "import '../egress/fetch.ts'", 'src/egress/fetch.ts'],
    ['a worker', 'src/store/sqlite.ts', "new Worker(new URL('../egress/fetch.ts', import.meta.url))", 'src/egress/fetch.ts'],
    ['one sibling from another', 'src/sandbox/server.ts', "import { x } from '../egress/fetch.ts'", 'src/egress/fetch.ts'],
    ['the core from a connector', 'connectors/jira/connector.ts', "import { x } from '../../src/kit.ts'", 'src/kit.ts'],
    [
      'one connector from another',
      'connectors/jira/connector.ts',
      "import { x } from '../slack/connector.ts'",
      'connectors/slack/connector.ts',
    ],
    [
      'a connector from the core',
      'src/hub/instances.ts',
      "import { x } from '../../connectors/jira/connector.ts'",
      'connectors/jira/connector.ts',
    ],
    ['the command line from the hub', 'src/hub.ts', "import { x } from './cli/exit.ts'", 'src/cli/exit.ts'],
  ])('%s', (_name, from, text, to) => {
    const problems = importProblems([file(from, text), file(to, '')])
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(`${from} → ${to}`)
  })

  test('packages that a part may not have, and names of ours by which nobody but plug-ins comes in', () => {
    const problemOf = (at: string, text: string) => importProblems([file(at, text)]).join()
    expect(problemOf('src/kit/tool.ts', "import { pino } from 'pino'")).toContain('kit may import zod only')
    expect(problemOf('src/kit/tool.ts', "import { z } from 'zod'\nimport path from 'node:path'")).toBe('')
    expect(problemOf('connectors/jira/connector.ts', "import { x } from 'toolgate/kit'")).toBe('')
    expect(problemOf('connectors/jira/connector.ts', "import { x } from 'toolgate/hub'")).toContain(
      'may not import toolgate/hub',
    )
    expect(problemOf('src/call/handle.ts', "import { x } from 'toolgate/kit'")).toContain('may not import toolgate/kit')
    expect(problemOf('src/call/handle.ts', 'await import(name)')).toContain('cannot be read')
    expect(problemOf('src/call/handle.ts', "import { x } from './gone.ts'")).toContain('is not there')
    expect(problemOf('src/call/handle.ts', "import { x } from './gone.js'")).toContain('does not end in .ts')
  })

  test('an SDK that is loaded before its vendor is opened', () => {
    const problemOf = (text: string) => importProblems([file('connectors/jira/jira.ts', text)]).join()
    expect(problemOf("import { Connection } from '@jsforce/jsforce-node'")).toContain('before the vendor is opened')
    expect(problemOf("import type { Connection } from '@jsforce/jsforce-node'")).toBe('')
    expect(problemOf("const sdk = await import('@jsforce/jsforce-node')")).toBe('')
    expect(problemOf("import { z } from 'zod'\nimport { PassThrough } from 'node:stream'")).toBe('')
  })

  test('a cycle, with its path', () => {
    const files = [
      file('src/call/a.ts', "import { b } from './b.ts'"),
      file('src/call/b.ts', "import { type X, c } from './c.ts'"),
      file('src/call/c.ts', "const a = () => import('./a.ts')"),
    ]
    expect(importProblems(files)).toEqual(['A cycle: src/call/a.ts → src/call/b.ts → src/call/c.ts → src/call/a.ts'])
  })

  test('no cycle in types alone', () => {
    const files = [
      file('src/call/a.ts', "import { b } from './b.ts'"),
      file('src/call/b.ts', "import type { A } from './a.ts'\nimport { type B } from './a.ts'"),
    ]
    expect(importProblems(files)).toEqual([])
  })

  test.each([
    ['Date.now()', 'const now = Date.now()'],
    ['new Date()', 'const now = new Date()'],
    ['new Date', 'const now = new Date\n'],
    ['Math.random', 'const chance = Math.random()'],
    ['fetch', 'const answer = await fetch(url)'],
    ['globalThis.fetch', 'const mine = globalThis.fetch'],
    ['a default export', 'export default 1'],
    ['a named default export', 'export { x as default }'],
  ])('%s', (_name, text) => {
    expect(fileProblems(file('src/call/x.ts', text))).toHaveLength(1)
  })

  test('a file without a purpose', () => {
    expect(fileProblems({ path: 'src/call/x.ts', text: 'export const x = 1\n' })).toHaveLength(1)
  })

  test('nothing where there is nothing', () => {
    const text = `// Date.now() in a comment\nconst at = new Date(now)\nawait options.fetch(url)\nconst text = "import x from 'y'"\n/* import a from './b.ts' */\n`
    expect(fileProblems(file('src/call/x.ts', text))).toEqual([])
    expect(importsOf(text)).toEqual([])
    expect(fileProblems(file('src/hub/x.ts', 'const now = new Date()'))).toEqual([])
  })
})
