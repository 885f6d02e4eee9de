// Failures of the network in our words.
import { HubError } from '../kit/error.ts'

/** Codes of Node's DNS, sockets and TLS, and of undici, by what they mean for the reader. */
const broken = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'UND_ERR_SOCKET', 'UND_ERR_DESTROYED', 'UND_ERR_CLOSED'])
const unreachable = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENETDOWN',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
])
const unnamed = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_NODATA', 'EAI_FAIL'])

/** Whether sending a read again may help. */
export function isPassing(error: unknown): boolean {
  const code = codeOf(error)
  return broken.has(code) || unreachable.has(code) || code === 'EAI_AGAIN'
}

/** What went wrong on the way to this host. A HubError is already in our words. */
export function failure(cause: unknown, host: string): HubError {
  if (cause instanceof HubError) return cause
  const code = codeOf(cause)
  if (unnamed.has(code)) {
    return new HubError(
      'unavailable',
      `The name ${host} could not be resolved. Check the site in the configuration and the network.`,
      { cause },
    )
  }
  if (unreachable.has(code)) return new HubError('unavailable', `${host} could not be reached. Try again later.`, { cause })
  if (broken.has(code))
    return new HubError('unavailable', `The connection to ${host} broke before an answer came.`, { cause })
  if (isTls(code)) {
    return new HubError(
      'unavailable',
      `${host} could not prove who it is, so nothing was sent. Check its certificate and the clock.`,
      { cause },
    )
  }
  if (code.startsWith('HPE_') || code.startsWith('UND_ERR_')) {
    return new HubError('bad_response', `${host} answered with something that is not valid HTTP.`, { cause })
  }
  return new HubError('unavailable', `The request to ${host} failed. Try again later.`, { cause })
}

export function timedOut(host: string, timeoutMs: number, cause: unknown): HubError {
  return new HubError('unavailable', `${host} did not answer within ${timeoutMs / 1000} seconds.`, { cause })
}

export function cancelled(host: string, cause: unknown): HubError {
  return new HubError('unavailable', `The call was cancelled before ${host} answered.`, { cause })
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  if ('code' in error && typeof error.code === 'string') return error.code
  // Several addresses were tried and each failed.
  if (error instanceof AggregateError) return codeOf(error.errors[0])
  return ''
}

function isTls(code: string): boolean {
  return /CERT|^ERR_TLS|^ERR_SSL|^UNABLE_TO_|SELF_SIGNED|^HOSTNAME_MISMATCH|^EPROTO$/.test(code)
}
