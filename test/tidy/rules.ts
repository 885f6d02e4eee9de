// Who may import whom, as data; and what may not stand in a file. The rules that test/tidy.test.ts asks of the source.

export interface SourceFile {
  /** From the root, with slashes: `src/call/handle.ts`. */
  readonly path: string
  readonly text: string
}

/** Which files make a part of the house; the first that fits. */
export const parts: readonly (readonly [part: string, pattern: RegExp])[] = [
  ['test', /\.test\.ts$|^(connectors\/[^/]+\/)?test\//],
  ['kit', /^src\/kit(\.ts$|\/)/],
  ['call', /^src\/call\//],
  ['policy', /^src\/policy\//],
  ['egress', /^src\/egress\//],
  ['identity', /^src\/identity\//],
  ['connect', /^src\/connect\//],
  ['store', /^src\/store\//],
  ['evidence', /^src\/evidence\//],
  ['config', /^src\/config\//],
  ['sandbox', /^src\/sandbox\//],
  ['serve', /^src\/serve\//],
  ['app', /^src\/admin\/app\//],
  ['admin', /^src\/admin\//],
  ['hub', /^src\/hub(\.ts$|\/)/],
  ['cli', /^src\/(main\.ts$|cli\/)/],
  ['connector', /^connectors\//],
  ['policies', /^policies\//],
  ['tooling', /^(scripts|bench)\/|^[^/]+\.config\.ts$/],
]

/** What each part may import of ours, beside itself. A part that is not here may import nothing of ours. */
export const mayImport: Readonly<Record<string, readonly string[]>> = {
  kit: [],
  egress: ['kit'],
  identity: ['kit'],
  connect: ['kit'],
  store: ['kit'],
  config: ['kit'],
  policy: ['kit'],
  sandbox: ['kit'],
  call: ['policy', 'kit'],
  evidence: ['call', 'kit'],
  serve: ['call', 'kit'],
  admin: ['call', 'kit'],
  app: ['admin', 'kit'],
  hub: [
    'serve',
    'admin',
    'call',
    'policy',
    'config',
    'evidence',
    'store',
    'identity',
    'connect',
    'egress',
    'sandbox',
    'kit',
  ],
  cli: [
    'hub',
    'serve',
    'admin',
    'call',
    'policy',
    'config',
    'evidence',
    'store',
    'identity',
    'connect',
    'egress',
    'sandbox',
    'kit',
  ],
  connector: [],
  policies: [],
}

/** Parts that may only import certain packages; node's own modules are free. */
export const onlyPackages: Readonly<Record<string, readonly string[]>> = { kit: ['zod'] }

/** Packages that a connector may load before its vendor is opened; SDKs wait for `open`, so that a hub starts without them. */
const connectorsStartWith = new Set(['zod', 'toolgate/kit'])

/** Where the outside world may be reached without a parameter. */
export const mayReachOutside = new Set(['hub', 'cli', 'app', 'test', 'tooling'])

/** Where a path that is only known at run time may be imported: plug-ins by their names, and a package's own modules. */
export const mayImportByName = new Set(['hub', 'policy', 'test', 'tooling', 'connectors/jira/sdk.ts'])

/** A tool's own name, title and description say what its file is for. */
const namedByPlace = /^connectors\/[^/]+\/tools\/[^/]+\.ts$/

interface Import {
  /** Undefined where it is not a plain text. */
  readonly specifier: string | undefined
  readonly line: number
  /** Gone when the program runs. */
  readonly typesOnly: boolean
  /** Loaded when that line runs, not with the file. */
  readonly lazy: boolean
}

/** Every import of a file: static, of types, re-exports, dynamic, and worker files by address. */
export function importsOf(text: string): readonly Import[] {
  const code = withoutComments(text)
  const found: Import[] = []
  const add = (pattern: RegExp, lazy: boolean) => {
    for (const match of code.matchAll(pattern)) {
      const line = code.slice(0, match.index).split('\n').length
      found.push({ specifier: match.groups?.['specifier'], line, typesOnly: isTypesOnly(match[0]), lazy })
    }
  }
  add(/^\s*(?:import|export)\b(?:[^'"`;()=]*?\bfrom)?\s*(['"])(?<specifier>[^'"]+)\1/gm, false)
  add(/\bimport\s*\(\s*(?:(['"])(?<specifier>[^'"]+)\1\s*[,)]|(?=[^'"\s)]))/g, true)
  add(/\bnew Worker\(\s*new URL\(\s*(['"])(?<specifier>[^'"]+)\1/g, true)
  return found
}

function isTypesOnly(statement: string): boolean {
  if (/^\s*(import|export)\s+type\b/.test(statement)) return true
  const names = /^\s*(?:import|export)\s*\{(?<names>[^}]*)\}/.exec(statement)?.groups?.['names']?.split(',')
  const said = names?.map((name) => name.trim()).filter((name) => name !== '')
  return said !== undefined && said.length > 0 && said.every((name) => name.startsWith('type '))
}

/** What is wrong with one file; each sentence begins with its place. */
export function fileProblems({ path, text }: SourceFile): readonly string[] {
  const part = partOf(path)
  const problems: string[] = []
  if (!namedByPlace.test(path) && !/^(#!.*\n)?\/\/ \S.*\S/.test(text))
    problems.push(`${path}:1 The first line does not say what the file is for.`)
  const code = withoutTexts(withoutComments(text))
  const refuse = (pattern: RegExp, sentence: string) => {
    for (const match of code.matchAll(pattern))
      problems.push(`${path}:${code.slice(0, match.index).split('\n').length} ${sentence}`)
  }
  if (part !== 'tooling')
    refuse(/^\s*export\s+default\b|\bas\s+default\b\s*[,}]/gm, 'A default export has no name to search for.')
  if (!mayReachOutside.has(part)) {
    refuse(/\bDate\.now\s*\(/g, 'Date.now() is not allowed here: take `now` as a parameter.')
    refuse(/\bnew\s+Date\s*(?:\(\s*\)|(?=[;\n,)\]}]))/g, 'new Date() is not allowed here: take `now` as a parameter.')
    refuse(/\bMath\.random\b/g, 'Math.random() is not allowed here: take chance as a parameter.')
    // A file that binds the name itself means its own.
    if (!/(?:[({,]\s*|\b(?:const|let|function)\s+)fetch\b\s*[,:})=?]|\bfunction fetch\b/.test(code)) {
      refuse(/(?<![\w.#$])fetch\s*\(/g, 'The global fetch is not allowed here: take a guarded one as a parameter.')
    }
    refuse(/\b(?:globalThis|global)\.fetch\b/g, 'The global fetch is not allowed here: take a guarded one as a parameter.')
  }
  return problems
}

/** Arrows that the table does not have, and cycles, each with its path. */
export function importProblems(files: readonly SourceFile[]): readonly string[] {
  const known = new Set(files.map(({ path }) => path))
  const arrows = new Map<string, string[]>()
  const problems: string[] = []
  for (const file of files) {
    const targets: string[] = []
    for (const { specifier, line, typesOnly, lazy } of importsOf(file.text)) {
      const problem = arrowProblem(file.path, specifier, known) ?? eagerProblem(file.path, specifier, typesOnly || lazy)
      if (problem !== undefined) problems.push(`${file.path}:${line} ${problem}`)
      const target = specifier?.startsWith('.') ? resolve(file.path, specifier) : undefined
      // Types are gone at run time, and two files of one part may speak of each other's.
      if (target !== undefined && known.has(target) && !typesOnly) targets.push(target)
    }
    arrows.set(file.path, targets)
  }
  return [...problems, ...cyclesIn(arrows).map((cycle) => `A cycle: ${cycle.join(' → ')}`)]
}

function arrowProblem(from: string, specifier: string | undefined, known: ReadonlySet<string>): string | undefined {
  const part = partOf(from)
  if (part === 'test' || part === 'tooling') return undefined
  if (specifier === undefined) {
    return mayImportByName.has(part) || mayImportByName.has(from)
      ? undefined
      : 'What is imported here cannot be read from the source.'
  }
  if (specifier.startsWith('node:')) return undefined
  if (!specifier.startsWith('.')) return packageProblem(part, specifier)
  if (specifier.endsWith('.json')) return undefined
  const target = resolve(from, specifier)
  if (!specifier.endsWith('.ts')) return `${specifier} does not end in .ts.`
  if (!known.has(target)) return `${target} is not there.`
  const other = partOf(target)
  if (other === part && unitOf(from) === unitOf(target)) return undefined
  if (mayImport[part]?.includes(other) === true) return undefined
  return `${part} may not import ${other} (${from} → ${target}).`
}

function packageProblem(part: string, specifier: string): string | undefined {
  const ours = specifier === 'toolgate' || specifier.startsWith('toolgate/')
  if (ours) {
    const outside = part === 'connector' || part === 'policies'
    return outside && specifier === 'toolgate/kit' ? undefined : `${part} may not import ${specifier}.`
  }
  const only = onlyPackages[part]
  if (only === undefined || only.includes(specifier)) return undefined
  return `${part} may import ${only.join(', ')} only, not ${specifier}.`
}

function eagerProblem(from: string, specifier: string | undefined, later: boolean): string | undefined {
  if (later || specifier === undefined || partOf(from) !== 'connector') return undefined
  if (/^(\.|node:)/.test(specifier) || connectorsStartWith.has(specifier)) return undefined
  return `${specifier} is loaded before the vendor is opened: import it where it is used, with await import().`
}

export function partOf(path: string): string {
  return parts.find(([, pattern]) => pattern.test(path))?.[0] ?? 'unknown'
}

/** Connectors do not know of each other. */
function unitOf(path: string): string {
  const [top = '', folder = ''] = path.split('/')
  return top === 'connectors' ? `${top}/${folder}` : partOf(path)
}

function resolve(from: string, specifier: string): string {
  const folders = from.split('/').slice(0, -1)
  for (const step of specifier.split('/')) {
    if (step === '..') folders.pop()
    else if (step !== '.') folders.push(step)
  }
  return folders.join('/')
}

/** Each cycle once, beginning with its first file by name. */
function cyclesIn(arrows: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  const done = new Set<string>()
  const cycles = new Map<string, readonly string[]>()
  const visit = (file: string, trail: readonly string[]): void => {
    const start = trail.indexOf(file)
    if (start >= 0) {
      const cycle = trail.slice(start)
      cycles.set([...cycle].sort().join(), [...cycle, file])
      return
    }
    if (done.has(file)) return
    for (const target of arrows.get(file) ?? []) visit(target, [...trail, file])
    done.add(file)
  }
  for (const file of [...arrows.keys()].sort()) visit(file, [])
  return [...cycles.values()]
}

/** Comments become blanks of the same length, so that places stay; texts stay as they are. */
function withoutComments(text: string): string {
  const pattern = /(?<kept>'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`)|\/\/[^\n]*|\/\*[\s\S]*?\*\//g
  return text.replace(pattern, (match, kept: string | undefined) => kept ?? match.replace(/[^\n]/g, ' '))
}

/** Texts in quotes become empty; templates stay, since code can be in them. */
function withoutTexts(code: string): string {
  return code.replace(/'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g, (match) => `''${' '.repeat(match.length - 2)}`)
}
