// The thread that asks the keychain for one entry and ends.
import { parentPort, workerData } from 'node:worker_threads'
import { AsyncEntry } from '@napi-rs/keyring'
import type { KeychainAnswer } from './keychain.ts'

async function answer(): Promise<KeychainAnswer> {
  const { service, account } = workerData as { readonly service: string; readonly account: string }
  try {
    // Pinned: without it the library falls back to the kernel's keyring, which forgets everything at reboot.
    const entry = new AsyncEntry(service, account, { linux: { store: 'secret-service' } })
    const found = await entry.getPassword()
    return found === null ? { absent: true } : { found }
  } catch (error) {
    return { failed: String(error) }
  }
}

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
parentPort?.postMessage(await answer())
