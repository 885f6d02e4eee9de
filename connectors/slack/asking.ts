// One request through the SDK: Slack's own errors become ours.
import { toHubError } from './errors.ts'

/** @throws HubError for whatever the SDK threw. */
export async function ask<Answer>(answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer
  } catch (error) {
    throw toHubError(error)
  }
}

/** The values that there are. */
export function given<Values extends Readonly<Record<string, string | number | undefined>>>(
  values: Values,
): { [Key in keyof Values]?: Exclude<Values[Key], undefined> } {
  const present = Object.entries(values).filter(([, value]) => value !== undefined && value !== '')
  return Object.fromEntries(present) as { [Key in keyof Values]?: Exclude<Values[Key], undefined> }
}
