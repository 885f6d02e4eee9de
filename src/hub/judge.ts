// Whether a connector's tools are what the hub takes them for. Connectors of your own are loaded without their types checked.
import type { Problem } from '../config/problem.ts'
import { nearest } from '../kit/nearest.ts'
import type { Tool } from '../kit/tool.ts'

type Said = Pick<Problem, 'message' | 'hint'>

const classes: Readonly<Record<Tool['kind'], readonly string[]>> = {
  read: ['R', 'RP'],
  write: ['W1', 'W2', 'W3', 'D', 'X'],
}
const verbs: readonly string[] = ['create', 'update', 'delete', 'send', 'run']
const wireName = /^[a-z][a-z0-9]*(_[a-z0-9]+)+$/
const longestName = 40
const route = /^[A-Z]+ ([a-z]+:)?\/\S*$/

/** Everything about these tools that cannot be used, each with the tool's name. */
export function judgeTools(tools: readonly Tool[], prefix: string): readonly Said[] {
  const names = tools.map(({ name }) => name)
  const twice = names.filter((name, index) => names.indexOf(name) !== index)
  return [
    ...tools.flatMap((tool) => problemsOf(tool, `${prefix}_${tool.name}`)),
    ...[...new Set(twice)].map((name) => ({ message: `It has two tools called ${prefix}_${name}.` })),
  ]
}

function problemsOf(tool: Tool, name: string): readonly Said[] {
  if (tool.kind !== 'read' && tool.kind !== 'write')
    return [{ message: `${name} is neither a read nor a write.`, hint: 'Make it with readTool or writeTool.' }]
  const known = classes[tool.kind]
  return [
    ...unless(wireName.test(name) && name.length <= longestName, {
      message: `${name} is no name for a tool.`,
      hint: `It has small letters, digits and single underscores, and at most ${longestName} characters.`,
    }),
    ...unless(known.includes(tool.class), {
      message: `${name} has the class ${JSON.stringify(tool.class)}, which no ${tool.kind} has.`,
      hint: `It is one of ${known.join(', ')}.`,
    }),
    ...unless(['on', 'off'].includes(tool.default), { message: `${name}: "default" is "on" or "off".` }),
    ...unless(isTexts(tool.scopes), { message: `${name}: "scopes" is a list of texts.` }),
    ...(tool.kind === 'write' ? problemsOfWrite(tool, name) : []),
  ]
}

function problemsOfWrite(tool: Extract<Tool, { kind: 'write' }>, name: string): readonly Said[] {
  const meant = typeof tool.verb !== 'string' ? undefined : nearest(tool.verb, verbs)
  return [
    ...unless(verbs.includes(tool.verb), {
      message: `${name} has the verb ${JSON.stringify(tool.verb)}, which there is not.`,
      hint: meant === undefined ? `It is one of ${verbs.join(', ')}.` : `Did you mean "${meant}"?`,
    }),
    ...unless(isTexts(tool.routes) && tool.routes.every((each) => route.test(each)), {
      message: `${name}: "routes" is a list such as ["POST /issue/{key}/comment"].`,
    }),
    ...unless(isTexts(tool.changes), { message: `${name}: "changes" is a list of texts.` }),
    ...unless(typeof tool.plan === 'function' && typeof tool.apply === 'function', {
      message: `${name} has no plan or no apply.`,
    }),
  ]
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}

function unless(holds: boolean, problem: Said): readonly Said[] {
  return holds ? [] : [problem]
}
