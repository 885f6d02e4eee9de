// An answer as a person reads it.
import type { Answer, PlanView } from '../call/call.ts'
import type { Decision } from '../policy/decide.ts'
import { oneLine, visible } from './escape.ts'

const statusWords = {
  done: 'Done',
  previewed: 'Previewed: nothing was sent',
  held: 'Held: nothing was sent yet',
  denied: 'Denied: nothing was sent',
  failed: 'Failed: nothing happened',
  unknown: 'Unknown: it may have happened; do not repeat it',
} as const satisfies Record<Answer['status'], string>

export function renderAnswer(answer: Answer): string {
  const { decision, approval, error } = answer
  const sections = [
    [
      `${statusWords[answer.status]}${answer.replayed === true ? ' (the answer of an earlier, equal call)' : ''}`,
      ...messageLines(answer),
    ],
    answer.plan === undefined ? [] : planLines(answer.plan),
    answer.result === undefined ? [] : ['Result', indented(JSON.stringify(answer.result, undefined, 2))],
    [
      ...field('Rule', decision?.rule),
      ...field('Because', decision?.because),
      ...field('Instead', decision?.instead),
      ...field('Approvers', approval?.approvers.join(' and ')),
      ...field('Until', approval?.expires_at),
      ...field('Decided at', approval && (approval.link ?? `toolgate approvals show ${answer.operation_id ?? 'ID'}`)),
      ...field(
        'Error',
        error === undefined ? undefined : `${error.code} (try again: ${error.retry}${waitWords(error.retry_after_ms)})`,
      ),
      ...field('Hidden by policy', answer.masked?.join(', ')),
      ...field('Operation', answer.operation_id),
    ],
    (answer.notes ?? []).map((note) => `Note: ${oneLine(note)}`),
  ]
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')
}

/** Every rule whose tools and people fit, with what it said; an arrow before the one that decided. */
export function renderDecision(decision: Decision): string {
  const rules = decision.rules.map((rule) => {
    const said =
      rule.outcome === 'spoke'
        ? rule.effect.toUpperCase()
        : rule.outcome === 'broke'
          ? 'BROKE, which denies'
          : `silent (${rule.effect})`
    const mark = rule.rule === decision.rule ? '→' : ' '
    const lines = [`${mark} ${said}  ${oneLine(rule.rule)}  at ${oneLine(rule.at)}`]
    if (rule.because !== undefined && rule.outcome === 'spoke') lines.push(`      because ${oneLine(rule.because)}`)
    if (rule.why !== undefined) lines.push(`      ${oneLine(rule.why)}`)
    return lines.join('\n')
  })
  return [
    `Decision: ${decision.effect}, by ${oneLine(decision.rule)}`,
    ...(rules.length > 0 ? rules : ['  No rule speaks of this tool and this person, and silence is no.']),
    ...(decision.masks.length > 0 ? [`  Hidden fields: ${oneLine(decision.masks.join(', '))}`] : []),
  ].join('\n')
}

const fidelityWords = {
  server: 'the vendor ran it as a trial',
  checked: 'the vendor confirmed fields and permissions',
  local: 'computed here; the vendor was not asked',
} as const satisfies Record<PlanView['fidelity'], string>

function planLines(plan: PlanView): string[] {
  const { audience } = plan
  const people =
    audience.people === 'unknown'
      ? 'an unknown number of people'
      : `${audience.people} ${audience.people === 1 ? 'person' : 'people'}`
  const reach = [
    people,
    ...(audience.external ? ['also outside the company'] : []),
    ...(audience.massMention ? ['with a mass mention'] : []),
  ].join(', ')
  return [
    `Plan: ${oneLine(plan.summary)}`,
    ...plan.effects.flatMap(effectLines),
    `  Who is told: ${oneLine(audience.where)} (${reach})`,
    `  Certainty: ${fidelityWords[plan.fidelity]}; undo: ${plan.undo}`,
    ...plan.warnings.map((warning) => `  Warning: ${oneLine(warning)}`),
  ]
}

function effectLines({ verb, target, before, after }: PlanView['effects'][number]): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  const width = Math.max(0, ...names.map((name) => name.length))
  return [
    `  ${verb} ${oneLine(target)}`,
    ...names.map((name) => `    ${oneLine(name).padEnd(width)}  ${value(before, name)} → ${value(after, name)}`),
  ]
}

function value(of: Readonly<Record<string, unknown>>, name: string): string {
  return Object.hasOwn(of, name) ? oneLine(JSON.stringify(of[name]) ?? '') : '(nothing)'
}

function field(label: string, text: string | undefined): string[] {
  return text === undefined ? [] : [`${`${label}:`.padEnd(17)} ${oneLine(text)}`]
}

function waitWords(ms: number | undefined): string {
  return ms === undefined ? '' : `, in ${Math.ceil(ms / 1000)} s`
}

/** Nothing where it says no more than the status. */
function messageLines({ message }: Answer): string[] {
  return message === 'Done.' ? [] : [indented(message)]
}

function indented(text: string): string {
  return visible(text)
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n')
}
