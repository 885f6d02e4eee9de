// A condition that holds when the caller is nobody whom the changed records name, for example as their author or owner.
import { condition } from 'toolgate/kit'
import { z } from 'zod'

export const separationOfDuties = condition({
  name: 'separation-of-duties',
  description: 'The caller is none of the people whom the record names in these fields before the change.',
  needs: ['plan'],
  params: z.strictObject({
    /** Fields of an effect's `before`, such as assignee, reporter or OwnerId. */
    fields: z.array(z.string().min(1)).min(1),
    /** What the vendor calls the people of the hub: { maya: 5b10a2844c20165700ede21g }. Others are known by their own id. */
    also_known_as: z.record(z.string(), z.string().min(1)).default({}),
  }),
  test({ principal, plan }, { fields, also_known_as: names }) {
    if (plan === undefined || plan.effects.length === 0) throw new Error('There is no change to look at.')
    const callers = [principal.id, ...(Object.hasOwn(names, principal.id) ? [names[principal.id]] : [])]
    return plan.effects.every(({ before }) => fields.every((field) => isSomeoneElse(before[field], callers, field)))
  },
})

/** What is not known cannot be told apart: then the rule breaks, which denies. */
function isSomeoneElse(value: unknown, callers: readonly (string | undefined)[], field: string): boolean {
  const people = Array.isArray(value) ? value : [value]
  if (people.length === 0 || people.some((person) => typeof person !== 'string' || person === ''))
    throw new Error(`The change does not say who the ${field} was.`)
  return !people.some((person) => callers.some((caller) => caller?.toLowerCase() === String(person).toLowerCase()))
}
