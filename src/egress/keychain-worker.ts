// The thread that does one thing with the keychain and ends.
import { randomBytes } from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'
import { AsyncEntry } from '@napi-rs/keyring'
import type { KeychainAnswer, KeychainTask } from './keychain.ts'

const { service, account, task, secret } = workerData as KeychainTask & { readonly service: string }

// Pinned: without it the library falls back to the kernel's keyring, which forgets everything at reboot.
const entryOf = (name: string) => new AsyncEntry(service, name, { linux: { store: 'secret-service' } })

async function answer(): Promise<KeychainAnswer> {
  try {
    if (task === 'probe') return await probe()
    const entry = entryOf(account)
    if (task === 'set') {
      await entry.setPassword(secret ?? '')
      return { done: true }
    }
    if (task === 'delete') {
      await entry.deletePassword()
      return { done: true }
    }
    const found = await entry.getPassword()
    return found === null || found === undefined ? { absent: true } : { found }
  } catch (error) {
    return { failed: String(error) }
  }
}

/** A keychain without a collection answers every question and keeps nothing: only a write tells. */
async function probe(): Promise<KeychainAnswer> {
  const canary = randomBytes(12).toString('hex')
  const entry = entryOf(`${account}-${canary}`)
  await entry.setPassword(canary)
  const found = await entry.getPassword()
  await entry.deletePassword()
  return found === canary ? { done: true } : { failed: 'What was written was not read back.' }
}

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
parentPort?.postMessage(await answer())
