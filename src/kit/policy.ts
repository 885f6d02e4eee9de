// What a policy can speak of, and the shape of a condition written in TypeScript.
import type { z } from 'zod'
import type { JsonObject } from './json.ts'
import type { Audience, Effect, Plan, Resources, ToolClass, UndoFidelity, Verb } from './tool.ts'

/** Who is calling. */
export interface Principal {
  readonly tenant: string
  readonly id: string
  readonly roles: readonly string[]
  /** Patterns of tool names: no other tool is reached, whatever policy allows. Left out, policy alone decides. */
  readonly tools?: readonly string[]
}

/** The tool as a rule sees it. */
export interface ToolFacts {
  /** The wire name: `jira_issue_get`. */
  readonly name: string
  readonly class: ToolClass
  readonly write: boolean
  /** The folder: `jira`. */
  readonly connector: string
  /** The entry in the configuration: `eujira`. */
  readonly instance: string
  readonly verb: Verb | undefined
}

/** A plan as a rule sees it: all but its `request` and `rev`. For a read it is empty. */
export interface PlanFacts {
  readonly summary: string
  readonly effects: readonly Effect[]
  readonly audience: Audience
  readonly fidelity: Plan['fidelity']
  readonly undo: UndoFidelity
  readonly warnings: readonly string[]
}

/** Everything a decision rests on. `plan` and `resources` come later than the rest. */
export interface Facts {
  readonly principal: Principal
  readonly tool: ToolFacts
  readonly args: JsonObject
  readonly now: Date
  readonly plan?: PlanFacts | undefined
  /** Where the record in question lives. */
  readonly resources?: Resources | undefined
}

/** A pure predicate that a rule names with `use:`. It can narrow a sentence; it can allow nothing by itself. */
export interface ConditionDefinition<Params extends z.ZodObject> {
  readonly name: string
  readonly description: string
  readonly params: Params
  /**
   * Which of the facts that come late it looks at; left out: all of them. Where only `args` or nothing is needed, a call
   * that it rules out ends before anything is fetched.
   */
  readonly needs?: readonly ('args' | 'plan' | 'resources')[]
  test(facts: Facts, params: z.output<Params>): boolean
}

/** A condition with parameters of any shape. */
// oxlint-disable-next-line typescript/no-explicit-any -- conditions of every shape live in one list
export type Condition = ConditionDefinition<any>

/** A condition for a file beside the policies; every one that the file exports can be named with `use:`. */
export function condition<Params extends z.ZodObject>(definition: ConditionDefinition<Params>): Condition {
  return definition
}
