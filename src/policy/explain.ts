// A decision as the lines that `toolgate explain` prints: what was decided, and what every rule said.
import type { Decision, RuleEffect, Spoken } from './decide.ts'

/** The first line is the decision; below it one line for each rule that fits, the deciding one marked. */
export function explain(decision: Decision): readonly string[] {
  const { because, instead, approvers, masks, rules } = decision
  return [
    headline(decision),
    ...line('  because', because),
    ...line('  instead', instead),
    ...approvers.map(
      (group) => `  needs ${group.length === 1 ? 'the approval of' : 'one approval of'} ${group.join(' or ')}`,
    ),
    ...line('  leaves out', masks.length === 0 ? undefined : masks.join(', ')),
    '',
    ...(rules.length === 0 ? ['No rule is about this tool and this person.'] : ['Rules about this tool and this person:']),
    ...rules.flatMap((rule) => told(rule, rule.rule === decision.rule)),
  ]
}

const outcomes = {
  allow: 'Allowed',
  ask: 'Held for approval',
  preview: 'Shown only, not done',
  deny: 'Denied',
} as const satisfies Record<RuleEffect, string>

function headline({ effect, rule, rules }: Decision): string {
  if (rule === 'silence') return `${outcomes[effect]}: no rule speaks for it, and silence is no.`
  const deciding = rules.find((each) => each.rule === rule)
  const broken = deciding?.outcome === 'broke' ? ', which could not be judged' : ''
  return `${outcomes[effect]} by ${rule}${deciding ? ` (${deciding.at})` : ''}${broken}.`
}

function told({ rule, effect, because, outcome, why, at }: Spoken, decided: boolean): readonly string[] {
  const said = { spoke: `says ${effect}`, broke: `broke, which denies`, silent: `is silent (${effect})` }[outcome]
  return [
    `${decided ? '→' : ' '} ${rule} ${said}  ${at}`,
    ...(why === undefined ? [] : [`      ${why}`]),
    ...(because === undefined || outcome !== 'spoke' ? [] : [`      ${because}`]),
  ]
}

function line(label: string, text: string | undefined): readonly string[] {
  return text === undefined ? [] : [`${label}: ${text}`]
}
