// `npm run bench`: what governance costs. Loopback only, bounded in time.
import { execFileSync, fork, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import autocannon from 'autocannon'
import type { Variant } from './server.ts'

const seconds = Number(process.env['BENCH_SECONDS'] ?? 2)
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 3)
const starts = Number(process.env['BENCH_STARTS'] ?? 20)
const warmUpSeconds = 3
const root = fileURLToPath(new URL('..', import.meta.url))

const common = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
const params = { name: 'bench_text_echo', arguments: { text: 'hello' } }

type Era = '2025-11-25' | '2026-07-28'
const eras = ['2025-11-25', '2026-07-28'] as const satisfies readonly Era[]
const concurrencies = [1, 32]

interface Figure {
  readonly variant: Variant
  readonly era: Era
  readonly concurrency: number
  readonly callsPerSecond: number
  readonly cpuUs: number
  readonly p50Ms: number
  readonly p99Ms: number
}

interface Server {
  readonly variant: Variant
  readonly child: ChildProcess
  readonly shapes: Readonly<Record<Era, Shape>>
  readonly url: string
  /** After each load, in order. */
  readonly rssBytes: number[]
  liveBytes: number
}

const servers: Server[] = []
for (const variant of ['governed', 'door', 'sdk', 'http'] as const) servers.push(await start(variant))
const figures: Figure[] = []
// Round by round, so that whatever else the machine does falls on all of them alike.
for (let round = 0; round < rounds; round += 1) {
  for (const era of eras) {
    for (const concurrency of concurrencies) for (const server of servers) await measure(server, era, concurrency)
  }
}

console.log(`
A trivial read through the whole pipeline: 20 policy rules, audit on, one process each. The median of ${rounds} rounds of ${seconds} s;
the processor time is that of the whole process, with its threads. Node ${process.version}.

governed: the hub. door: its HTTP door alone. sdk: the bare SDK's server. http: node:http without any protocol.
`)
console.log('                          |    calls/s |  CPU µs/call | p50 ms | p99 ms | CPU against the bare SDK')
for (const { variant } of servers) {
  for (const era of eras) for (const concurrency of concurrencies) console.log(line(variant, era, concurrency))
}
console.log('\nMemory: live heap after the warm-up and at the end, and resident memory after each load:')
for (const server of servers) await memory(server)
await startUp()

async function start(variant: Variant): Promise<Server> {
  const child = fork(fileURLToPath(new URL('server.ts', import.meta.url)), [variant], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    execArgv: ['--expose-gc'],
  })
  const [{ url }] = (await once(child, 'message')) as [{ url: string }]
  const shapes = { '2025-11-25': await legacy(url, variant), '2026-07-28': modern() }
  console.error(`… warming up ${variant}`)
  for (const era of eras) await load(url, shapes[era], 32, warmUpSeconds)
  const { liveBytes } = await ask(child, 'collect')
  return { variant, child, shapes, url, rssBytes: [], liveBytes }
}

async function measure({ variant, child, url, shapes, rssBytes }: Server, era: Era, concurrency: number): Promise<void> {
  console.error(`… ${variant}, ${era}, ${concurrency} at once`)
  const before = await ask(child, 'usage')
  const result = await load(url, shapes[era], concurrency, seconds)
  const after = await ask(child, 'usage')
  rssBytes.push(after.rssBytes)
  const calls = result['2xx']
  const wrong = result.non2xx + result.errors + (result as unknown as { mismatches: number }).mismatches
  if (wrong > 0) throw new Error(`${variant} ${era}: ${wrong} of ${calls} answers were wrong.`)
  figures.push({
    variant,
    era,
    concurrency,
    callsPerSecond: calls / result.duration,
    cpuUs: (after.cpuUs - before.cpuUs) / calls,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
  })
}

interface Usage {
  readonly cpuUs: number
  readonly rssBytes: number
  /** What is left on the heap after a collection; 0 unless it was asked for. */
  readonly liveBytes: number
}

async function ask(child: ChildProcess, what: 'usage' | 'collect'): Promise<Usage> {
  child.send(what)
  const [usage] = (await once(child, 'message')) as [Usage]
  return usage
}

