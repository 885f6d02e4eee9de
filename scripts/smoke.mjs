// Starts a built launcher as an MCP client would, and lists its tools: node scripts/smoke.mjs PATH/TO/bin/toolgate.cjs
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'

const [launcher] = process.argv.slice(2)
if (launcher === undefined) throw new Error('Say which launcher: node scripts/smoke.mjs PATH')

const client = new Client({ name: 'smoke', version: '1.0.0' })
await client.connect(new StdioClientTransport({ command: launcher, args: ['stdio'] }))
const { tools } = await client.listTools()
await client.close()
if (tools.length === 0) throw new Error('The built package lists no tools.')
console.log(`The built package lists ${tools.length} tools over stdio.`)
