// What an expression sees: the facts of one call, converted once, with values too large to look at kept away from rules.
import type { Facts, PlanFacts, Principal, ToolFacts } from '../kit/policy.ts'
import type { Effect, Resources } from '../kit/tool.ts'

/** The names that an expression may begin with. */
export const roots = ['principal', 'tool', 'args', 'plan', 'resources', 'now'] as const
export type Root = (typeof roots)[number]

// Classes only because the CEL library tells declared types apart by their constructor.
export class PrincipalView {
  readonly id: string
  readonly roles: readonly string[]
  constructor(principal: Principal) {
    this.id = principal.id
    this.roles = principal.roles
  }
}

export class ToolView {
  readonly name: string
  readonly class: string
  readonly write: boolean
  readonly connector: string
  readonly instance: string
  readonly verb: string
  constructor(tool: ToolFacts) {
    this.name = tool.name
    this.class = tool.class
    this.write = tool.write
    this.connector = tool.connector
    this.instance = tool.instance
    // Empty for a read, so that `tool.verb == "delete"` is false there and does not break.
    this.verb = tool.verb ?? ''
  }
}

export class AudienceView {
  readonly external: boolean
  readonly people: number | string
  readonly massMention: boolean
  readonly where: string
  constructor(audience: PlanFacts['audience']) {
    this.external = audience.external
    this.people = audience.people
    this.massMention = audience.massMention
    this.where = audience.where
  }
}

export class EffectView {
  readonly verb: string
  readonly target: string
  readonly before: Effect['before']
  readonly after: Effect['after']
  readonly resources: ResourcesView
  constructor(effect: Effect) {
    this.verb = effect.verb
    this.target = effect.target
    this.before = effect.before
    this.after = effect.after
    this.resources = resourcesView(effect.resources)
  }
}

export class PlanView {
  readonly summary: string
  readonly effects: readonly EffectView[]
  readonly audience: AudienceView
  readonly fidelity: string
  readonly undo: string
  readonly warnings: readonly string[]
  constructor(plan: PlanFacts) {
    this.summary = plan.summary
    this.effects = plan.effects.map((effect) => new EffectView(effect))
    this.audience = new AudienceView(plan.audience)
    this.fidelity = plan.fidelity
    this.undo = plan.undo
    this.warnings = plan.warnings
  }
}

type ResourcesView = Readonly<Record<string, readonly string[]>>

/** The facts as every rule of one decision shares them. */
export interface View {
  /** What expressions are run on. A fact that does not exist yet is absent. */
  readonly values: Readonly<Record<string, unknown>>
  /** Which of these exist. */
  has(root: Root): boolean
  /** Why rules cannot look at this root, in a sentence; undefined when they can. */
  unfit(root: Root): string | undefined
  readonly resources: ResourcesView | undefined
  readonly facts: Facts
  /** What clauses said that look at nothing that comes late: the same for every view of one call. */
  readonly remembered: Map<object, boolean>
}

/** Without `args` for the listing of tools, without `plan` and `resources` before planning. */
export type PartialFacts = Omit<Facts, 'args'> & { readonly args?: Facts['args'] | undefined }

export function viewOf(facts: PartialFacts): View {
  const plan = facts.plan === undefined ? undefined : planOf(facts.plan)
  const resources = facts.resources === undefined ? undefined : resourcesView(facts.resources)
  const values: Record<string, unknown> = {
    principal: principalOf(facts.principal),
    tool: toolOf(facts.tool),
    args: facts.args,
    plan: plan?.view,
    resources,
    now: facts.now,
  }
  let argsUnfit: { readonly why: string | undefined } | undefined
  return {
    values,
    resources,
    has: (root) => values[root] !== undefined,
    unfit(root) {
      if (root === 'plan') return plan?.unfit
      if (root === 'resources') return tooLarge('resources', facts.resources)
      if (root !== 'args') return undefined
      argsUnfit ??= { why: tooLarge('args', facts.args) }
      return argsUnfit.why
    },
    // Conditions that say they need `args` are not run without them.
    facts: facts as Facts,
    remembered: rememberedOf(facts),
  }
}

interface Arrival extends Pick<PartialFacts, 'principal' | 'tool' | 'args' | 'now'>, Pick<View, 'remembered'> {}

/** The call that was judged last: it is judged on arrival, on its plan and on each of its records, mostly in a row. */
let latest: Arrival | undefined

function rememberedOf({ now, principal, tool, args }: PartialFacts): View['remembered'] {
  if (latest?.now === now && latest.principal === principal && latest.tool === tool && latest.args === args)
    return latest.remembered
  const remembered = new Map<object, boolean>()
  latest = { now, principal, tool, args, remembered }
  return remembered
}

// One plan is decided on once per effect, one principal and tool many times: converted once each.
const planOf = oncePer((plan: PlanFacts) => ({ view: new PlanView(plan), unfit: tooLarge('plan', plan) }))
const principalOf = oncePer((principal: Principal) => new PrincipalView(principal))
const toolOf = oncePer((tool: ToolFacts) => new ToolView(tool))

function oncePer<Given extends object, Made extends object>(make: (given: Given) => Made): (given: Given) => Made {
  const made = new WeakMap<Given, Made>()
  return (given) => {
    const known = made.get(given)
    if (known !== undefined) return known
    const fresh = make(given)
    made.set(given, fresh)
    return fresh
  }
}

function resourcesView(resources: Resources): ResourcesView {
  const view: Record<string, readonly string[]> = {}
  for (const kind of Object.keys(resources)) {
    const ids = resources[kind]!
    view[kind] = typeof ids === 'string' ? [ids] : ids
  }
  return view
}

const most = { list: 1000, text: 100_000, values: 20_000, depth: 32 } as const

/** A rule must answer in microseconds whatever the caller sent; so it looks at nothing beyond these bounds. */
function tooLarge(name: string, value: unknown): string | undefined {
  let left: number = most.values
  const look = (part: unknown, depth: number): string | undefined => {
    if (--left < 0) return `${name} has more than ${most.values} values`
    if (typeof part === 'string')
      return part.length > most.text ? `${name} has a text of more than ${most.text} characters` : undefined
    if (typeof part !== 'object' || part === null) return undefined
    if (depth > most.depth) return `${name} is nested more than ${most.depth} deep`
    if (Array.isArray(part) && part.length > most.list) return `${name} has a list of more than ${most.list} entries`
    for (const key in part) {
      const found = look((part as Record<string, unknown>)[key], depth + 1)
      if (found !== undefined) return found
    }
    return undefined
  }
  return look(value, 0)
}
