// A certificate for a name, made by openssl for one test.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

export function certificateFor(name: string): { readonly cert: string; readonly key: string } {
  const folder = mkdtempSync(path.join(tmpdir(), 'toolgate-cert-'))
  const [cert, key] = [path.join(folder, 'c.pem'), path.join(folder, 'k.pem')]
  const more = ['-days', '2', '-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`]
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-keyout',
      key,
      '-out',
      cert,
      ...more,
    ],
    { stdio: 'ignore' },
  )
  const made = { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') }
  rmSync(folder, { recursive: true })
  return made
}