async function memory({ variant, child, rssBytes, liveBytes }: Server): Promise<void> {
  const end = await ask(child, 'collect')
  const resident = rssBytes.map((bytes) => mib(bytes)).join(' ')
  console.log(`  ${variant.padEnd(9)}live ${mib(liveBytes)} → ${mib(end.liveBytes)} MiB; resident ${resident} MiB`)
  child.send('stop')
  await once(child, 'exit')
}

interface Shape {
  readonly headers: Record<string, string>
  readonly body: string
}

function modern(): Shape {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1' },
  }
  const headers = { ...common, 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': params.name }
  return {
    headers,
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { ...params, _meta: meta } }),
  }
}

async function legacy(url: string, variant: Variant): Promise<Shape> {
  const call = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })
  if (variant === 'http') return { headers: common, body: call }
  const initialize = {
    jsonrpc: '2.0',
    id: 0,
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bench', version: '1' } },
  }
  const answer = await fetch(url, { method: 'POST', headers: common, body: JSON.stringify(initialize) })
  const session = answer.headers.get('mcp-session-id')
  await answer.text()
  if (session === null) throw new Error(`${variant} opened no session (${answer.status}).`)
  const headers = { ...common, 'mcp-session-id': session, 'mcp-protocol-version': '2025-11-25' }
  const initialized = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })
  await (await fetch(url, { method: 'POST', headers, body: initialized })).text()
  return { headers, body: call }
}

async function load(url: string, { headers, body }: Shape, connections: number, duration: number) {
  const verifyBody = (text: unknown) => String(text).includes('hello') && !String(text).includes('"error"')
  // The types of autocannon lag behind it, and do not know the last option.
  const options = { url, method: 'POST', headers, body, connections, duration, verifyBody } as const
  return await autocannon(options)
}

function line(variant: Variant, era: Era, concurrency: number): string {
  const of = (figure: keyof Figure, which: Variant) =>
    median(
      figures.flatMap((each) =>
        each.variant === which && each.era === era && each.concurrency === concurrency ? [Number(each[figure])] : [],
      ),
    )
  const cells = [
    of('callsPerSecond', variant).toFixed(0).padStart(10),
    of('cpuUs', variant).toFixed(0).padStart(12),
    of('p50Ms', variant).toFixed(1).padStart(6),
    of('p99Ms', variant).toFixed(1).padStart(6),
  ]
  const ratio = of('cpuUs', variant) / of('cpuUs', 'sdk')
  return `${variant.padEnd(9)}${era} c=${String(concurrency).padEnd(3)} | ${cells.join(' | ')} | × ${ratio.toFixed(2)}`
}

/** From starting the launcher to the first answer to `tools/list`. */
async function startUp(): Promise<void> {
  const PATH = (process.env['PATH'] ?? '')
    .split(path.delimiter)
    .filter((entry) => !entry.includes('node_modules'))
    .join(path.delimiter)
  const system = execFileSync('node', ['--version'], { env: { ...process.env, PATH }, encoding: 'utf8' }).trim()
  console.log(`\nStart to first tools/list over stdio, launcher included, ${starts} warm starts:`)
  await startsOf(`the system's Node ${system}`, 'node', PATH)
  if (system !== process.version) await startsOf(`this Node ${process.version}`, process.execPath, PATH)
}

async function startsOf(title: string, node: string, PATH: string): Promise<void> {
  const times: number[] = []
  // The first two fill the compile cache and make the data directory.
  for (let index = 0; index < starts + 2; index += 1) times.push(await firstAnswer(node, PATH))
  const warm = times.slice(2)
  const range = `fastest ${Math.min(...warm).toFixed(0)} ms, slowest ${Math.max(...warm).toFixed(0)} ms`
  console.log(`  ${title}: median ${median(warm).toFixed(0)} ms, ${range}`)
}

async function firstAnswer(node: string, PATH: string): Promise<number> {
  const began = performance.now()
  const child = spawn(node, [path.join(root, 'bin/toolgate.cjs'), 'stdio', '--config', path.join(root, 'mcp.config.json')], {
    env: { ...process.env, PATH },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const send = (message: object) => child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
  send({
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bench', version: '1' } },
  })
  send({ method: 'notifications/initialized' })
  send({ id: 2, method: 'tools/list' })
  let text = ''
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    text += String(chunk)
    if (text.includes('"id":2')) break
  }
  const took = performance.now() - began
  child.stdin.end()
  child.kill()
  await once(child, 'exit')
  return took
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

function mib(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(0)
}
