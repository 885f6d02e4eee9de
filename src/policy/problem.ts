// What is wrong in a policy file, where, and what to do about it.

export interface Problem {
  /** As the person wrote it in the configuration: `policies/support.yaml`. */
  readonly file: string
  readonly line: number
  readonly column: number
  readonly sentence: string
  readonly hint: string | undefined
}

/** Some policy files cannot be used. Nothing of them is in force: the policy before stays. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError'
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    const sorted = problems.toSorted(byPlace)
    super(sorted.map(told).join('\n'))
    this.problems = sorted
  }
}

/** `policies/support.yaml:7:11: … Do this.` */
export function told(problem: Problem): string {
  const { file, line, column, sentence, hint } = problem
  return `${file}:${line}:${column}: ${sentence}${hint === undefined ? '' : ` ${hint}`}`
}

function byPlace(left: Problem, right: Problem): number {
  if (left.file !== right.file) return left.file < right.file ? -1 : 1
  return left.line - right.line || left.column - right.column
}
