// What an expression can say: the names, types, functions and operators that it is checked against.
import { Environment } from '@marcbachmann/cel-js'
import { AudienceView, EffectView, PlanView, PrincipalView, ToolView } from './facts.ts'
import { glob } from '../kit/glob.ts'

export const fields = {
  Principal: { id: 'string', roles: 'list<string>' },
  Tool: { name: 'string', class: 'string', write: 'bool', connector: 'string', instance: 'string', verb: 'string' },
  // `people` is a number or "unknown".
  Audience: { external: 'bool', people: 'dyn', massMention: 'bool', where: 'string' },
  Effect: {
    verb: 'string',
    target: 'string',
    before: 'map<string, dyn>',
    after: 'map<string, dyn>',
    resources: 'map<string, list<string>>',
  },
  Plan: {
    summary: 'string',
    effects: 'list<Effect>',
    audience: 'Audience',
    fidelity: 'string',
    undo: 'string',
    warnings: 'list<string>',
  },
} as const

/** For "did you mean". */
export const functionNames: readonly string[] = [
  'has',
  'glob',
  'size',
  'startsWith',
  'endsWith',
  'contains',
  'exists',
  'exists_one',
  'all',
  'filter',
  'map',
  'timestamp',
  'duration',
  'string',
  'int',
  'double',
  'lowerAscii',
  'upperAscii',
  'trim',
  'getHours',
  'getDayOfWeek',
]

const arithmetic: Readonly<Record<string, (left: number, right: number) => number>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
  '%': (left, right) => left % right,
}

export const environment = makeEnvironment()

function makeEnvironment(): Environment {
  const made = new Environment({
    limits: { maxAstNodes: 500, maxDepth: 24, maxListElements: 200, maxMapEntries: 50, maxCallArguments: 8 },
  })
    .registerType('Principal', { ctor: PrincipalView, fields: fields.Principal })
    .registerType('Tool', { ctor: ToolView, fields: fields.Tool })
    .registerType('Audience', { ctor: AudienceView, fields: fields.Audience })
    .registerType('Effect', { ctor: EffectView, fields: fields.Effect })
    .registerType('Plan', { ctor: PlanView, fields: fields.Plan })
    .registerVariable('principal', 'Principal')
    .registerVariable('tool', 'Tool')
    .registerVariable('args', 'dyn')
    .registerVariable('plan', 'Plan')
    .registerVariable('resources', 'map<string, list<string>>')
    .registerVariable('now', 'google.protobuf.Timestamp')
    .registerFunction('glob(string, string): bool', glob)
  // JSON numbers are doubles in CEL, and a whole number in a rule is an int: here they go together.
  made.registerOperator('double == int', (left: number, right: bigint) => left === Number(right))
  for (const [sign, calculate] of Object.entries(arithmetic)) {
    made.registerOperator(`double ${sign} int`, (left: number, right: bigint) => calculate(left, Number(right)))
    made.registerOperator(`int ${sign} double`, (left: bigint, right: number) => calculate(Number(left), right))
  }
  return made
}
