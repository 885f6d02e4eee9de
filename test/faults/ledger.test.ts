// The ledger against its model, in the small: `npm run test:faults` takes ten thousand sequences.
import { expect, test } from 'vitest'
import { ledgerAgainstModel } from './ledger-model.ts'

test('two processes on one file never get further than the ledger’s model', async () => {
  const tally = await ledgerAgainstModel(1500)
  expect(tally.sends).toBeGreaterThan(20)
  expect(tally.refused).toBeGreaterThan(100)
}, 60_000)
