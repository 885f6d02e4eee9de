// `use:` in a sentence: conditions written in TypeScript, as clauses of a rule.
import type { Condition, Facts } from '../kit/policy.ts'
import type { Path, Source } from './document.ts'
import { Broken } from './expression.ts'
import type { Problem } from './problem.ts'
import type { Clause } from './rule.ts'
import { parsePart } from './schema.ts'
import { didYouMean } from './suggest.ts'

interface Named {
  readonly source: Source
  readonly conditions: ReadonlyMap<string, Condition>
  readonly problems: Problem[]
}

/** The clauses of one entry of `use`: the conditions that it names, with their parameters checked. */
export function conditionsOf(
  named: string | Readonly<Record<string, Readonly<Record<string, unknown>> | null>>,
  path: Path,
  { source, problems, conditions }: Named,
): readonly Clause[] {
  const uses = typeof named === 'string' ? [[named, {}] as const] : Object.entries(named)
  return uses.flatMap(([name, params]) => {
    const condition = conditions.get(name)
    if (!condition) {
      const hint = didYouMean(name, conditions.keys()) ?? 'A condition is exported by a .ts file beside the policy.'
      problems.push({ ...source.place(path), sentence: `There is no condition "${name}".`, hint })
      return []
    }
    const parsed = parsePart(condition.params.strict(), source, [...path, name], params ?? {})
    if ('problems' in parsed) {
      problems.push(...parsed.problems.map((each) => ({ ...each, sentence: `Condition "${name}": ${each.sentence}` })))
      return []
    }
    return [useOf(condition, parsed.value)]
  })
}

function useOf(condition: Condition, params: unknown): Clause {
  return {
    otherwise: `Its condition ${condition.name} does not hold: ${condition.description}`,
    roots: new Set(condition.needs ?? ['args', 'plan', 'resources']),
    holds(view) {
      const answer: unknown = ask(condition, view.facts, params)
      if (typeof answer === 'boolean') return answer
      throw new Broken(`The condition ${condition.name} gave no true or false.`)
    },
  }
}

/** What it throws may hold a vendor's text, which no agent should read. */
function ask(condition: Condition, facts: Facts, params: unknown): unknown {
  try {
    return condition.test(facts, params)
  } catch (error) {
    throw new Broken(`The condition ${condition.name} failed.`, { cause: error })
  }
}
