// Appends so many entries, each after the one before was acknowledged: `node append.ts FILE COUNT`.
import { openStore } from '../../src/store/open.ts'
import { draft } from '../store/records.ts'

const [, , file = '', count = ''] = process.argv
const store = await openStore({ url: `sqlite:${file}`, now: () => new Date(), id: (prefix) => `${prefix}_1` })
for (let n = 0; n < Number(count); n += 1) await store.append(draft())
await store.close()
