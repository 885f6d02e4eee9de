// The one small company that every sandbox is seeded with, so that its people, customers and tickets agree across vendors.

interface Person {
  readonly id: string
  readonly name: string
  readonly email: string
  readonly title: string
}

interface Customer {
  readonly id: string
  readonly name: string
  readonly industry: string
  readonly city: string
  /** Who at Larkfield looks after it. */
  readonly owner: string
  readonly contact: { readonly name: string; readonly email: string; readonly title: string }
}

/** Larkfield makes scheduling software for clinics. Dates in its story are days before the seeding. */
export const company = {
  name: 'Larkfield',
  domain: 'larkfield.example',
  people: [
    { id: 'toolgate', name: 'Toolgate', email: 'toolgate@larkfield.example', title: 'Service account of the hub' },
    { id: 'maya', name: 'Maya Okafor', email: 'maya.okafor@larkfield.example', title: 'Support Engineer' },
    { id: 'jonas', name: 'Jonas Lindqvist', email: 'jonas.lindqvist@larkfield.example', title: 'Support Lead' },
    { id: 'priya', name: 'Priya Raman', email: 'priya.raman@larkfield.example', title: 'Site Reliability Engineer' },
    { id: 'tomas', name: 'Tomás Herrera', email: 'tomas.herrera@larkfield.example', title: 'Account Executive' },
    { id: 'ines', name: 'Inês Duarte', email: 'ines.duarte@larkfield.example', title: 'Head of Sales' },
    { id: 'noor', name: 'Noor Haddad', email: 'noor.haddad@larkfield.example', title: 'Finance Manager' },
    { id: 'wei', name: 'Wei Zhang', email: 'wei.zhang@larkfield.example', title: 'Software Engineer' },
  ] satisfies readonly Person[],
  customers: [
    {
      id: 'brightwater',
      name: 'Brightwater Clinics',
      industry: 'Healthcare',
      city: 'Bristol',
      owner: 'tomas',
      contact: { name: 'Helen Marsh', email: 'helen.marsh@brightwater.example', title: 'Practice Manager' },
    },
    {
      id: 'calder',
      name: 'Calder Dental Group',
      industry: 'Healthcare',
      city: 'Leeds',
      owner: 'tomas',
      contact: { name: 'Owen Price', email: 'owen.price@calderdental.example', title: 'Operations Director' },
    },
    {
      id: 'stellan',
      name: 'Stellan Physio',
      industry: 'Healthcare',
      city: 'Göteborg',
      owner: 'ines',
      contact: { name: 'Elin Berg', email: 'elin.berg@stellan.example', title: 'Owner' },
    },
    {
      id: 'obrien',
      name: "O'Brien Veterinary",
      industry: 'Veterinary',
      city: 'Cork',
      owner: 'tomas',
      contact: { name: "Aoife O'Brien", email: 'aoife@obrienvet.example', title: 'Managing Partner' },
    },
    {
      id: 'kestrel',
      name: 'Kestrel Eye Care',
      industry: 'Healthcare',
      city: 'Utrecht',
      owner: 'ines',
      contact: { name: 'Sanne de Wit', email: 'sanne.dewit@kestrel.example', title: 'IT Manager' },
    },
  ] satisfies readonly Customer[],
  /** Jira projects: the hub's account sees all but HR; the shipped policies speak of SUP and OPS only. */
  projects: [
    { key: 'SUP', name: 'Customer Support', lead: 'jonas' },
    { key: 'OPS', name: 'Operations', lead: 'priya' },
    { key: 'FIN', name: 'Finance', lead: 'noor' },
    { key: 'HR', name: 'People', lead: 'noor' },
  ],
  /** The tickets that the other systems mention. */
  tickets: [
    { key: 'SUP-1', summary: 'Brightwater: double bookings after daylight saving change', customer: 'brightwater' },
    { key: 'SUP-2', summary: 'Calder Dental: reminders arrive an hour late', customer: 'calder' },
    { key: 'OPS-42', summary: 'Reminder queue falls behind on Monday mornings', customer: undefined },
  ],
  /** Slack channels; `partner-brightwater` is shared with Brightwater Clinics through Slack Connect. */
  channels: ['general', 'support', 'ops-incidents', 'sales', 'finance-private', 'partner-brightwater'],
} as const
