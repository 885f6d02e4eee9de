// `npm run bench`: what governance costs. Loopback only, bounded in time.
import { execFileSync, fork, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import autocannon from 'autocannon'
import type { Variant } from './server.ts'

const seconds = Number(process.env['BENCH_SECONDS'] ?? 4)
const starts = Number(process.env['BENCH_STARTS'] ?? 20)
const root = fileURLToPath(new URL('..', import.meta.url))

const common = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
const params = { name: 'bench_text_echo', arguments: { text: 'hello' } }

interface Figure {
  readonly variant: Variant
  readonly era: Era
  readonly concurrency: number
  readonly callsPerSecond: number
  readonly cpuUs: number
  readonly p50Ms: number
  readonly p99Ms: number
}

type Era = '2025-11-25' | '2026-07-28'

const figures: Figure[] = []
const memory: Record<string, { readonly before: number; readonly after: number }> = {}
for (const variant of ['governed', 'sdk', 'http'] as const) await measure(variant)

console.log(
  `\nA trivial read through the whole pipeline: 20 policy rules, audit on, one process. ${seconds} s each; Node ${process.version}.\n`,
)
console.log('                          |    calls/s |  CPU µs/call | p50 ms | p99 ms | CPU against the bare SDK')
for (const figure of figures) console.log(line(figure))
console.log('\nResident memory, after the warm-up and at the end:')
for (const [variant, { before, after }] of Object.entries(memory))
  console.log(`  ${variant.padEnd(10)} ${mib(before)} → ${mib(after)} MiB`)
await startUp()

async function measure(variant: Variant): Promise<void> {
  const child = fork(fileURLToPath(new URL('server.ts', import.meta.url)), [variant], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const [{ url }] = (await once(child, 'message')) as [{ url: string }]
  const eras = { '2025-11-25': await legacy(url, variant), '2026-07-28': modern() } as const
  await load(url, eras['2026-07-28'], 32, 2)
  await load(url, eras['2025-11-25'], 32, 1)
  const { rssBytes: before } = await ask(child)
  for (const era of ['2025-11-25', '2026-07-28'] as const) {
    for (const concurrency of [1, 32]) {
      console.error(`… ${variant}, ${era}, ${concurrency} at once`)
      const start = await ask(child)
      const result = await load(url, eras[era], concurrency, seconds)
      const end = await ask(child)
      const calls = result['2xx']
      if (result.non2xx > 0 || result.errors > 0)
        throw new Error(`${variant} ${era}: ${result.non2xx} refused, ${result.errors} failed`)
      figures.push({
        variant,
        era,
        concurrency,
        callsPerSecond: calls / result.duration,
        cpuUs: (end.cpuUs - start.cpuUs) / calls,
        p50Ms: result.latency.p50,
        p99Ms: result.latency.p99,
      })
    }
  }
  memory[variant] = { before, after: (await ask(child)).rssBytes }
  child.send('stop')
  await once(child, 'exit')
}

async function ask(child: ChildProcess): Promise<{ cpuUs: number; rssBytes: number }> {
  child.send('usage')
  const [usage] = (await once(child, 'message')) as [{ cpuUs: number; rssBytes: number }]
  return usage
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
  return await autocannon({ url, method: 'POST', headers, body, connections, duration })
}

function line(figure: Figure): string {
  const { variant, era, concurrency, callsPerSecond, cpuUs, p50Ms, p99Ms } = figure
  const bare = figures.find((other) => other.variant === 'sdk' && other.era === era && other.concurrency === concurrency)
  const ratio = bare ? `× ${(cpuUs / bare.cpuUs).toFixed(2)}` : ''
  const cells = [
    callsPerSecond.toFixed(0).padStart(10),
    cpuUs.toFixed(0).padStart(12),
    p50Ms.toFixed(1).padStart(6),
    p99Ms.toFixed(1).padStart(6),
  ]
  return `${variant.padEnd(9)}${era} c=${String(concurrency).padEnd(3)} | ${cells.join(' | ')} | ${ratio}`
}

/** From starting the launcher with the system's Node to the first answer to `tools/list`. */
async function startUp(): Promise<void> {
  const PATH = (process.env['PATH'] ?? '')
    .split(path.delimiter)
    .filter((entry) => !entry.includes('node_modules'))
    .join(path.delimiter)
  const node = execFileSync('node', ['--version'], { env: { ...process.env, PATH }, encoding: 'utf8' }).trim()
  const times: number[] = []
  // The first two fill the compile cache and make the data directory.
  for (let index = 0; index < starts + 2; index += 1) times.push(await firstAnswer(PATH))
  const sorted = times.slice(2).toSorted((left, right) => left - right)
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0
  console.log(`\nStart to first tools/list over stdio, launcher included, system Node ${node}, ${starts} warm starts:`)
  console.log(
    `  median ${median.toFixed(0)} ms, fastest ${sorted[0]?.toFixed(0)} ms, slowest ${sorted.at(-1)?.toFixed(0)} ms`,
  )
}

async function firstAnswer(PATH: string): Promise<number> {
  const began = performance.now()
  const child = spawn(
    'node',
    [path.join(root, 'bin/toolgate.cjs'), 'stdio', '--config', path.join(root, 'mcp.config.json')],
    {
      env: { ...process.env, PATH },
      stdio: ['pipe', 'pipe', 'ignore'],
    },
  )
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

function mib(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(0)
}
