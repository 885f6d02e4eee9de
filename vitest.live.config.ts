// `npm run test:live`: against real accounts, one vendor after another.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    root: import.meta.dirname,
    environment: 'node',
    include: ['test/live/*.live.ts'],
    pool: 'forks',
    fileParallelism: false,
    reporters: ['verbose'],
  },
})
