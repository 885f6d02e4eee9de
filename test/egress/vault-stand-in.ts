// A stateful stand-in for HashiCorp Vault: KV version 2, tokens, AppRole, leases, seal and 403. Its real binary is not used.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface VaultStandIn {
  readonly url: string
  readonly data: Map<string, Record<string, string>>
  readonly tokens: Set<string>
  readonly asked: string[]
  sealed: boolean
  /** The process is gone: connections are cut. */
  down: boolean
  leaseSeconds: number
  logins: number
  close(): Promise<void>
}

export async function vaultStandIn(): Promise<VaultStandIn> {
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      const path = new URL(request.url ?? '', 'http://x').pathname
      vault.asked.push(`${request.method} ${path}`)
      if (vault.down) {
        request.socket.destroy()
        return
      }
      const [status, answer] = answerTo(request.method ?? '', path, String(request.headers['x-vault-token'] ?? ''), body)
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))

  function answerTo(method: string, path: string, token: string, body: string): readonly [number, unknown] {
    if (vault.sealed) return [503, { errors: ['Vault is sealed'] }]
    if (path === '/v1/auth/approle/login') {
      const { role_id: role, secret_id: secret } = JSON.parse(body) as Record<string, string>
      if (role !== 'role-1' || secret !== 'secret-id-1') return [400, { errors: ['invalid role or secret ID'] }]
      vault.logins += 1
      const fresh = `hvs.login-${vault.logins}`
      vault.tokens.add(fresh)
      return [200, { auth: { client_token: fresh, lease_duration: 60 } }]
    }
    if (!vault.tokens.has(token)) return [403, { errors: ['permission denied'] }]
    const name = path.replace('/v1/secret/data/', '')
    if (method === 'POST') {
      vault.data.set(name, (JSON.parse(body) as { data: Record<string, string> }).data)
      return [200, { data: { version: 2 } }]
    }
    const found = vault.data.get(name)
    if (!found) return [404, { errors: [] }]
    return [200, { lease_duration: vault.leaseSeconds, data: { data: found, metadata: { version: 1 } } }]
  }

  const vault: VaultStandIn = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    data: new Map(),
    tokens: new Set(['hvs.root']),
    asked: [],
    sealed: false,
    down: false,
    leaseSeconds: 0,
    logins: 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return vault
}
