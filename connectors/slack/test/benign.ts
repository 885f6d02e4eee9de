// What people ask of Slack on a working day: nothing of it may be refused, and each text must arrive as it was meant.

export interface Benign {
  readonly tool: string
  readonly input: Readonly<Record<string, unknown>>
}

const notes: readonly string[] = [
  'Good morning! The nightly import finished at 06:12 without errors.',
  'SUP-1 is **fixed**: Brightwater’s calendar is right again.',
  '@[U0MAYAOKAFOR] can you look at SUP-2 before noon? Calder is waiting.',
  '@[U0WEIZHANG Wei] and @[U0PRIYARAMAN]: the fix is on staging, please try it.',
  'See #[C0OPSINCID1 ops-incidents] for the queue graph.',
  'Release notes:\n- faster reminders\n- fewer duplicates\n- *no* downtime',
  '1. stop the workers\n2. run the migration\n3. start the workers',
  '> Good morning. Reception in Bristol had three double bookings today.\n\nI answered her.',
  '## Incident summary\nStarted 08:10, ended 08:52. Cause: the digest ran in the same workers.',
  '```\nSELECT count(*) FROM bookings WHERE clinic = 7 AND created < now();\n```',
  '```ts\nif (a < b && c > d) return `${x}`\n```',
  'Use `rrule_expand()` with the offset of the *event*, not of the first one.',
  'Ticket: [SUP-1](https://larkfield.atlassian.net/browse/SUP-1)',
  'Dashboard: https://grafana.larkfield.example/d/abc123/queue?orgId=1&from=now-6h&to=now',
  'The docs say so: <https://docs.slack.dev/messaging/formatting-message-text>',
  'Write to <mailto:support@larkfield.example> when the phone is down.',
  '~~Friday~~ Thursday at 15:00 works for everybody.',
  'Latency p95 < 200 ms and p99 > 1 s only on Mondays.',
  'Revenue is up 12 % & churn is down.',
  'a && b || !c is what the rule says; x << 2 is not.',
  'Cost: £1,200 (VAT incl.), due 2026-11-30.',
  'Temperature in the server room: 24 °C → 31 °C in an hour.',
  'Übergabe an Jörg erledigt, Grüße aus Köln.',
  'L’équipe a validé la version 4.2.1, merci !',
  '明日の会議は10時からです。',
  'Совещание перенесено на четверг.',
  'שלום לכולם, הגרסה החדשה באוויר',
  '🎉 Contract signed! Thanks to @[U0TOMASHERR].',
  'Done :white_check_mark: — next: the invoices :moneybag:',
  'I’ll be 5 min late, start without me...',
  'Can somebody with access to prod-db-2 run `VACUUM ANALYZE`?',
  'File paths: /var/log/app.log and C:\\Users\\maya\\notes.txt',
  'Version 2.0.0-rc.1 is tagged; 1.9.x gets fixes until March.',
  'snake_case_names, kebab-case-names and CamelCase stay as they are.',
  '2 * 3 * 4 = 24, and 2 ** 10 = 1024.',
  'Is it #42 or #43? See issue #42.',
  'E-mail maya.okafor@larkfield.example if in doubt.',
  'Call me at +44 20 7946 0000 (ext. 12).',
  "The error was: TypeError: Cannot read properties of undefined (reading 'id')",
  'Traceback (most recent call last):\n  File "app.py", line 12, in <module>\nValueError: bad date',
  'Please don’t @channel for this; the on-call person is enough.',
  'Reminder: stand-up moves to 09:30 *from Monday on*.',
  'FYI: https://status.example.com/incidents/4711 is resolved.',
  'Here is the plan:\n\n**Monday** freeze\n**Tuesday** test\n**Wednesday** ship',
  '---\nAbove the line is decided, below is open.',
  'TL;DR: roll back, then look.',
  'Quote of the customer: "It has never been this fast."',
  'A table would not help here: just 3 rows (a, b, c).',
  '[x] call Helen\n[ ] send the invoice\n[ ] close SUP-1',
  'Ratio 3:2, odds 1/7, range 10-20, 50/50.',
  'curl -sS https://api.larkfield.example/v1/health | jq .status',
  'export PATH="$HOME/bin:$PATH" && make test',
  'git rebase -i HEAD~3 and then git push --force-with-lease',
  'The regex is `^[A-Z]{2,5}-[0-9]+$`, nothing more.',
  'JSON: `{"id": 7, "tags": ["a", "b"]}`',
  'We agreed on *scope*, **date** and ~~price~~ price later.',
  'Minutes: https://larkfield.example/docs/minutes_2026_11_20.html',
  'In parentheses (https://larkfield.example/a_(b)) it works too.',
  'Who is in on Friday? 👀',
  'AT&T called back; P&L is in the sheet.',
]
const tickets = ['SUP-1', 'SUP-2', 'OPS-42'] as const
const customers = [
  'Brightwater Clinics',
  'Calder Dental Group',
  'Stellan Physio',
  'O’Brien Veterinary',
  'Kestrel Eye Care',
] as const
const templates: readonly ((ticket: string, customer: string) => string)[] = [
  (ticket, customer) => `${ticket}: **${customer}** confirms that it works again.`,
  (ticket, customer) => `I have told ${customer} that ${ticket} is in review; next word on Thursday.`,
  (ticket, customer) => `[${ticket}](https://larkfield.atlassian.net/browse/${ticket}) blocks the renewal of ${customer}.`,
  (ticket, customer) =>
    `Summary of ${ticket}\n- customer: ${customer}\n- impact: *two* clinics\n- next: \`npm run backfill\``,
]

