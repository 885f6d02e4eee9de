// `toolgate secret`: keeps secrets where references find them, lists the references, and looks whether the places work.
import process from 'node:process'
import path from 'node:path'
import { text as readAll } from 'node:stream/consumers'
import { Command } from 'commander'
import type { LoadedConfig } from '../config/load.ts'
import { configPath, print, printJson, reporting, subcommand, table, UsageError } from './command.ts'
import type { CommonOptions } from './command.ts'
import { exitCodes, plainExitCodesHelp } from './exit.ts'

const description = `Secrets are never in the configuration: it holds references, such as keychain:jira. This keeps a secret where a reference
finds it (it is read from standard input, and never shown again), lists the references, and looks whether their places work.`

const examples = [
  'toolgate secret set keychain:jira',
  'printf %s "$TOKEN" | toolgate secret set vaultfile:jira',
  'toolgate secret list',
  'toolgate secret rotate keychain:jira',
  'toolgate secret doctor',
]

export function command(): Command {
  const secret = subcommand('secret', description, examples, plainExitCodesHelp)
  const sub = (name: string, what: string) =>
    new Command(name).description(what).option('--config <path>', 'the configuration file').option('--json', 'print JSON')
  secret.addCommand(sub('set', 'keep a secret, read from standard input').argument('<reference>').action(set))
  secret.addCommand(sub('rotate', 'replace a secret that is there').argument('<reference>').action(rotate))
  secret.addCommand(sub('list', 'list the references of the configuration, and whether each leads to a secret').action(list))
  secret.addCommand(sub('doctor', 'write, read and delete in each place that is used').action(doctor))
  return secret
}

async function set(reference: string, options: CommonOptions, self: Command): Promise<void> {
  await withConfig(options, self, async (config) => {
    await keep(reference, await asked(reference), config)
    print(`${reference} is kept. Name it in the configuration: "credential": "${reference}".`)
  })
}

async function rotate(reference: string, options: CommonOptions, self: Command): Promise<void> {
  await withConfig(options, self, async (config) => {
    const keeper = await keeperOf(config)
    const before = await keeper.read(reference)
    const next = await asked(reference)
    if (next === before)
      throw new UsageError('The new secret is the one that is there already. Get a new one where it comes from.')
    await keep(reference, next, config)
    print(
      `${reference} is replaced. A running hub reads it when the old one is refused, or at the latest when its configuration is read again.`,
    )
  })
}

async function list(options: CommonOptions, self: Command): Promise<void> {
  await withConfig(options, self, async (config, json) => {
    const [keeper, { referencesOf }] = await Promise.all([keeperOf(config), import('../config/references.ts')])
    const rows = await Promise.all(
      referencesOf(config).map(async ({ reference, where }) => {
        const why = await keeper.read(reference).then(
          () => undefined,
          (error: unknown) => (error instanceof Error ? error.message : 'It is not known why.'),
        )
        return { reference, where, found: why === undefined, ...(why !== undefined && { why }) }
      }),
    )
    if (json) printJson(rows)
    else if (rows.length === 0) print('The configuration refers to no secret.')
    else
      print(
        table(
          ['reference', 'used by', 'state'],
          rows.map((row) => [row.reference, row.where, row.why ?? 'found']),
        ),
      )
    if (rows.some(({ found }) => !found)) process.exitCode = exitCodes.failed
  })
}

async function doctor(options: CommonOptions, self: Command): Promise<void> {
  await withConfig(options, self, async (config, json) => {
    const [keeper, { referencesOf }, { healthOfKeychain, healthOfReference, healthOfVaultFile }] = await Promise.all([
      keeperOf(config),
      import('../config/references.ts'),
      import('../hub/secret-health.ts'),
    ])
    const references = new Set(referencesOf(config).map(({ reference }) => reference))
    const used = (place: string) => [...references].some((reference) => reference.startsWith(`${place}:`))
    const others = [...references].filter((reference) => !/^(keychain|vaultfile):/.test(reference))
    const states = await Promise.all([
      healthOfKeychain(),
      ...(used('vaultfile') ? [healthOfVaultFile(config)] : []),
      ...others.map(async (reference) => await healthOfReference(reference, keeper.read)),
    ])
    if (json) printJson(states)
    else
      print(
        table(
          ['place', 'state', 'what it means'],
          states.map(({ place, state, sentence }) => [place, state, sentence]),
        ),
      )
    const needed = states.filter(({ place }) => place !== 'keychain' || used('keychain'))
    if (needed.some(({ state }) => state !== 'ok')) process.exitCode = exitCodes.failed
  })
}

async function keep(reference: string, secret: string, config: LoadedConfig): Promise<void> {
  const [, kind, name = ''] = /^(keychain|vaultfile|file|vault):(.+)$/s.exec(reference) ?? []
  if (kind === 'keychain' && /^[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$/.test(name)) {
    await (await import('../egress/keychain.ts')).writeKeychain(name, secret)
    return
  }
  if (kind === 'vaultfile' && /^[\w./@+=-]{1,400}$/.test(name))
    return await (await configuredVaultFile(config)).write(name, secret)
  if (kind === 'file') {
    const { replaceFile } = await import('../egress/secrets/vault-file.ts')
    return await replaceFile(path.resolve(config.folder, name), secret)
  }
  if (kind === 'vault' && config.secrets.vault) {
    const [{ vault }, { serviceFetch }, { resolveCredential }] = await Promise.all([
      import('../egress/secrets/vault.ts'),
      import('../egress/service.ts'),
      import('../egress/credentials.ts'),
    ])
    const place = config.secrets.vault
    const ask = serviceFetch({ named: () => [place.address], ...config.egress })
    const resolve = (one: string) => resolveCredential(one, { directory: config.folder, env: process.env })
    const [at = '', field = 'value'] = name.split('#')
    return await vault(place, { ask, resolve, now: () => new Date() }).write(at, field, secret)
  }
  throw new UsageError(
    'This can keep a secret at keychain:NAME, vaultfile:NAME, file:PATH and (with "secrets.vault") vault:PATH#FIELD. Set others where they live.',
  )
}

async function asked(reference: string): Promise<string> {
  if (process.stdin.isTTY) process.stderr.write(`Paste the secret for ${reference}, then Enter and Ctrl-D:\n`)
  const secret = (await readAll(process.stdin)).replace(/[\r\n]+$/, '')
  if (secret.trim() === '')
    throw new UsageError('Nothing came on standard input. Give the secret there, never as an argument.')
  return secret
}

async function configuredVaultFile(config: LoadedConfig) {
  const { vaultFileOf } = await import('../hub/secret-health.ts')
  const file = await vaultFileOf(config)
  if (file) return file
  throw new UsageError(
    'The configuration has no vault file. Add "secrets": { "vaultfile": { "passphrase": "env:NAME" } } or a "key".',
  )
}

async function keeperOf(config: LoadedConfig) {
  const { secretsOf } = await import('../hub/secrets.ts')
  return secretsOf(
    () => config,
    process.env,
    () => new Date(),
  )
}

async function withConfig(
  options: CommonOptions,
  self: Command,
  work: (config: LoadedConfig, json: boolean) => Promise<void>,
): Promise<void> {
  await reporting(async () => {
    const all: CommonOptions = { ...self.parent?.opts<CommonOptions>(), ...options }
    const [{ loadConfig }, { problemText }] = await Promise.all([
      import('../config/load.ts'),
      import('../config/problem.ts'),
    ])
    const loaded = await loadConfig(configPath(all))
    if (!loaded.ok) throw new UsageError(...loaded.problems.map(problemText))
    await work(loaded.value, all.json === true)
  })
}
