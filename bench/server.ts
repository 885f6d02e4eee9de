// One server of the benchmark in a process of its own; its parent asks it for its processor time and memory.
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { NodeStreamableHTTPServerTransport, toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, isLegacyRequest, Server } from '@modelcontextprotocol/server'
import { pino } from 'pino'

export type Variant = 'governed' | 'door' | 'sdk' | 'http'

const log = pino({ level: 'silent' })
const configuration = {
  connectors: { bench: { uses: fileURLToPath(new URL('.', import.meta.url)), sandbox: true } },
  policies: ['policy.yaml'],
  people: { local: { id: 'local', roles: ['member'] } },
  store: 'sqlite:data/toolgate.db',
}

const tool = {
  name: 'bench_text_echo',
  description: 'Gives back the text that it gets.',
  inputSchema: { type: 'object' as const, properties: { text: { type: 'string' } }, required: ['text'] },
}

function echo({ text }: { readonly text: string }) {
  return { content: [{ type: 'text' as const, text: JSON.stringify({ text }) }], structuredContent: { text } }
}

interface Started {
  readonly url: string
  readonly close: () => Promise<void>
}

const starts: Record<Variant, () => Promise<Started>> = {
  governed: startGoverned,
  door: startDoor,
  sdk: startSdk,
  http: startHttp,
}

const { url, close } = await starts[process.argv[2] as Variant]()
process.send?.({ url })
process.on('message', (message) => {
  if (message === 'stop') void close().then(() => process.exit(0))
  else process.send?.(usage(message === 'collect'))
})

function usage(collect: boolean) {
  if (collect) gc?.()
  const { user, system } = process.cpuUsage()
  const { rss, heapUsed } = process.memoryUsage()
  return { cpuUs: user + system, rssBytes: rss, liveBytes: collect ? heapUsed : 0 }
}

/** The hub as it runs, with 20 policy rules and its audit on. */
async function startGoverned() {
  const { openHub } = await import('../src/hub.ts')
  const { serveHttp } = await import('../src/serve/http.ts')
  const folder = mkdtempSync(path.join(tmpdir(), 'toolgate-bench-'))
  const configPath = path.join(folder, 'mcp.config.json')
  writeFileSync(path.join(folder, 'policy.yaml'), twentyRules())
  writeFileSync(configPath, JSON.stringify(configuration))
  const hub = await openHub({ configPath, log })
  const door = await serveHttp({
    dispatcher: hub.dispatcher,
    principalOf: async () => hub.person(),
    host: '127.0.0.1',
    port: 0,
    sessionIdleMs: 60_000,
    maxSessions: 100,
    log,
    now: () => new Date(),
  })
  return {
    url: door.url,
    async close() {
      await door.close()
      await hub.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** The hub's own HTTP door with the bare answer behind it: what the door costs, and what the pipeline adds. */
async function startDoor() {
  const { serveHttp } = await import('../src/serve/http.ts')
  const principal = { tenant: 'default', id: 'local', roles: ['member'] }
  return await serveHttp({
    dispatcher: {
      instructions: '',
      tools: () => [tool],
      call: async ({ arguments: given }) => echo(given as { readonly text: string }),
      onToolsChanged: () => () => undefined,
      unready: () => undefined,
    },
    principalOf: async () => principal,
    host: '127.0.0.1',
    port: 0,
    sessionIdleMs: 60_000,
    maxSessions: 100,
    log,
    now: () => new Date(),
  })
}

/** One that allows, and 19 that are looked at for every call and stay silent. */
function twentyRules(): string {
  const silent = Array.from(
    { length: 19 },
    (_, index) => `  - deny: "bench_*"\n    when: args.text == "forbidden ${index}" && principal.id != "nobody"\n`,
  )
  return `rules:\n  - allow: "*"\n    who: role:member\n${silent.join('')}`
}

/** The bare low-level server of the SDK, both eras, with the same tool and no policy. */
async function startSdk() {
  const factory = () => {
    const server = new Server({ name: 'bare', version: '1' }, { capabilities: { tools: {} } })
    server.setRequestHandler('tools/list', () => ({ tools: [tool] }))
    server.setRequestHandler('tools/call', ({ params }) => echo(params.arguments as { readonly text: string }))
    return server
  }
  const modern = toNodeHandler(createMcpHandler(factory, { legacy: 'reject' }))
  const sessions = new Map<string, NodeStreamableHTTPServerTransport>()
  return await listen(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'))
    const headers = new Headers(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
    const asked = new Request(`http://127.0.0.1${request.url}`, { method: 'POST', headers, body: JSON.stringify(body) })
    // The SDK's type wants every optional property to be absent rather than undefined; Node's own request is what it is for.
    if (!(await isLegacyRequest(asked, body))) return await modern(request as Parameters<typeof modern>[0], response, body)
    const known = sessions.get(String(request.headers['mcp-session-id']))
    if (known) return await known.handleRequest(request, response, body)
    const transport: NodeStreamableHTTPServerTransport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: () => crypto.randomUUID(),
      onsessioninitialized: (id) => void sessions.set(id, transport),
    })
    await factory().connect(transport)
    await transport.handleRequest(request, response, body)
  })
}

/** What the machine can do at all: JSON in, JSON out. */
async function startHttp() {
  return await listen(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { id, params } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as {
      id: number
      params?: { arguments?: { text: string } }
    }
    const result = { content: [{ type: 'text', text: params?.arguments?.text ?? '' }] }
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ jsonrpc: '2.0', id, result }))
  })
}

async function listen(handler: (...parameters: Parameters<RequestListener>) => Promise<unknown>) {
  const server = createServer((request, response) => void handler(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    async close() {
      server.closeAllConnections()
      server.close()
    },
  }
}
