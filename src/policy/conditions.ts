// Conditions written in TypeScript: found beside the policies that may name them, and imported.
import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import type { Condition } from '../kit/policy.ts'
import { readText } from './document.ts'
import type { Problem } from './problem.ts'

export interface Found {
  readonly conditions: ReadonlyMap<string, Condition>
  readonly problems: readonly Problem[]
  /** What was read, for the version of the policy. */
  readonly sources: readonly string[]
}

/** Every `*.ts` in the folders of these files, and the conditions that are handed in; two of one name are a problem. */
export async function findConditions(
  files: readonly string[],
  shown: (path: string) => string,
  given: readonly Condition[],
): Promise<Found> {
  const conditions = new Map(given.map((condition) => [condition.name, condition]))
  const problems: Problem[] = []
  const sources: string[] = []
  for (const path of await conditionFiles(files)) {
    const problem = (sentence: string, hint?: string) =>
      problems.push({ file: shown(path), line: 1, column: 1, sentence, hint })
    // Before anything of it runs: a pipe would stop the hub, and a file that anybody may change is anybody's code.
    const read = await readText(path)
    if ('refused' in read) {
      problem(read.refused.sentence, read.refused.hint)
      continue
    }
    sources.push(`${shown(path)}\n${read.text}`)
    const loaded = await load(path, read.text)
    if ('sentence' in loaded) problem(loaded.sentence)
    else if (loaded.conditions.length === 0)
      problem('The file exports no condition.', 'Export one made by condition({ … }).')
    else
      for (const condition of loaded.conditions) {
        if (conditions.has(condition.name)) problem(`Another condition is called "${condition.name}" already.`)
        conditions.set(condition.name, condition)
      }
  }
  return { conditions, problems, sources }
}

async function conditionFiles(files: readonly string[]): Promise<readonly string[]> {
  const found: string[] = []
  for (const folder of new Set(files.map((file) => dirname(file)))) {
    const names = await readdir(folder).catch(() => [])
    const code = names.filter((name) => /\.[jt]s$/.test(name) && !/\.(test|d)\.[jt]s$/.test(name))
    found.push(...code.toSorted().map((name) => join(folder, name)))
  }
  return found
}

async function load(
  path: string,
  text: string,
): Promise<{ readonly conditions: readonly Condition[] } | { readonly sentence: string }> {
  // The text's digest in the address, so that an edited file is imported anew and an unchanged one is not.
  const edition = createHash('sha256').update(text).digest('hex').slice(0, 16)
  try {
    const module: unknown = await import(/* @vite-ignore */ `${pathToFileURL(path).href}?edition=${edition}`)
    return { conditions: Object.values(module as object).filter(isCondition) }
  } catch (error) {
    return {
      sentence: `The file does not load: ${error instanceof Error ? error.message.split('\n', 1)[0] : 'unknown reason'}.`,
    }
  }
}

const shape = z.object({
  name: z.string().regex(/^[a-z][a-z0-9-]*$/),
  description: z.string().min(1),
  params: z.instanceof(z.ZodObject),
  test: z.function(),
})

function isCondition(value: unknown): value is Condition {
  return shape.safeParse(value).success
}
