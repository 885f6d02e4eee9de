// The desktop's keychain, asked in a thread of its own: a frozen keychain service blocks whoever asks it.
import { extname } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { HubError } from '../kit/error.ts'

/** What the thread found. `failed` holds the error's own words. */
export type KeychainAnswer =
  | { readonly found: string }
  | { readonly absent: true }
  | { readonly done: true }
  | { readonly failed: string }

export interface KeychainTask {
  readonly task: 'get' | 'set' | 'delete' | 'probe'
  readonly account: string
  readonly secret?: string
}

export type KeychainState = 'ok' | 'locked' | 'no-service' | 'hung' | 'broken'

/** Every entry of the hub is kept under this service. */
const keychainService = 'toolgate'

const deadlineMs = 3_000
const locked = 'The keychain is locked. Unlock it and try again.'
const noService = 'No keychain service is running in this session. Start one, or use a file: or env: reference.'
const hung = 'The keychain service does not answer. Restart it, or use a file: or env: reference.'

/** @throws HubError `unauthenticated`: the keychain is locked, absent or hung, or has no such entry. */
export async function readKeychain(account: string): Promise<string> {
  const answer = await ask({ task: 'get', account })
  if (answer === undefined) {
    throw unusable(hung)
  }
  if ('found' in answer) return answer.found
  if ('absent' in answer) throw unusable(`The keychain has no entry for ${account}. ${howToAdd(account)}`)
  throw unusable(explain('failed' in answer ? answer.failed : '', account), new Error(JSON.stringify(Object.keys(answer))))
}

/** @throws HubError `unauthenticated`, as `readKeychain` */
export async function writeKeychain(account: string, secret: string): Promise<void> {
  const answer = await ask({ task: 'set', account, secret })
  if (answer === undefined) throw unusable(hung)
  if ('failed' in answer) throw unusable(explain(answer.failed, account), new Error(answer.failed))
}

/** Writes, reads and deletes an entry of its own: whether the keychain works cannot be seen by reading. */
export async function probeKeychain(): Promise<{ readonly state: KeychainState; readonly sentence: string }> {
  const answer = await ask({ task: 'probe', account: 'toolgate-probe' })
  if (answer === undefined) return { state: 'hung', sentence: hung }
  if (!('failed' in answer)) return { state: 'ok', sentence: 'The keychain keeps what it is given.' }
  const sentence = explain(answer.failed, 'the probe')
  return { state: stateOf(sentence, answer.failed), sentence }
}

function stateOf(sentence: string, failed: string): KeychainState {
  if (sentence === hung) return 'hung'
  if (sentence === locked) return 'locked'
  // A service without a collection to keep anything in is none.
  return sentence === noService || /no result found|not found|no such/i.test(failed) ? 'no-service' : 'broken'
}

async function ask(task: KeychainTask): Promise<KeychainAnswer | undefined> {
  // The thread's file has this file's extension: it is TypeScript in the repository and JavaScript in the package.
  const worker = new Worker(new URL(`./keychain-worker${extname(import.meta.url)}`, import.meta.url), {
    workerData: { service: keychainService, ...task },
    // Flags of the main program, such as --input-type, may not fit a thread.
    execArgv: [],
  })
  const over = new AbortController()
  try {
    const answer = new Promise<KeychainAnswer>((resolve) => {
      worker.once('message', resolve)
      worker.once('error', (error) => resolve({ failed: String(error) }))
      worker.once('exit', () => resolve({ failed: 'The thread ended without an answer.' }))
    })
    return await Promise.race([answer, wait(deadlineMs, undefined, { signal: over.signal })])
  } finally {
    over.abort()
    worker.unref()
    void worker.terminate()
  }
}

function explain(failed: string, account: string): string {
  // The library gives up on a frozen service by itself after two seconds, in D-Bus's words.
  if (/did not receive a reply|timed? ?out/i.test(failed)) return hung
  if (/prompt|dismissed|\blocked\b/i.test(failed)) return locked
  if (/d-?bus|connect|socket|service|zbus|no such interface/i.test(failed)) {
    return noService
  }
  return `The keychain could not be read for ${account}. Use a file: or env: reference if it stays so.`
}

function howToAdd(account: string): string {
  if (process.platform === 'darwin')
    return `Add it with: security add-generic-password -s ${keychainService} -a ${account} -w`
  if (process.platform === 'win32') return 'Add it in the Credential Manager.'
  return `Add it with: secret-tool store --label=${keychainService} service ${keychainService} username ${account}`
}

function unusable(sentence: string, cause?: unknown): HubError {
  return new HubError('unauthenticated', sentence, { cause })
}
