// How people of Jira Data Center are called in the tools: by their key, which stays when somebody gets another name.
// https://developer.atlassian.com/server/jira/platform/gdpr-changes-to-jira-server-and-data-center/

/** A key such as `JIRAUSER10100` as it is; an old one, which can hold anything, so that it fits an accountId. */
export function accountIdOf(key: string): string {
  if (/^JIRAUSER\d{1,20}$/.test(key)) return key
  return `${prefix}${Buffer.from(key, 'utf8').toString('base64url')}`
}

export function keyOf(accountId: string): string {
  if (!accountId.startsWith(prefix)) return accountId
  return Buffer.from(accountId.slice(prefix.length), 'base64url').toString('utf8')
}

const prefix = 'user:'
