// Reading an expression without running it: which names, arguments and effect fields it mentions, and what it guards.
import { serialize } from '@marcbachmann/cel-js'
import type { ASTNode } from '@marcbachmann/cel-js'
import { roots } from './facts.ts'
import type { Root } from './facts.ts'
import { didYouMean } from './suggest.ts'

/** `args.amount`, `e.after.status`, `resources["jira.project"]`. */
export interface Mention {
  readonly of: 'args' | 'effect' | 'resources'
  readonly name: string
  /** As written: `e.after.status`. */
  readonly path: string
  readonly offset: number
  /** It is asked for with `has()` or `in`, so that its absence does not break the rule. */
  readonly guarded: boolean
}

export interface Flaw {
  readonly offset: number
  readonly sentence: string
  readonly hint: string | undefined
}

export interface Reading {
  readonly roots: ReadonlySet<Root>
  readonly mentions: readonly Mention[]
  readonly flaws: readonly Flaw[]
}

/** Macros that run an expression for each entry of a list. */
const loops: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'map', 'filter'])

/** Names of types, for `type(args.x) == string`. */
const typeNames: ReadonlySet<string> = new Set([
  'string',
  'int',
  'uint',
  'double',
  'bool',
  'list',
  'map',
  'null_type',
  'type',
])

export function read(ast: ASTNode): Reading {
  const state: State = { roots: new Set(), guards: guardsOf(ast), mentions: [], flaws: [] }
  look(ast, { bound: new Map(), inLoop: false }, state)
  return state
}

interface State {
  readonly roots: Set<Root>
  readonly guards: ReadonlySet<string>
  readonly mentions: Mention[]
  readonly flaws: Flaw[]
}

interface Scope {
  /** Loop variables, and the root of what they run over. */
  readonly bound: ReadonlyMap<string, string | undefined>
  readonly inLoop: boolean
}

function look(node: ASTNode, scope: Scope, state: State): void {
  if (node.op === 'id') return lookAtName(node.args, node, scope, state)
  const selected = selection(node)
  if (selected) return lookAtSelection(selected, scope, state)
  if (node.op === 'call') return lookAtCall(node, node.args, scope, state)
  if (node.op === 'rcall') return lookAtMethod(node, node.args, scope, state)
  if (node.op === 'in' && isChanges(node.args[1], scope) && text(node.args[0]) !== undefined)
    return mentionEffect(node.args[1], text(node.args[0])!, node, scope, state)
  if (node.op === 'in') mentionMember(node.args[0], node.args[1], scope, state)
  if (node.op === '/' || node.op === '%') lookAtDivision(node.args[1], state)
  for (const child of children(node)) look(child, scope, state)
}

function lookAtName(name: string, node: ASTNode, scope: Scope, state: State): void {
  if (scope.bound.has(name) || typeNames.has(name)) return
  if ((roots as readonly string[]).includes(name)) state.roots.add(name as Root)
  else
    flaw(
      state,
      node,
      `There is no "${name}" here.`,
      didYouMean(name, [...roots, ...scope.bound.keys()]) ?? `A rule can name ${roots.join(', ')}.`,
    )
}

interface Selection {
  readonly node: ASTNode
  readonly base: ASTNode
  /** Undefined when the key is computed. */
  readonly key: string | undefined
  readonly index: ASTNode | undefined
}

/** `base.key` and `base["key"]` are the same. */
function selection(node: ASTNode): Selection | undefined {
  if (node.op === '.') return { node, base: node.args[0], key: node.args[1], index: undefined }
  if (node.op !== '[]') return undefined
  return { node, base: node.args[0], key: text(node.args[1]), index: node.args[1] }
}

function lookAtSelection(selected: Selection, scope: Scope, state: State): void {
  const { node, base, key, index } = selected
  if (index !== undefined && key === undefined) look(index, scope, state)
  if (isChanges(base, scope)) {
    if (key !== undefined) return mentionEffect(base, key, node, scope, state)
    return flaw(state, node, 'A field of an effect must be named in the rule.', 'Write e.after.status, not a computed key.')
  }
  if (isChanges(node, scope)) {
    const sentence = `"${key}" of an effect cannot be used as a whole.`
    return flaw(state, node, sentence, `Name its fields: ${source(node)}.status.`)
  }
  const of = base.op === 'id' && !scope.bound.has(base.args) ? base.args : undefined
  if ((of === 'args' || of === 'resources') && key !== undefined) {
    const path = `${of}.${key}`
    state.mentions.push({ of, name: key, path: source(node), offset: node.start, guarded: state.guards.has(path) })
  }
  look(base, scope, state)
}

/** The `before` or `after` of an effect, which are the only things by these names in a plan. */
function isChanges(node: ASTNode, scope: Scope): boolean {
  const selected = selection(node)
  return (selected?.key === 'before' || selected?.key === 'after') && rootOf(selected.base, scope) === 'plan'
}

function mentionEffect(changes: ASTNode, name: string, node: ASTNode, scope: Scope, state: State): void {
  const guarded = state.guards.has(`${serialize(changes)}.${name}`)
  state.mentions.push({ of: 'effect', name, path: `${source(changes)}.${name}`, offset: node.start, guarded })
  const selected = selection(changes)
  if (selected) look(selected.base, scope, state)
}

