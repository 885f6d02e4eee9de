// Larkfield's own org: its customers, their people, what is being sold to them and what troubles them.
import { company } from 'toolgate/kit'
import type { SandboxState } from 'toolgate/kit'
import { sandboxId } from './ids.ts'
import { objectCalled, stages } from './schema.ts'
import type { SandboxRecord } from './store.ts'
import { hubUserId, salesforceTime, save, userId } from './store.ts'

const dayMs = 86_400_000

type Customer = (typeof company.customers)[number]['id']

interface Deal {
  readonly customer: Customer
  readonly name: string
  readonly stage: string
  readonly amount: number | null
  /** In days from the seeding. */
  readonly closes: number
  readonly next: string | null
  readonly owner?: string
}

const deals: readonly Deal[] = [
  {
    customer: 'brightwater',
    name: 'renewal',
    stage: 'Negotiation/Review',
    amount: 48_000,
    closes: 21,
    next: 'Quote for 14 sites',
  },
  {
    customer: 'brightwater',
    name: 'reminders add-on',
    stage: 'Qualification',
    amount: 9_600,
    closes: 60,
    next: 'Demo with Helen',
  },
  {
    customer: 'calder',
    name: 'second practice',
    stage: 'Proposal/Price Quote',
    amount: 17_500,
    closes: 35,
    next: 'Owen compares offers',
  },
  { customer: 'calder', name: 'initial contract', stage: 'Closed Won', amount: 22_000, closes: -120, next: null },
  {
    customer: 'stellan',
    name: 'online booking',
    stage: 'Needs Analysis',
    amount: 6_200,
    closes: 75,
    next: 'Workshop in Göteborg',
  },
  {
    customer: 'obrien',
    name: 'renewal',
    stage: 'Proposal/Price Quote',
    amount: 12_400,
    closes: 14,
    next: 'Aoife signs after the audit',
  },
  { customer: 'obrien', name: 'large animal practice', stage: 'Prospecting', amount: null, closes: 120, next: null },
  { customer: 'kestrel', name: 'pilot', stage: 'Closed Won', amount: 4_000, closes: -40, next: null },
  {
    customer: 'kestrel',
    name: 'roll-out to 9 clinics',
    stage: 'Negotiation/Review',
    amount: 61_000,
    closes: 28,
    next: 'Security review',
  },
  { customer: 'stellan', name: '100% paperless_intake', stage: 'Closed Lost', amount: 8_900, closes: -15, next: null },
  {
    customer: 'kestrel',
    name: 'credit note',
    stage: 'Negotiation/Review',
    amount: 1_250,
    closes: 7,
    next: 'Finance decides',
    owner: 'noor',
  },
]

const revenues: Readonly<Record<Customer, number>> = {
  brightwater: 14_000_000,
  calder: 6_500_000,
  stellan: 900_000,
  obrien: 3_200_000,
  kestrel: 11_800_000,
}

const regions: Readonly<Partial<Record<Customer, string>>> = {
  brightwater: 'UK',
  calder: 'UK',
  stellan: 'Nordics',
  obrien: 'Ireland',
}

export function seed(state: SandboxState, now: Date): void {
  const put = recordsOf(state, now)
  for (const { name, email, title } of company.people) {
    put('User', { Name: name, Email: email, Title: title, IsActive: true })
  }
  const accounts = new Map<Customer, string>()
  const contacts = new Map<Customer, string>()
  for (const customer of company.customers) {
    const { contact } = customer
    const OwnerId = userId(customer.owner)
    const AccountId = put('Account', {
      Name: customer.name,
      OwnerId,
      Industry: customer.industry,
      Phone: `+44 20 7946 0${100 + accounts.size}`,
      Website: `https://www.${contact.email.split('@')[1]}`,
      BillingCity: customer.city,
      Region__c: regions[customer.id] ?? null,
      AnnualRevenue: revenues[customer.id] ?? null,
      Description: `${customer.name} schedules its appointments with ${company.name}.`,
    })
    accounts.set(customer.id, AccountId)
    const [FirstName = '', ...rest] = contact.name.split(' ')
    const LastName = rest.join(' ')
    const id = put('Contact', {
      Name: contact.name,
      FirstName,
      LastName,
      OwnerId,
      AccountId,
      Title: contact.title,
      Email: contact.email,
      Phone: null,
    })
    contacts.set(customer.id, id)
  }
  put('Project__c', {
    Name: 'Brightwater: fourteen sites',
    OwnerId: userId('tomas'),
    Account__c: accounts.get('brightwater') ?? null,
    Budget__c: 30_000,
    Stage__c: 'Running',
    Notes__c: null,
  })
  put('Project__c', {
    Name: 'Calder: training days',
    OwnerId: userId('ines'),
    Account__c: accounts.get('calder') ?? null,
    Budget__c: 4_500,
    Stage__c: 'Planned',
    IsDeleted: true,
  })
  put('Invoice__c', { Name: 'I-0001', Account__c: accounts.get('kestrel') ?? null, Total__c: 4_000 })
  const first = seedDeals(put, accounts, now)
  seedCases(put, accounts, contacts)
  seedTasks(put, first, contacts.get('brightwater') ?? null, now)
  const leads = [
    ['Jonas', 'Weber', 'Praxis am Park', 'Practice Owner', 'Open - Not Contacted'],
    ['Camille', 'Laurent', 'Clinique du Lac', 'Operations Manager', 'Working - Contacted'],
  ] as const
  for (const [FirstName, LastName, Company, Title, Status] of leads) {
    const Email = `${LastName.toLowerCase()}@${Company.toLowerCase().replaceAll(' ', '-')}.example`
    put('Lead', {
      Name: `${FirstName} ${LastName}`,
      FirstName,
      LastName,
      Company,
      Title,
      Email,
      Phone: null,
      Status,
      OwnerId: userId('ines'),
      Description: null,
    })
  }
}

