// Whether a rule may name an argument, an effect field or a kind of resource, given the tools that it matches.
import type { ToolFacts } from '../kit/policy.ts'
import type { Mention } from './expression-walk.ts'
import type { Problem } from './problem.ts'
import { didYouMean } from './suggest.ts'

/** What a policy must know of a tool, whether it is on or off. */
export interface ToolShape {
  readonly facts: ToolFacts
  /** The kinds of resource that its records live in. */
  readonly resolves: readonly string[]
  /** The fields that its effects may name; empty for a read. */
  readonly changes: readonly string[]
  /** The names of its own arguments. */
  readonly arguments: readonly string[]
}

const declared = {
  args: { of: (tool: ToolShape) => tool.arguments, takes: 'takes the argument' },
  effect: { of: (tool: ToolShape) => tool.changes, takes: 'changes the field' },
  resources: { of: (tool: ToolShape) => tool.resolves, takes: 'lives in the kind' },
} as const

/** What is wrong with naming this, for these tools; undefined when nothing is. */
export function flawOf(mention: Mention, matched: readonly ToolShape[]): Pick<Problem, 'sentence' | 'hint'> | undefined {
  const { name, path, guarded } = mention
  const { of, takes } = declared[mention.of]
  const without = matched.filter((tool) => !of(tool).includes(name))
  if (matched.length > 0 && without.length === matched.length)
    return { sentence: `No tool of this rule ${takes} "${name}".`, hint: didYouMean(name, new Set(matched.flatMap(of))) }
  if (guarded) return undefined
  if (mention.of === 'effect')
    return { sentence: `${path} may be absent, and would break the rule.`, hint: `Write has(${path}) && … before it.` }
  if (without.length === 0) return undefined
  const guard = mention.of === 'args' ? `has(${path}) && … before it` : `"${name}" in resources && … before it`
  return {
    sentence: `${without[0]!.facts.name}, which this rule matches, has no ${mention.of === 'args' ? 'argument' : 'resource'} "${name}".`,
    hint: `Name fewer tools, or write ${guard}.`,
  }
}
