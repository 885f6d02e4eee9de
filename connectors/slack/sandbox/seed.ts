// The seeded company's workspace: its people, channels, tokens and what they wrote.
import { company } from 'toolgate/kit'
import type { SandboxState } from 'toolgate/kit'
import { scopes, userScopes } from '../permissions.ts'
import { installed } from './rotation.ts'
import { story } from './story.ts'
import { partnerTeam, team } from './workspace.ts'
import type { Channel, Message, StoredFile, Token, User, UserGroup } from './workspace.ts'

export const botToken = 'xoxb-sandbox-toolgate'

/** Other tokens, for what goes wrong: an app without the right to write, one that was removed, and each person's own. */
export const otherTokens = {
  readOnly: 'xoxb-sandbox-read-only',
  revoked: 'xoxb-sandbox-revoked',
  of: (person: string) => `xoxp-sandbox-${person}`,
} as const

export const userIds: Readonly<Record<string, string>> = {
  toolgate: 'U0TOOLGATE',
  maya: 'U0MAYAOKAFOR',
  jonas: 'U0JONASLIND',
  priya: 'U0PRIYARAMAN',
  tomas: 'U0TOMASHERR',
  ines: 'U0INESDUARTE',
  noor: 'U0NOORHADDAD',
  wei: 'U0WEIZHANG',
  helen: 'U0HELENMARSH',
  owen: 'U0OWENPRICE',
}

export const channelIds: Readonly<Record<string, string>> = {
  general: 'C0GENERAL01',
  support: 'C0SUPPORT01',
  'ops-incidents': 'C0OPSINCID1',
  sales: 'C0SALES0001',
  'finance-private': 'C0FINANCE01',
  'partner-brightwater': 'C0BRIGHTW01',
  announcements: 'C0ANNOUNCE1',
  random: 'C0RANDOM001',
  'calder-rollout': 'C0CALDERRO1',
  'launch-2025': 'C0LAUNCH251',
  'dm-maya': 'D0MAYA00001',
  'dm-support': 'C0MPDMSUPP1',
}

const fileIds = {
  rota: 'F0ONCALLROTA',
  plan: 'F0FLOORPLAN1',
  forecast: 'F0FORECAST01',
  rules: 'F0RULESOFBOT',
} as const
const groupId = 'S0SUPPORT01'

export function seed(state: SandboxState, now: Date): void {
  for (const user of users()) state.put('user', user.id, user)
  for (const [token, value] of tokens()) state.put('token', token, value)
  for (const [token, value] of refreshTokens()) state.put('refresh', token, value)
  for (const channel of channels(now)) state.put('channel', channel.id, channel)
  for (const file of files(now)) state.put('file', file.id, file)
  for (const group of groups()) state.put('group', group.id, group)
  for (const message of waiting(now)) state.put(`message ${idOf(channelIds, 'support')}`, message.ts, message)
  for (const { channel, message } of messages(now)) state.put(`message ${channel}`, message.ts, message)
}

function users(): readonly User[] {
  const staff = company.people.map((person) => ({
    id: idOf(userIds, person.id),
    team_id: team.id,
    name: person.id,
    real_name: person.name,
    email: person.email,
    title: person.title,
    is_bot: person.id === 'toolgate',
    is_admin: person.id === 'noor',
    guest: false,
    stranger: false,
  }))
  return [...staff, outsider('helen', 'brightwater', 'stranger'), outsider('owen', 'calder', 'guest')]
}

/** A customer's contact: in a shared channel from her own workspace, or as a guest in ours. */
function outsider(name: string, customerId: string, kind: 'stranger' | 'guest'): User {
  const customer = company.customers.find(({ id }) => id === customerId)
  if (customer === undefined) throw new Error(`The company has no customer ${customerId}.`)
  const { contact } = customer
  return {
    id: idOf(userIds, name),
    team_id: kind === 'stranger' ? partnerTeam : team.id,
    name,
    real_name: contact.name,
    email: contact.email,
    title: `${contact.title}, ${customer.name}`,
    is_bot: false,
    is_admin: false,
    guest: kind === 'guest',
    stranger: kind === 'stranger',
  }
}

