// What is unusual about a request, in words. It decides nothing.
import type { ApprovalView } from './wire.ts'

const manyPeople = 50

export function risksOf({ class: kind, audience, undo, fidelity, effects }: ApprovalView): readonly string[] {
  const people = audience?.people
  return [
    ...(audience?.external ? ['people outside the company see it'] : []),
    ...(audience?.massMention ? ['it notifies everybody there'] : []),
    ...(kind === 'RP' ? ['it reads what is private'] : []),
    ...(kind === 'D' ? ['it destroys'] : []),
    ...(kind === 'X' ? ['it changes permissions'] : []),
    ...(kind === 'W3' ? ['it is visible outside or binding'] : []),
    ...(undo === 'none' ? ['it cannot be taken back'] : []),
    ...(people === 'unknown' ? ['how many people see it is not known'] : []),
    ...(typeof people === 'number' && people >= manyPeople ? [`${people} people see it`] : []),
    ...(effects.length > 5 ? [`${effects.length} things are changed at once`] : []),
    ...(fidelity === 'local' ? ['the vendor has not checked it'] : []),
  ]
}
