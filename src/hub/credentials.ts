// Whether each secret that the configuration refers to can be read; the secrets themselves go nowhere.
import { problemAtPath } from '../config/document.ts'
import type { LoadedConfig } from '../config/load.ts'
import { problemText } from '../config/problem.ts'
import { HubError } from '../kit/error.ts'
import { secretsOf } from './secrets.ts'

/** A sentence with its place for each reference that leads nowhere. */
export async function credentialProblems(
  config: LoadedConfig,
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly string[]> {
  const keeper = secretsOf(
    () => config,
    env,
    () => new Date(),
  )
  const found = await Promise.all(
    config.instances.map(async ({ id, sandbox, credential }) => {
      if (sandbox || credential === undefined) return []
      const why = await keeper.read(credential).then(() => undefined, sentenceOf)
      if (why === undefined) return []
      const message = `The credential of "${id}" cannot be read. ${why}`
      return [problemText(problemAtPath(config.document, ['connectors', id, 'credential'], { message }))]
    }),
  )
  return found.flat()
}

function sentenceOf(error: unknown): string {
  return error instanceof HubError ? error.message : 'It is not known why.'
}
