// Where people find in Salesforce what an effect changes.
import type { Settings } from './settings.ts'

const record = /^sf:([A-Za-z][A-Za-z0-9_]{0,79})\/([A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?)$/

/** My Domain sends the browser on to the org's Lightning address, or asks the person to sign in first. */
export function link(target: string, { instance }: Pick<Settings, 'instance'>): string | undefined {
  const [, object, id] = record.exec(target) ?? []
  return object === undefined ? undefined : `${instance}/lightning/r/${object}/${id}/view`
}
