// Ways to start Node by which others read what passes through it: no hub with real accounts is started by one of them.
import inspector from 'node:inspector'
import process from 'node:process'
import type { Hub } from '../hub.ts'
import type { Log } from '../hub/log.ts'
import { UsageError } from './command.ts'

/** @throws UsageError where there is a real account; for sandboxes it is only a warning */
export function refuseExposed(hub: Hub, log: Log): void {
  const found = exposures()
  const real = hub.config().instances.some(({ sandbox }) => !sandbox)
  if (real && found.length > 0) throw new UsageError(...found)
  for (const sentence of found) log.warn(sentence)
}

function exposures(): readonly string[] {
  const { env, execArgv } = process
  // Node takes _ for - in its options.
  const flags = [...execArgv, ...(env['NODE_OPTIONS'] ?? '').split(/\s+/)].map((flag) => flag.replaceAll('_', '-'))
  const has = (flag: string) => flags.some((each) => each === flag || each.startsWith(`${flag}=`))
  const sentences: readonly (readonly [boolean, string])[] = [
    [env['NODE_DEBUG'] !== undefined, 'NODE_DEBUG is set: Node would print what passes through the hub. Unset it.'],
    [
      env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0',
      'NODE_TLS_REJECT_UNAUTHORIZED is 0: any certificate would do for whatever asks Node alone. Unset it, and name your authority in "egress": { "ca": … }.',
    ],
    [
      inspector.url() !== undefined,
      'The debugger is open: whoever reaches it reads every secret of the hub. Start it without --inspect.',
    ],
    [has('--tls-keylog'), 'With --tls-keylog Node writes down the keys of every connection. Start the hub without it.'],
    [
      has('--report-on-fatalerror') || has('--report-uncaught-exception') || has('--report-on-signal'),
      'Node’s reports would hold the environment of the hub. Start it without --report-… options.',
    ],
    [
      has('--heapsnapshot-signal') || has('--heapsnapshot-near-heap-limit'),
      'Snapshots of the heap would hold every secret of the hub. Start it without --heapsnapshot-… options.',
    ],
  ]
  return sentences.flatMap(([so, sentence]) => (so ? [sentence] : []))
}