/** `"channel" in args` asks for an argument by name. */
function mentionMember(key: ASTNode, of: ASTNode, scope: Scope, state: State): void {
  const name = text(key)
  if (name === undefined || of.op !== 'id' || scope.bound.has(of.args)) return
  if (of.args !== 'args' && of.args !== 'resources') return
  state.mentions.push({ of: of.args, name, path: `${of.args}.${name}`, offset: key.start, guarded: true })
}

function lookAtCall(node: ASTNode, [name, args]: readonly [string, readonly ASTNode[]], scope: Scope, state: State): void {
  if (name === 'glob' && args[1] !== undefined) {
    const pattern = text(args[1])
    if (pattern === undefined) flaw(state, args[1], 'The pattern of glob() must be written in the rule, in quotes.')
    else if (pattern.length > 200) flaw(state, args[1], 'The pattern of glob() is longer than 200 characters.')
  }
  if (name === 'has' && args.length === 1 && hasIndex(args[0]!))
    flaw(state, node, 'has() takes names joined by dots.', 'For an index write: "status" in plan.effects[0].after.')
  for (const argument of args) look(argument, scope, state)
}

function lookAtMethod(
  node: ASTNode,
  [name, receiver, args]: readonly [string, ASTNode, readonly ASTNode[]],
  scope: Scope,
  state: State,
): void {
  look(receiver, scope, state)
  if (name === 'matches')
    return flaw(state, node, 'matches() is not offered, because a pattern can take seconds.', 'Use glob(text, "pattern*").')
  if (name === 'split' && scope.inLoop) flaw(state, node, 'split() inside a loop over a list is not allowed.')
  const variable = args[0]
  if (!loops.has(name) || variable?.op !== 'id') {
    for (const argument of args) look(argument, scope, state)
    return
  }
  if (scope.inLoop) return flaw(state, node, `${name}() inside another loop over a list is not allowed.`, 'Write two rules.')
  if ((roots as readonly string[]).includes(variable.args) || typeNames.has(variable.args))
    return flaw(state, variable, `"${variable.args}" is already a name.`, 'Give the variable another one.')
  const inside = { bound: new Map([...scope.bound, [variable.args, rootOf(receiver, scope)]]), inLoop: true }
  for (const argument of args.slice(1)) look(argument, inside, state)
}

/** 0/0 is no number and compares false with everything: a deny would stay silent. */
function lookAtDivision(divisor: ASTNode, state: State): void {
  const number = divisor.op === 'value' && (typeof divisor.args === 'bigint' || typeof divisor.args === 'number')
  if (number && Number(divisor.args) !== 0) return
  flaw(
    state,
    divisor,
    'Only a number written in the rule, and not 0, can be divided by.',
    'Multiply the other side instead.',
  )
}

/** The name that a chain of fields, indexes and methods begins with. */
function rootOf(node: ASTNode, scope: Scope): string | undefined {
  if (node.op === 'id') return scope.bound.has(node.args) ? scope.bound.get(node.args) : node.args
  const selected = selection(node)
  if (selected) return rootOf(selected.base, scope)
  if (node.op === 'rcall') return rootOf(node.args[1], scope)
  const inner = children(node).map((child) => rootOf(child, scope))
  return inner.includes('plan') ? 'plan' : undefined
}

/** `has(e.after.status)` and `"status" in e.after`, as `e.after.status`. */
function guardsOf(ast: ASTNode): ReadonlySet<string> {
  const guards = new Set<string>()
  const collect = (node: ASTNode): void => {
    const asked = node.op === 'call' && node.args[0] === 'has' ? node.args[1][0] : undefined
    if (asked?.op === '.') guards.add(`${serialize(asked.args[0])}.${asked.args[1]}`)
    if (node.op === 'in' && text(node.args[0]) !== undefined) guards.add(`${serialize(node.args[1])}.${text(node.args[0])}`)
    for (const child of children(node)) collect(child)
  }
  collect(ast)
  return guards
}

function hasIndex(node: ASTNode): boolean {
  if (node.op === '[]') return true
  return node.op === '.' && hasIndex(node.args[0])
}

export function children(node: ASTNode): readonly ASTNode[] {
  if (node.op === 'value' || node.op === 'id') return []
  if (node.op === '.' || node.op === '.?') return [node.args[0]]
  if (node.op === 'call') return node.args[1]
  if (node.op === 'rcall') return [node.args[1], ...node.args[2]]
  if (node.op === 'map') return node.args.flat()
  if (node.op === '!_' || node.op === '-_') return [node.args]
  return node.args
}

function text(node: ASTNode): string | undefined {
  return node.op === 'value' && typeof node.args === 'string' ? node.args : undefined
}

function source(node: ASTNode): string {
  return node.input.slice(node.start, node.end)
}

function flaw(state: State, node: ASTNode, sentence: string, hint?: string): void {
  state.flaws.push({ offset: node.start, sentence, hint })
}
