// One CEL expression: checked when it is loaded, run in microseconds, and never asked what it cannot answer.
import { EvaluationError } from '@marcbachmann/cel-js'
import type { ASTNode, ParseResult } from '@marcbachmann/cel-js'
import { children, read } from './expression-walk.ts'
import type { Flaw, Mention } from './expression-walk.ts'
import type { Root, View } from './facts.ts'
import { didYouMean } from './suggest.ts'
import { environment, fields, functionNames } from './vocabulary.ts'

/** An expression that can be run. */
export interface Expression {
  readonly text: string
  readonly roots: ReadonlySet<Root>
  readonly mentions: readonly Mention[]
  /** Throws a Broken when there is no answer. */
  test(view: View): boolean
}

/** Why a clause has no answer, in a sentence without any text of a vendor. */
export class Broken extends Error {
  override readonly name = 'Broken'
}

/** Compiles the expression, or says all that is wrong with it. */
export function compileExpression(text: string): { readonly expression: Expression } | { readonly flaws: readonly Flaw[] } {
  const parsed = parse(text)
  if ('flaws' in parsed) return parsed
  const reading = read(parsed.program.ast)
  const flaws = [...reading.flaws, ...misspelt(parsed.program.ast)]
  if (flaws.length > 0) return { flaws }
  const checked = parsed.program.check()
  if (checked.error) return { flaws: [typeFlaw(checked.error)] }
  if (checked.type !== 'bool' && checked.type !== 'dyn') {
    const sentence = `The expression gives a value of the type ${checked.type}, not true or false.`
    return { flaws: [{ offset: 0, sentence, hint: 'Compare it with something.' }] }
  }
  const { roots, mentions } = reading
  return { expression: { text, roots, mentions, test: (view) => run(parsed.program, roots, view) } }
}

function run(program: ParseResult, roots: ReadonlySet<Root>, view: View): boolean {
  for (const root of roots) {
    if (!view.has(root)) throw new Broken(`It needs ${root}, which is not known here.`)
    const unfit = view.unfit(root)
    if (unfit !== undefined) throw new Broken(`It cannot be judged: ${unfit}.`)
  }
  const value: unknown = evaluate(program, view)
  if (typeof value === 'boolean') return value
  throw new Broken(`It gave ${value === null ? 'null' : `a ${typeof value}`}, not true or false.`)
}

function evaluate(program: ParseResult, view: View): unknown {
  try {
    return program(view.values)
  } catch (error) {
    throw new Broken(inOurWords(error), { cause: error })
  }
}

/** Only what the rule itself says is repeated: values come from callers and vendors, and agents read this. */
function inOurWords(error: unknown): string {
  if (!(error instanceof EvaluationError)) return 'It could not be evaluated.'
  const { code, node } = error
  if (code === 'no_such_key' && node) return `${node.input.slice(node.start, node.end)} is not there; ask with has() first.`
  if (code === 'no_such_overload' || code === 'no_matching_overload')
    return `It puts together values that do not go together (${error.summary.replaceAll(/dyn<(\w+)>/g, '$1')}).`
  return `It could not be evaluated (${code.replaceAll('_', ' ')}).`
}

function parse(text: string): { readonly program: ParseResult } | { readonly flaws: readonly Flaw[] } {
  try {
    return { program: environment.parse(text) }
  } catch (error) {
    const { summary, range, code } = error as { summary?: string; range?: { start: number }; code?: string }
    const tooBig = code?.startsWith('limit') === true || /exceed|limit|maximum/i.test(summary ?? '')
    const sentence = tooBig
      ? `The expression is too large (${summary}).`
      : `The expression does not parse: ${summary ?? 'unknown reason'}.`
    return { flaws: [{ offset: range?.start ?? 0, sentence, hint: tooBig ? 'Split it into several rules.' : undefined }] }
  }
}

function typeFlaw(error: {
  readonly summary: string
  readonly code: string
  readonly range?: { readonly start: number }
}): Flaw {
  const offset = error.range?.start ?? 0
  const key = /^No such key: (.*)$/.exec(error.summary)?.[1]
  if (key !== undefined) {
    const known = Object.values(fields).flatMap((type) => Object.keys(type))
    return { offset, sentence: `There is no field "${key}" here.`, hint: didYouMean(key, known) }
  }
  const called = /^found no matching overload for '(?:.*\.)?(\w+)\(/.exec(error.summary)?.[1]
  if (called === undefined)
    return { offset, sentence: `The expression does not fit together: ${error.summary}.`, hint: undefined }
  if (functionNames.includes(called))
    return { offset, sentence: `${called}() does not take these values: ${error.summary}.`, hint: undefined }
  return { offset, sentence: `There is no function ${called}() here.`, hint: didYouMean(called, functionNames) }
}

const words: Readonly<Record<string, readonly string[]>> = {
  'tool.class': ['R', 'RP', 'W1', 'W2', 'W3', 'D', 'X'],
  'plan.fidelity': ['server', 'checked', 'local'],
  'plan.undo': ['exact', 'partial', 'lossy', 'none'],
  'tool.verb': ['create', 'update', 'delete', 'send', 'run', ''],
}

/** A comparison with a word that the field never has would be silent for ever. */
function misspelt(node: ASTNode): readonly Flaw[] {
  const here = node.op === '==' || node.op === '!=' || node.op === 'in' ? misspeltIn(node.args[0], node.args[1]) : []
  return [...here, ...children(node).flatMap(misspelt)]
}

function misspeltIn(left: ASTNode, right: ASTNode): readonly Flaw[] {
  const [field, value] = left.op === 'value' ? [right, left] : [left, right]
  if (field.op !== '.' || field.args[0].op !== 'id') return []
  const path = `${field.args[0].args}.${field.args[1]}`
  const known = words[path]
  if (!known) return []
  const literals = value.op === 'list' ? value.args : [value]
  return literals.flatMap((literal) => {
    if (literal.op !== 'value' || typeof literal.args !== 'string' || known.includes(literal.args)) return []
    const hint = didYouMean(literal.args, known) ?? `It is one of ${known.filter(Boolean).join(', ')}.`
    return [{ offset: literal.start, sentence: `${path} is never "${literal.args}".`, hint }]
  })
}
