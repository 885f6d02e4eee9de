// Syslog messages (RFC 5424) over UDP (RFC 5426) or TCP with counted octets (RFC 6587).
import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import { hostname } from 'node:os'

export interface SyslogTarget {
  readonly host: string
  readonly port: number
  readonly protocol: 'udp' | 'tcp'
}

/** Facility 13 (log audit), severity 5 (notice). */
const priority = 13 * 8 + 5

export function syslogLine(at: Date, messageId: string, text: string): string {
  const host =
    hostname()
      .replaceAll(/[^\x21-\x7e]/g, '')
      .slice(0, 255) || '-'
  return `<${priority}>1 ${at.toISOString()} ${host} toolgate ${process.pid} ${messageId} - \uFEFF${text}`
}

/** Over UDP nobody says whether it arrived; over TCP it has left this machine when it resolves. */
export async function sendSyslog(target: SyslogTarget, lines: readonly string[], signal: AbortSignal): Promise<void> {
  if (lines.length === 0) return
  if (target.protocol === 'udp') return await overUdp(target, lines)
  await overTcp(target, lines, signal)
}

async function overUdp({ host, port }: SyslogTarget, lines: readonly string[]): Promise<void> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
  try {
    for (const line of lines) {
      await new Promise<void>((resolve, reject) => {
        socket.send(line, port, host, (error) => (error ? reject(error) : resolve()))
      })
    }
  } finally {
    socket.close()
  }
}

async function overTcp({ host, port }: SyslogTarget, lines: readonly string[], signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const socket = connect({ host, port, signal })
    // The other side's end tells that it has read all that came before.
    socket.on('error', reject).on('close', () => resolve())
    socket.on('data', () => undefined)
    socket.on('connect', () => socket.end(lines.map((line) => `${Buffer.byteLength(line)} ${line}`).join('')))
  })
}
