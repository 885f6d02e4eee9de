// What checking an access token costs with warm keys, beside the signature alone: CPU time for each, in one process.
import { createLocalJWKSet, exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose'
import { makeGate } from '../src/identity/gate.ts'

const [issuer, resource] = ['https://login.acme.example', 'https://hub.acme.example/mcp']
const rounds = 5
const count = 4000

for (const alg of ['RS256', 'ES256'] as const) {
  const { privateKey, publicKey } = await generateKeyPair(alg)
  const keys = [{ ...(await exportJWK(publicKey)), kid: 'k', alg }]
  const now = Math.floor(Date.now() / 1000)
  const token = await new SignJWT({ scope: 'tools:read tools:write', roles: ['support'], client_id: 'agent' })
    .setProtectedHeader({ alg, kid: 'k', typ: 'at+jwt' })
    .setIssuer(issuer)
    .setAudience(resource)
    .setSubject('lena')
    .setIssuedAt(now)
    .setExpirationTime(now + 3600)
    .sign(privateKey)
  const gate = makeGate({
    issuers: [
      {
        issuer,
        audiences: [resource],
        jwksUri: `${issuer}/keys`,
        algorithms: [alg],
        types: ['at+jwt'],
        skewSeconds: 30,
        dpop: 'accepted',
        clients: false,
        introspection: undefined,
        claims: {
          id: 'sub',
          roles: 'roles',
          tenant: undefined,
          prefix: '',
          roleMap: undefined,
          granted: [],
          tenants: new Map(),
          defaultTenant: 'local',
        },
      },
    ],
    keys: undefined,
    scopes: { read: ['tools:read'], write: ['tools:write'] },
    writes: () => false,
    resource: () => resource,
    ask: async () => ({ status: 200, text: JSON.stringify({ keys }) }),
    now: () => new Date(),
  })
  const find = createLocalJWKSet({ keys })
  const alone = () => jwtVerify(token, find, { issuer, audience: resource, algorithms: [alg] })
  const whole = () => gate.authenticate({ method: 'POST', authorization: `Bearer ${token}`, proof: undefined })
  const [jose, toolgate] = [await best(alone), await best(whole)]
  process.stdout.write(
    `${alg}: ${toolgate.toFixed(3)} ms CPU for a token, ${jose.toFixed(3)} of them the signature (jose alone)\n`,
  )
}

/** The best round, in milliseconds of CPU for each. */
async function best(work: () => Promise<unknown>): Promise<number> {
  let least = Infinity
  for (let round = 0; round < rounds; round += 1) {
    const from = process.cpuUsage()
    for (let at = 0; at < count; at += 1) await work()
    const { user, system } = process.cpuUsage(from)
    least = Math.min(least, (user + system) / 1000 / count)
  }
  return least
}