const texts = [
  ...notes,
  ...tickets.flatMap((ticket) => customers.flatMap((customer) => templates.map((make) => make(ticket, customer)))),
]

const searches: readonly Readonly<Record<string, unknown>>[] = [
  ...[
    'double bookings',
    '"double bookings"',
    'renewal risk',
    'queue',
    'OPS-42',
    'SUP-1 Brightwater',
    'reminder*',
    'contract signed',
    'on call',
    'digest workers',
    'clocks changed',
    'offset event',
    'rollout Leeds',
    'Helen',
    'O’Brien',
    'rrule_expand',
    'queue_depth 18',
    'error: timeout',
    'https://larkfield.atlassian.net',
    'version 4.2.1',
    '12:30',
    'tickets -closed',
    '-"weekly digest" queue',
    'C++',
    'node.js 24',
    'R&D',
    '50 %',
    'what is the plan?',
    'invoice #4711',
    'a/b test',
    'user@example.com',
    '(draft)',
    'café',
    'Grüße',
    '日本語',
    'payment failed!',
    '"three double bookings" Bristol',
    'p95 < 200ms',
    'to: Helen',
    'in: Bristol',
  ].map((query) => ({ query })),
  { query: 'SUP-1', in: ['#support'] },
  { query: 'SUP-1', in: ['#support', '#sales'] },
  { query: 'renewal', from: ['U0TOMASHERR'] },
  { query: 'fix', from: ['U0WEIZHANG'], after: '2026-01-01' },
  { in: ['#ops-incidents'], has: ['reaction'] },
  { in: ['#support'], has: ['link'] },
  { has: ['file'], after: '2026-01-01' },
  { from: ['U0MAYAOKAFOR'], before: '2026-12-31', limit: 20 },
  { query: 'stand-up', after: '2026-11-01', before: '2026-11-30' },
  { query: 'tada', has: ['tada'] },
]

const reads: readonly Benign[] = [
  ...[
    '#support',
    '#ops-incidents',
    '#sales',
    '#general',
    '#announcements',
    '#calder-rollout',
    '#partner-brightwater',
  ].flatMap((channel) => [
    { tool: 'history_read', input: { channel } },
    { tool: 'history_read', input: { channel, limit: 5, since: '2026-01-01T00:00:00Z' } },
    { tool: 'history_read', input: { channel, include_activity: true, limit: 100 } },
    { tool: 'channel_get', input: { channel } },
  ]),
  { tool: 'thread_read', input: { channel: '#support', thread_ts: '1761555600.000100' } },
  { tool: 'thread_read', input: { channel: 'C0SUPPORT01', thread_ts: '1761555600.000100', limit: 50 } },
  { tool: 'message_get', input: { channel: '#support', ts: '1761555600.000100' } },
  { tool: 'message_get', input: { permalink: 'https://larkfield.slack.com/archives/C0SUPPORT01/p1761555600000100' } },
  {
    tool: 'message_get',
    input: {
      permalink:
        'https://larkfield.slack.com/archives/C0SUPPORT01/p1761555720000200?thread_ts=1761555600.000100&cid=C0SUPPORT01',
    },
  },
  { tool: 'channel_list', input: {} },
  { tool: 'channel_list', input: { member_only: false, types: ['public', 'private'] } },
  { tool: 'channel_list', input: { query: 'ops' } },
  ...['maya', 'okaf', 'Tomás', 'tomas', 'maya.okafor@larkfield.example', 'U0WEIZHANG', 'Wei Zhang', '@jonas'].map(
    (query) => ({
      tool: 'user_find',
      input: { query },
    }),
  ),
  { tool: 'usergroup_list', input: {} },
  { tool: 'usergroup_list', input: { include_counts: true } },
  { tool: 'file_read', input: { channel: '#support', file: 'F0ONCALLROTA' } },
  { tool: 'file_read', input: { channel: '#support', file: 'F0FLOORPLAN1' } },
  { tool: 'dm_read', input: { user: 'U0MAYAOKAFOR' } },
  { tool: 'dm_read', input: { conversation: 'C0MPDMSUPP1', limit: 50 } },
]

const inThread = texts
  .slice(0, 30)
  .map((text) => ({ tool: 'thread_reply', input: { channel: '#support', thread_ts: '1761555600.000100', text } }))
const later = texts
  .slice(30, 50)
  .map((text) => ({ tool: 'msg_schedule', input: { channel: '#support', text, in_minutes: 90 } }))
const shared: readonly Benign[] = [
  'notes.txt',
  'Q4 forecast (draft).csv',
  'übersicht.md',
  'log_2026-11-22.txt',
  'données.json',
  '報告.txt',
].map((name) => ({
  tool: 'file_upload',
  input: { channel: '#support', name, text: 'one\ntwo\n' },
}))

const changed = texts
  .slice(0, 30)
  .map((text) => ({ tool: 'message_update', input: { channel: '#support', ts: '1761555900.000300', text } }))

export const benign: readonly Benign[] = [
  ...changed,
  ...texts.map((text) => ({ tool: 'message_send', input: { channel: '#support', text } })),
  ...inThread,
  ...later,
  ...shared,
  ...searches.map((input) => ({ tool: 'search', input })),
  ...reads,
]
