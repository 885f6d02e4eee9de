// The same connector, whose sandbox is asked as a site of Jira Data Center.
import { jira as cloud } from '../../connector.ts'
import { site } from '../../sandbox/world.ts'

export const jira = {
  ...cloud,
  sandbox: { ...cloud.sandbox, settings: { site, deployment: 'data-center', raw_jql: 'on' } },
}
