// Where people find in Jira what an effect changes.
import type { Settings } from './settings.ts'

const issue = /^jira:issue\/([A-Z][A-Z0-9_]{0,30}-\d{1,12})(?:\/comment\/(\d{1,20})|\/.*)?$/
const project = /^jira:project\/([A-Z][A-Z0-9_]{0,30})(?:\/.*)?$/

/** https://support.atlassian.com/jira-software-cloud/docs/what-is-an-issue/ */
export function link(target: string, { site }: Pick<Settings, 'site'>): string | undefined {
  const [, key, comment] = issue.exec(target) ?? []
  if (key !== undefined) return `${site}/browse/${key}${comment === undefined ? '' : `?focusedCommentId=${comment}`}`
  const [, name] = project.exec(target) ?? []
  return name === undefined ? undefined : `${site}/browse/${name}`
}