function tokens(): readonly (readonly [string, Token])[] {
  const bot = idOf(userIds, 'toolgate')
  const reading = scopes.filter((scope) => !/:(?:write|manage)$/.test(scope) && scope !== 'users:read.email')
  const people = Object.entries(userIds).filter(([name]) => name !== 'toolgate' && name !== 'helen')
  return [
    [botToken, { user: bot, kind: 'bot', scopes: [...scopes], revoked: false, expires: 0 }],
    [otherTokens.readOnly, { user: bot, kind: 'bot', scopes: reading, revoked: false, expires: 0 }],
    [otherTokens.revoked, { user: bot, kind: 'bot', scopes: [...scopes], revoked: true, expires: 0 }],
    ...people.map(
      ([name, user]) =>
        [
          otherTokens.of(name),
          {
            user,
            kind: 'user',
            scopes: [...scopes, ...userScopes, 'channels:write', 'reactions:read'],
            revoked: false,
            expires: 0,
          },
        ] as const,
    ),
  ]
}

function refreshTokens(): readonly (readonly [string, Token])[] {
  const bot = { user: idOf(userIds, 'toolgate'), kind: 'bot', scopes: [...scopes], revoked: false, expires: 0 } as const
  const maya = { ...bot, user: idOf(userIds, 'maya'), kind: 'user', scopes: [...scopes, ...userScopes] } as const
  return [
    [installed.botRefreshToken, bot],
    [installed.userRefreshToken, maya],
  ]
}

function channels(now: Date): readonly Channel[] {
  const everybody = company.people.map(({ id }) => id)
  const people = everybody.filter((id) => id !== 'toolgate')
  return [
    channel('general', everybody, { topic: 'Everything that concerns everybody', is_general: true }),
    channel('support', ['toolgate', 'maya', 'jonas', 'priya', 'wei', 'tomas'], {
      topic: 'Customer tickets (SUP). On call: see the calendar',
      purpose: 'Where support and engineering meet over customer tickets.',
    }),
    channel('ops-incidents', ['toolgate', 'priya', 'wei', 'jonas', 'maya'], {
      topic: 'OPS-42: Monday reminder queue',
      purpose: 'One thread an incident.',
    }),
    channel('sales', ['toolgate', 'tomas', 'ines', 'maya'], {
      topic: 'Pipeline and renewals',
      purpose: 'Talk about customers here, not in mail.',
    }),
    channel('finance-private', ['noor', 'ines'], {
      topic: 'Forecast',
      purpose: 'Numbers that are not public yet.',
      is_private: true,
    }),
    channel('partner-brightwater', ['toolgate', 'tomas', 'jonas', 'helen'], {
      topic: 'Shared with Brightwater Clinics',
      purpose: 'Rollout and open questions, with Helen Marsh.',
      is_ext_shared: true,
      connected_team_ids: [partnerTeam],
    }),
    channel('announcements', everybody, {
      topic: 'News of the company; replies in threads',
      posters: [idOf(userIds, 'noor'), idOf(userIds, 'ines')],
    }),
    channel('random', people, { topic: 'Anything else' }),
    channel('calder-rollout', ['toolgate', 'tomas', 'maya', 'owen'], {
      purpose: 'Rollout at Calder Dental Group, with Owen Price as a guest.',
    }),
    channel('launch-2025', ['toolgate', 'ines', 'wei'], { purpose: 'The launch of 2025.', is_archived: true }),
    { ...channel('dm-maya', ['toolgate', 'maya'], { is_im: true }), name: '' },
    {
      ...channel('dm-support', ['toolgate', 'maya', 'jonas'], { is_mpim: true, is_private: true }),
      name: 'mpdm-toolgate--maya--jonas-1',
    },
  ]

  function channel(name: string, members: readonly string[], about: Partial<Channel>): Channel {
    return {
      id: idOf(channelIds, name),
      name,
      created: Math.floor(now.getTime() / 1000) - 600 * 86_400,
      creator: idOf(userIds, 'noor'),
      topic: '',
      purpose: '',
      is_private: false,
      is_archived: false,
      is_general: false,
      is_ext_shared: false,
      is_im: false,
      is_mpim: false,
      connected_team_ids: [],
      posters: [],
      members: members.map((member) => idOf(userIds, member)),
      ...about,
    }
  }
}

