// A connector whose one tool does nothing, so that the benchmark measures the pipeline alone.
import { z } from 'zod'
import { connector, readTool } from 'toolgate/kit'

const echo = readTool({
  name: 'text_echo',
  title: 'Echo',
  description: 'Gives back the text that it gets.',
  class: 'R',
  default: 'on',
  scopes: [],
  input: z.strictObject({ text: z.string().max(1000) }),
  output: z.strictObject({ text: z.string() }),
  example: { text: 'hello' },
  run: async ({ text }) => ({ text }),
})

export const bench = connector({
  id: 'bench',
  title: 'Benchmark',
  prefix: 'bench',
  settings: z.strictObject({}),
  credential: 'None is needed.',
  base: () => 'https://bench.example',
  reads: [],
  open: async () => ({}),
  tools: [echo],
  sandbox: { settings: {}, credential: 'none', seed() {}, respond: () => ({ status: 404 }) },
})