type Put = (object: string, fields: SandboxRecord) => string

function recordsOf(state: SandboxState, now: Date): Put {
  return (name, fields) => {
    const object = objectCalled(name)
    if (!object) throw new Error(`The org has no ${name}.`)
    const n = state.next(object.prefix)
    const id = sandboxId(object.prefix, n)
    const time = salesforceTime(new Date(now.getTime() - (40 - n) * dayMs))
    save(state, object, {
      Id: id,
      IsDeleted: false,
      CreatedDate: time,
      CreatedById: hubUserId,
      LastModifiedDate: time,
      LastModifiedById: hubUserId,
      SystemModstamp: time,
      ...fields,
    })
    return id
  }
}

function seedDeals(put: Put, accounts: ReadonlyMap<Customer, string>, now: Date): string {
  const ids = deals.map((deal) => {
    const customer = company.customers.find(({ id }) => id === deal.customer)
    const [probability = 0, closed = false, won = false] = stages[deal.stage] ?? []
    return put('Opportunity', {
      Name: `${customer?.name}: ${deal.name}`,
      OwnerId: userId(deal.owner ?? customer?.owner ?? 'ines'),
      AccountId: accounts.get(deal.customer) ?? null,
      StageName: deal.stage,
      Amount: deal.amount,
      CloseDate: dateOf(now, deal.closes),
      Probability: probability,
      NextStep: deal.next,
      IsClosed: closed,
      IsWon: won,
      Description: null,
    })
  })
  return ids[0] ?? ''
}

function seedCases(put: Put, accounts: ReadonlyMap<Customer, string>, contacts: ReadonlyMap<Customer, string>): void {
  const troubles = [
    ...company.tickets.flatMap(({ key, summary, customer }) =>
      customer === undefined
        ? []
        : [{ customer, subject: summary, status: 'Working', priority: 'High', text: `Followed up as ${key} in Jira.` }],
    ),
    {
      customer: 'kestrel',
      subject: 'Invoice shows the wrong clinic',
      status: 'New',
      priority: 'Medium',
      text: 'By e-mail.',
    },
    {
      customer: 'calder',
      subject: 'Password reset for two dentists',
      status: 'Closed',
      priority: 'Low',
      text: 'Done by phone.',
    },
  ] as const
  for (const [index, { customer, subject, status, priority, text }] of troubles.entries()) {
    put('Case', {
      CaseNumber: String(1001 + index).padStart(8, '0'),
      OwnerId: userId('maya'),
      AccountId: accounts.get(customer) ?? null,
      ContactId: contacts.get(customer) ?? null,
      Subject: subject,
      Status: status,
      Priority: priority,
      Origin: 'Email',
      IsClosed: status === 'Closed',
      Description: text,
    })
  }
}

function seedTasks(put: Put, opportunity: string, contact: string | null, now: Date): void {
  const tasks = [
    ['Send the price list', 'Completed', -6],
    ['Prepare the renewal quote', 'In Progress', 2],
    ['Ask Helen for the number of sites', 'Not Started', 5],
    ['Order business cards', 'Deferred', 9],
  ] as const
  for (const [Subject, Status, days] of tasks) {
    put('Task', {
      OwnerId: userId('tomas'),
      WhatId: opportunity,
      WhoId: contact,
      Subject,
      Status,
      Priority: 'Normal',
      ActivityDate: dateOf(now, days),
      IsClosed: Status === 'Completed',
      IsDeleted: Status === 'Deferred',
      Description: null,
    })
  }
}

function dateOf(now: Date, days: number): string {
  return new Date(now.getTime() + days * dayMs).toISOString().slice(0, 10)
}
