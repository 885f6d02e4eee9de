// A credential is a reference; what it names is read with care, and never shown.
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { resolveCredential } from '../../src/egress/credentials.ts'
import { codeOf } from './vendor.ts'

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'toolgate-credentials-'))
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const canary = 'canary-8f3a61c0d2'
const resolve = (reference: string, env: Record<string, string> = {}): Promise<string> =>
  resolveCredential(reference, { directory, env })

function secretFile(name: string, content: string, mode = 0o600): string {
  writeFileSync(join(directory, name), content)
  chmodSync(join(directory, name), mode)
  return `file:${name}`
}

describe('env:', () => {
  test('the variable, without the line break at its end', async () => {
    expect(await resolve('env:JIRA_TOKEN', { JIRA_TOKEN: `${canary}\n` })).toBe(canary)
  })
  test.each([{}, { JIRA_TOKEN: '' }, { JIRA_TOKEN: '\n' }, { JIRA_TOKEN: '  ' }])(
    '%j: the sentence names the variable',
    async (env) => {
      await expect(resolve('env:JIRA_TOKEN', env)).rejects.toThrow(/variable JIRA_TOKEN is not set or empty/)
    },
  )
})

describe('file:', () => {
  test('relative to the configuration; several lines are kept, line breaks at the end are not', async () => {
    expect(await resolve(secretFile('token', `${canary}\r\n\n`))).toBe(canary)
    expect(await resolve(`file:${join(directory, 'token')}`)).toBe(canary)
    expect(await resolve(secretFile('key.pem', 'a\nb\n'))).toBe('a\nb')
  })
  // AUTH-23
  test.each([0o640, 0o604, 0o644, 0o620, 0o602, 0o444])(
    'mode %i lets others in: refused, with the chmod that helps',
    async (mode) => {
      const reference = secretFile('open', canary, mode)
      await expect(resolve(reference)).rejects.toThrow(`chmod 600 ${join(directory, 'open')}`)
      execFileSync('sh', ['-c', `chmod 600 ${join(directory, 'open')}`])
      expect(await resolve(reference)).toBe(canary)
    },
  )
  test('the chmod can be pasted, whatever the file is called', async () => {
    const name = "it's $(odd) file"
    const reference = secretFile(name, canary, 0o644)
    const sentence = await resolve(reference).catch((error: Error) => error.message)
    execFileSync('sh', ['-c', /: (chmod .*)$/.exec(sentence)?.[1] ?? 'false'])
    expect(await resolve(reference)).toBe(canary)
  })
  test('a link is judged by the file that it leads to', async () => {
    secretFile('shared', canary, 0o644)
    symlinkSync(join(directory, 'shared'), join(directory, 'link'))
    await expect(resolve('file:link')).rejects.toThrow(/can be read or changed by other users/)
  })
  test('what is no secret is refused in a sentence', async () => {
    mkdirSync(join(directory, 'folder'), { mode: 0o700 })
    execFileSync('mkfifo', ['-m', '600', join(directory, 'pipe')])
    await expect(resolve('file:folder')).rejects.toThrow(/is not a file/)
    await expect(resolve('file:pipe')).rejects.toThrow(/is not a file/)
    await expect(resolve('file:absent')).rejects.toThrow(/could not be opened/)
    await expect(resolve(secretFile('empty', '\n\n'))).rejects.toThrow(/is empty/)
    await expect(resolve(secretFile('large', 'x'.repeat(70_000)))).rejects.toThrow(/larger than/)
  })
})

// SEC-03: an inspected error holds nothing of it.
describe('a value that is no reference is refused, and not repeated', () => {
  test.each([
    canary,
    `Bearer ${canary}`,
    `env:${canary} x`,
    `env:${canary}`,
    `ENV:${canary}`,
    `\${env:${canary}}`,
    `keychain:${canary}/../x`,
    `keychain:`,
    `vault:${canary}`,
    `https://${canary}`,
    'file:',
    '',
    ' ',
  ])('%s', async (value) => {
    const error: unknown = await resolve(value).catch((cause: unknown) => cause)
    expect(error).toMatchObject({ code: 'unauthenticated', message: expect.stringContaining('is not a reference') })
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(canary)
  })
})

test('every refusal has the code of a credential that does not work', async () => {
  for (const reference of ['env:ABSENT', 'file:absent', canary])
    expect(await codeOf(resolve(reference))).toBe('unauthenticated')
})
