// How often one issue may be written. https://developer.atlassian.com/cloud/jira/platform/rate-limiting/ : 20 writes in 2 seconds.
import type { SandboxResponse } from 'toolgate/kit'
import type { Ask } from './ask.ts'

const [most, windowMs] = [20, 2_000]

/** The answer in place of a write that comes too soon after others; undefined for all else. */
export function tooMany({ request, world, now }: Ask): SandboxResponse | undefined {
  const issue = written(request)
  if (issue === undefined || recent(world, issue, now).length < most) return undefined
  return {
    status: 429,
    headers: { 'retry-after': '2', 'ratelimit-reason': 'jira-per-issue-on-write', 'x-ratelimit-limit': String(most) },
    body: { errorMessages: ['Rate limit exceeded.'], errors: {} },
  }
}

/** Only what was written counts: a refusal changes nothing, and that includes this. */
export function countWrite({ request, world, now }: Ask, { status }: SandboxResponse): void {
  const issue = written(request)
  if (issue === undefined || status >= 300) return
  world.state.put('writes', issue, { at: [...recent(world, issue, now), now.getTime()] })
}

function written({ method, path }: Ask['request']): string | undefined {
  return method === 'GET' ? undefined : /^\/rest\/api\/3\/issue\/([^/]+)/.exec(path)?.[1]
}

function recent(world: Ask['world'], issue: string, now: Date): readonly number[] {
  const { at = [] } = world.state.get('writes', issue) ?? {}
  return Array.isArray(at) ? at.map(Number).filter((each) => each > now.getTime() - windowMs) : []
}
