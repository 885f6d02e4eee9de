// Opens the store that an address names.
import path from 'node:path'
import type { Store } from '../kit/record.ts'
import { openSqlite } from './sqlite/store.ts'

export interface StoreOptions {
  /** `sqlite:` and the absolute path of a file, which is made when it is not there. */
  readonly url: string
  readonly now: () => Date
  /** A fresh id: the prefix, `_`, and a random part. */
  readonly id: (prefix: string) => string
  /** Room on the disk that is kept for the ends of what has begun, in bytes; none where left out. */
  readonly ballastBytes?: number
}

/** @throws Error with a sentence for whoever configures the hub: what is wrong with the address or the database */
export async function openStore({ url, id, ballastBytes }: StoreOptions): Promise<Store> {
  if (/^postgres(ql)?:/i.test(url)) {
    throw new Error('PostgreSQL comes in a later version. For now, set `store` to `sqlite:` and a path.')
  }
  if (!url.startsWith('sqlite:')) {
    throw new Error('The store must be `sqlite:` and the path of a file, such as `sqlite:data/toolgate.db`.')
  }
  const file = url.slice('sqlite:'.length)
  if (!path.isAbsolute(file)) {
    throw new Error(`The path of the store must be absolute here, and "${file}" is not.`)
  }
  return await openSqlite(path.normalize(file), id, ballastBytes)
}
