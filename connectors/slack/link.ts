// Where people find in Slack what an effect changes.

const place = /^slack:(?:channel|message)\/([CDG][A-Z0-9]{2,30})(?:\/[\d.]+)?$/

/**
 * The channel, also for a message: the address of a message begins with a workspace, which no setting names.
 * https://docs.slack.dev/interactivity/deep-linking
 */
export function link(target: string): string | undefined {
  const [, channel] = place.exec(target) ?? []
  return channel === undefined ? undefined : `https://slack.com/app_redirect?channel=${channel}`
}