const rota = `On call for support, this month

week 1  Maya Okafor
week 2  Jonas Lindqvist
week 3  Priya Raman (nights: Wei Zhang)
week 4  Maya Okafor
`

function files(now: Date): readonly StoredFile[] {
  const created = Math.floor(now.getTime() / 1000) - 20 * 86_400
  const file = { user: idOf(userIds, 'jonas'), created }
  const support = [idOf(channelIds, 'support')]
  return [
    {
      ...file,
      id: fileIds.rota,
      name: 'on-call.txt',
      mimetype: 'text/plain',
      channels: support,
      content: rota,
      size: rota.length,
    },
    {
      ...file,
      id: fileIds.rules,
      user: idOf(userIds, 'toolgate'),
      name: 'what-i-may-do.txt',
      mimetype: 'text/plain',
      channels: support,
      content: 'Answer in threads.\n',
      size: 19,
    },
    { ...file, id: fileIds.plan, name: 'floor.png', mimetype: 'image/png', channels: support, content: '', size: 48_211 },
    {
      ...file,
      id: fileIds.forecast,
      name: 'forecast.csv',
      mimetype: 'text/csv',
      channels: [idOf(channelIds, 'finance-private')],
      content: 'quarter,plan,forecast\nQ4,100,88\n',
      size: 33,
    },
  ]
}

/** Due long after anybody looks. */
function waiting(now: Date): readonly Message[] {
  const message = { user: idOf(userIds, 'toolgate'), text: 'Offices are closed today. Happy New Year!', subtype: null }
  const created = Math.floor(now.getTime() / 1000) - 86_400
  const ts = `${created + 90 * 86_400}.000001`
  const nothing = { thread_ts: null, reactions: [], metadata: null, edited: null, files: [] }
  return [{ ...message, ...nothing, ts, scheduled: { id: 'Q0HOLIDAYS01', created } }]
}

function groups(): readonly UserGroup[] {
  const answering = ['maya', 'jonas'].map((id) => idOf(userIds, id))
  return [{ id: groupId, handle: 'support-team', name: 'Support', description: 'Who answers customers', users: answering }]
}

function messages(now: Date): readonly { readonly channel: string; readonly message: Message }[] {
  const written = new Map<string, string>()
  return story.map((told, index) => {
    const seconds =
      'at' in told.when ? told.when.at : Math.floor(now.getTime() / 1000) - Math.round(told.when.daysAgo * 86_400)
    const ts = `${seconds}.${String((index + 1) * 100).padStart(6, '0')}`
    if (told.name !== undefined) written.set(told.name, ts)
    const message: Message = {
      ts,
      user: idOf(userIds, told.by),
      text: told.text,
      subtype: told.subtype ?? null,
      thread_ts: told.replyTo === undefined ? null : (written.get(told.replyTo) ?? null),
      reactions: Object.entries(told.reactions ?? {}).map(([name, people]) => ({
        name,
        users: people.map((id) => idOf(userIds, id)),
      })),
      metadata: null,
      edited: null,
      files: told.files ?? [],
      scheduled: null,
    }
    return { channel: idOf(channelIds, told.channel), message }
  })
}

function idOf(ids: Readonly<Record<string, string>>, name: string): string {
  const id = ids[name]
  if (id === undefined) throw new Error(`The sandbox has no ${name}.`)
  return id
}
