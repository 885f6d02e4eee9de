// What the people of the seeded company wrote to each other, in order.

export interface Told {
  readonly channel: string
  readonly by: string
  readonly text: string
  /** Days before the seeding, or for the few messages that examples name a fixed time in seconds. */
  readonly when: { readonly daysAgo: number } | { readonly at: number }
  /** So that a later one can reply to it. */
  readonly name?: string
  readonly replyTo?: string
  readonly subtype?: string
  /** Ids of files that are shared with it. */
  readonly files?: readonly string[]
  readonly reactions?: Readonly<Record<string, readonly string[]>>
}

export const story: readonly Told[] = [
  {
    channel: 'support',
    by: 'jonas',
    name: 'rules',
    when: { at: 1_761_555_600 },
    text: '*How we work here:* one thread a ticket, the ticket’s key in the first line, and no customer data beyond what the ticket has.',
    reactions: { white_check_mark: ['maya', 'wei'], pushpin: ['priya'] },
  },
  {
    channel: 'support',
    by: 'maya',
    replyTo: 'rules',
    when: { at: 1_761_555_720 },
    text: 'Does that hold for screenshots too?',
    reactions: { eyes: ['toolgate'] },
  },
  {
    channel: 'support',
    by: 'toolgate',
    name: 'hello',
    when: { at: 1_761_555_900 },
    text: 'I follow the rules of this channel.',
    files: ['F0RULESOFBOT'],
    reactions: { wave: ['jonas'] },
  },
  {
    channel: 'support',
    by: 'jonas',
    replyTo: 'rules',
    when: { at: 1_761_556_200 },
    text: 'Yes. Blur names &amp; phone numbers.',
  },
  {
    channel: 'general',
    by: 'noor',
    when: { daysAgo: 12.1 },
    text: 'Offices are closed on Friday. <!here> please put your absences in the calendar.',
    reactions: { '+1': ['maya', 'wei', 'tomas'] },
  },
  {
    channel: 'announcements',
    by: 'ines',
    when: { daysAgo: 9.3 },
    text: 'Kestrel Eye Care chose us for their clinics in Utrecht. :tada:',
    reactions: { tada: ['tomas', 'maya', 'noor', 'wei'] },
  },
  { channel: 'launch-2025', by: 'wei', when: { daysAgo: 300 }, text: 'We are live. Archiving this one.' },
  { channel: 'random', by: 'wei', when: { daysAgo: 6.2 }, text: 'The coffee machine on the second floor is back.' },
  {
    channel: 'support',
    by: 'maya',
    name: 'sup-1',
    when: { daysAgo: 5.4 },
    text: 'SUP-1: Brightwater sees double bookings since the clocks changed. Two clinics so far. <https://larkfield.atlassian.net/browse/SUP-1|SUP-1>',
    reactions: { eyes: ['jonas', 'wei'] },
  },
  {
    channel: 'support',
    by: 'wei',
    replyTo: 'sup-1',
    when: { daysAgo: 5.35 },
    text: 'The recurrence rule is expanded in local time. `rrule_expand()` takes the offset of the *first* event for all of them.',
  },
  {
    channel: 'support',
    by: 'jonas',
    replyTo: 'sup-1',
    when: { daysAgo: 5.3 },
    text: '<@U0WEIZHANG> can you take it? Helen Marsh calls me every morning.',
  },
  {
    channel: 'support',
    by: 'wei',
    replyTo: 'sup-1',
    when: { daysAgo: 4.9 },
    text: 'Fix is in review. I also need a script for the bookings that are already doubled.',
  },
  {
    channel: 'support',
    by: 'maya',
    name: 'sup-2',
    when: { daysAgo: 3.6 },
    text: 'SUP-2: Calder Dental gets reminders an hour late. Looks like the same cause as SUP-1, but only for text messages.',
  },
  {
    channel: 'support',
    by: 'priya',
    replyTo: 'sup-2',
    when: { daysAgo: 3.5 },
    text: 'Not the same: the queue in <#C0OPSINCID1|ops-incidents> is behind. See OPS-42.',
  },
  {
    channel: 'support',
    by: 'wei',
    when: { daysAgo: 3.4 },
    subtype: 'channel_topic',
    text: '<@U0WEIZHANG> set the channel topic: Customer tickets (SUP). On call: see the calendar',
  },
  {
    channel: 'ops-incidents',
    by: 'priya',
    name: 'ops-42',
    when: { daysAgo: 3.55 },
    text: 'OPS-42: the reminder queue falls behind on Monday mornings. 40 minutes at 08:10, 12 minutes now.',
    reactions: { rotating_light: ['wei'] },
  },
  {
    channel: 'ops-incidents',
    by: 'wei',
    replyTo: 'ops-42',
    when: { daysAgo: 3.52 },
    text: 'The weekly digest runs at 08:00 in the same workers. Moving it to 05:00.',
  },
  {
    channel: 'ops-incidents',
    by: 'priya',
    replyTo: 'ops-42',
    when: { daysAgo: 3.1 },
    text: '```\nqueue_depth 18\noldest_seconds 4\n```\nBack to normal. I leave the ticket open until Monday.',
  },
  {
    channel: 'sales',
    by: 'tomas',
    name: 'brightwater',
    when: { daysAgo: 2.8 },
    text: 'Brightwater Clinics: renewal is at risk because of SUP-1. Helen wants a date.',
  },
  {
    channel: 'sales',
    by: 'ines',
    replyTo: 'brightwater',
    when: { daysAgo: 2.7 },
    text: 'Ask <@U0JONASLIND> before you promise one.',
  },
  {
    channel: 'sales',
    by: 'tomas',
    when: { daysAgo: 1.6 },
    text: "O'Brien Veterinary: contract is signed. Thanks, everyone!",
    reactions: { tada: ['ines'] },
  },
  {
    channel: 'finance-private',
    by: 'noor',
    when: { daysAgo: 2.2 },
    text: 'Forecast for the quarter without Brightwater: 12 % under plan. Not for anybody else yet.',
  },
  {
    channel: 'partner-brightwater',
    by: 'helen',
    name: 'helen',
    when: { daysAgo: 2.1 },
    text: 'Good morning. Reception in Bristol had three double bookings today. When will this be fixed?',
  },
  {
    channel: 'partner-brightwater',
    by: 'tomas',
    replyTo: 'helen',
    when: { daysAgo: 2.0 },
    text: 'Good morning Helen. We found the cause; I come back to you today with a date.',
  },
  { channel: 'calder-rollout', by: 'owen', when: { daysAgo: 1.9 }, text: 'Leeds is ready for the second wave.' },
  {
    channel: 'support',
    by: 'maya',
    name: 'stellan',
    when: { daysAgo: 0.9 },
    text: 'Stellan Physio asks whether patients can move appointments themselves. Is there a ticket for that?',
    reactions: { question: ['jonas'] },
  },
  {
    channel: 'general',
    by: 'ines',
    when: { daysAgo: 0.4 },
    text: 'Visitors from Kestrel Eye Care at 14:00. Sanne de Wit and two colleagues.',
  },
  {
    channel: 'support',
    by: 'jonas',
    when: { daysAgo: 0.8 },
    text: 'The new rota, and where the phones are now.',
    files: ['F0ONCALLROTA', 'F0FLOORPLAN1'],
  },
  { channel: 'dm-maya', by: 'maya', when: { daysAgo: 1.2 }, text: 'Can you remind me of SUP-2 tomorrow?' },
  { channel: 'dm-maya', by: 'toolgate', when: { daysAgo: 1.19 }, text: 'I will.' },
  { channel: 'dm-support', by: 'jonas', when: { daysAgo: 1.1 }, text: 'Only for the three of us: Helen is about to leave.' },
]
