// `toolgate check`: everything that is wrong with the configuration, the policies and the connectors, with its place.
import process from 'node:process'
import type { Command } from 'commander'
import type { InstanceGrants } from '../hub/grants.ts'
import { configPath, print, printJson, subcommand, withHub } from './command.ts'
import type { CommonOptions } from './command.ts'
import { oneLine } from './escape.ts'
import { exitCodes, plainExitCodesHelp } from './exit.ts'

const description = `Checks the configuration, the policies, the connectors and their tools, and that every credential can be read; says all
that is wrong and where. Nothing is sent anywhere, unless --grants asks the vendors what they grant.`

interface Options extends CommonOptions {
  readonly credentials: boolean
  readonly grants?: boolean
}

export function command(): Command {
  return subcommand(
    'check',
    description,
    ['toolgate check', 'toolgate check --config ./mcp.config.json --json', 'toolgate check --grants'],
    plainExitCodesHelp,
  )
    .option('--no-credentials', 'do not look for the credentials: for a machine that has none')
    .option('--grants', 'also ask each vendor what it grants: what is missing, what is more than needed')
    .option('--json', 'print JSON')
    .action(async (options: Options) => {
      const good = await check(options)
      if (good && options.grants === true) await checkGrants(options)
    })
}

async function check(options: Options): Promise<boolean> {
  const file = configPath(options)
  const { ConfigError, loadVersion } = await import('../hub/version.ts')
  try {
    const { config, version, warnings } = await loadVersion({ configPath: file, vendors: () => unopened })
    if (options.credentials) {
      const { credentialProblems } = await import('../hub/credentials.ts')
      const problems = await credentialProblems(config, process.env)
      if (problems.length > 0) throw new ConfigError(problems)
    }
    if (options.grants === true) return true
    const found = {
      file,
      ok: true,
      instances: config.instances.length,
      tools: version.offers.size,
      policies: config.policies.length,
      warnings,
      problems: [],
    }
    if (options.json === true) return (printJson(found), true)
    for (const warning of warnings) print(`warning: ${oneLine(warning)}`)
    print(`${oneLine(file)} is good: ${found.instances} instances, ${found.tools} tools, ${found.policies} policy files.`)
    return true
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.exitCode = exitCodes.usage
    if (options.json === true) printJson({ file, ok: false, problems: error.problems })
    else for (const problem of error.problems) process.stderr.write(`${oneLine(problem)}\n`)
    return false
  }
}

async function checkGrants(options: Options): Promise<void> {
  await withHub(options, async (hub) => {
    await hub.grants.ask()
    const report = hub.grants.report()
    const lacking = report.some(({ state, missing }) => state === 'failed' || Object.keys(missing).length > 0)
    if (lacking) process.exitCode = exitCodes.failed
    if (options.json === true) return printJson(report)
    for (const line of report.flatMap(grantLines)) print(oneLine(line))
  })
}

function grantLines({ instance, state, account, missing, extra, expiresAt, why }: InstanceGrants): readonly string[] {
  if (state === 'unasked')
    return [`${instance}: what is granted is not asked. ${why ?? ''} toolgate scopes ${instance} says what is needed.`]
  if (state !== 'granted') return [`${instance}: the vendor did not say what it grants. ${why ?? ''}`]
  const lacks = Object.entries(missing)
  return [
    `${instance}: acts as ${account ?? 'somebody'}${expiresAt === undefined ? '' : `, until ${expiresAt}`}`,
    ...lacks.map(
      ([tool, scopes]) => `${instance}: missing for ${tool}, which is hidden: ${scopes.join(', ') || 'a permission'}`,
    ),
    ...(extra.length > 0 ? [`${instance}: warning: granted and not needed: ${extra.join(', ')}`] : []),
    ...(lacks.length === 0 && extra.length === 0 ? [`${instance}: granted is what its tools need, and no more.`] : []),
  ]
}

/** Checking makes no call, so that no vendor is ever opened. */
const unopened = {
  describe: refuse,
  forReading: refuse,
  forWriting: refuse,
}

function refuse(): never {
  throw new TypeError('A configuration that is only checked opens no vendor.')
}
