// An anchor in a syslog server of another machine.
import { canonical } from '../../kit/json.ts'
import type { Anchor } from '../anchor.ts'
import type { AnchorSettings } from '../settings.ts'
import { sendSyslog, syslogLine } from '../syslog.ts'

export function syslogAnchor({ name, ...target }: Extract<AnchorSettings, { to: 'syslog' }>): Anchor {
  return {
    name,
    async push(checkpoints, signal) {
      const lines = checkpoints.map((checkpoint) => syslogLine(new Date(checkpoint.at), 'checkpoint', canonical(checkpoint)))
      await sendSyslog(target, lines, signal)
    },
  }
}
