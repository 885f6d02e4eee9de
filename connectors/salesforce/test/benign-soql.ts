// What people ask of a CRM on a working day: distinct queries, each with the fields, conditions and orders of its question.
import { sandboxId } from '../sandbox/ids.ts'

const stages = [
  'Prospecting',
  'Qualification',
  'Needs Analysis',
  'Proposal/Price Quote',
  'Negotiation/Review',
  'Closed Won',
  'Closed Lost',
]
const spans = [
  'TODAY',
  'YESTERDAY',
  'TOMORROW',
  'THIS_WEEK',
  'LAST_WEEK',
  'NEXT_WEEK',
  'THIS_MONTH',
  'LAST_MONTH',
  'NEXT_MONTH',
  'THIS_QUARTER',
  'LAST_QUARTER',
  'NEXT_QUARTER',
  'THIS_YEAR',
  'LAST_YEAR',
  'LAST_N_DAYS:7',
  'LAST_N_DAYS:30',
  'LAST_N_DAYS:90',
  'NEXT_N_DAYS:7',
  'NEXT_N_DAYS:14',
  'NEXT_N_DAYS:60',
]
const cities = ['Leeds', 'Cork', 'Bristol', 'Göteborg', 'Berlin']
const industries = ['Healthcare', 'Veterinary', 'Education', 'Technology', 'Retail']
const people = ['Tomás Herrera', 'Inês Duarte', 'Maya Lindqvist', 'Wei Zhang']
const words = ['renewal', 'onboarding', 'invoice', "O'Brien", '100%', 'Müller', 'reminder', 'login']
const statuses = ['New', 'Working', 'Escalated', 'Closed']
const priorities = ['High', 'Medium', 'Low']
const amounts = [1_000, 5_000, 10_000, 25_000, 50_000, 100_000]
const accounts = [sandboxId('001', 1), sandboxId('001', 2), sandboxId('001', 3).slice(0, 15)]

const quoted = (text: string): string => `'${text.replaceAll("'", "\\'")}'`
const like = (text: string): string => `'%${text.replaceAll("'", "\\'").replace(/[%_]/g, '\\$&')}%'`

export const benignSoql: readonly string[] = [
  ...stages.flatMap((stage) => [
    `SELECT Id, Name, Amount FROM Opportunity WHERE StageName = ${quoted(stage)}`,
    `SELECT Name, Account.Name, Owner.Name FROM Opportunity WHERE StageName = ${quoted(stage)} ORDER BY Amount DESC NULLS LAST LIMIT 10`,
    `SELECT COUNT() FROM Opportunity WHERE StageName != ${quoted(stage)} AND IsClosed = false`,
    `select id, name, closedate from opportunity where stagename = ${quoted(stage)} order by closedate`,
  ]),
  ...spans.flatMap((span) => [
    `SELECT Name, StageName, Amount FROM Opportunity WHERE CloseDate = ${span} AND IsClosed = false`,
    `SELECT Id, Subject, Status FROM Task WHERE ActivityDate = ${span} AND IsClosed = false ORDER BY ActivityDate ASC`,
    `SELECT Id, CaseNumber, Subject FROM Case WHERE CreatedDate = ${span}`,
    `SELECT COUNT() FROM Lead WHERE CreatedDate = ${span}`,
  ]),
  ...cities.flatMap((city) => [
    `SELECT Name, Phone, Website FROM Account WHERE BillingCity = ${quoted(city)}`,
    `SELECT Name, Email FROM Contact WHERE Account.BillingCity = ${quoted(city)} ORDER BY Name LIMIT 50`,
    `SELECT Name, Amount FROM Opportunity WHERE AccountId IN (SELECT Id FROM Account WHERE BillingCity = ${quoted(city)})`,
    `SELECT Name, (SELECT Name, Email FROM Contacts) FROM Account WHERE BillingCity = ${quoted(city)}`,
  ]),
  ...industries.flatMap((industry) => [
    `SELECT Name, Industry, Owner.Name FROM Account WHERE Industry = ${quoted(industry)} ORDER BY Name`,
    `SELECT Name, (SELECT Name, StageName, Amount FROM Opportunities WHERE IsClosed = false ORDER BY Amount DESC LIMIT 5) FROM Account WHERE Industry = ${quoted(industry)}`,
    `SELECT Name, Account.Industry FROM Opportunity WHERE Account.Industry = ${quoted(industry)} AND Amount > 1000`,
    `SELECT COUNT() FROM Account WHERE Industry = ${quoted(industry)}`,
  ]),
  ...people.flatMap((person) => [
    `SELECT Name, Amount FROM Opportunity WHERE Owner.Name = ${quoted(person)} AND IsClosed = false`,
    `SELECT Subject, ActivityDate FROM Task WHERE Owner.Name = ${quoted(person)} AND Status != 'Completed' ORDER BY ActivityDate NULLS LAST`,
    `SELECT CaseNumber, Subject, Priority FROM Case WHERE Owner.Name = ${quoted(person)} ORDER BY CreatedDate DESC LIMIT 20`,
    `SELECT Name FROM Account WHERE Owner.Name IN (${quoted(person)}, 'Noor Haddad')`,
  ]),
  ...words.flatMap((word) => [
    `SELECT Id, Name FROM Opportunity WHERE Name LIKE ${like(word)}`,
    `SELECT CaseNumber, Subject, Status FROM Case WHERE Subject LIKE ${like(word)} AND IsClosed = false`,
    `SELECT Id, Name FROM Account WHERE Name LIKE ${like(word)} OR Website LIKE ${like(word)}`,
    `SELECT Subject FROM Task WHERE Subject LIKE ${like(word)} LIMIT 5`,
    `SELECT Name, Company, Email FROM Lead WHERE Company LIKE ${like(word)} OR LastName = ${quoted(word)}`,
  ]),
  ...statuses.flatMap((status) => [
    `SELECT CaseNumber, Subject, Account.Name FROM Case WHERE Status = ${quoted(status)}`,
    ...priorities.map(
      (priority) =>
        `SELECT CaseNumber, Subject, Contact.Name FROM Case WHERE Status = ${quoted(status)} AND Priority = ${quoted(priority)} ORDER BY CreatedDate`,
    ),
    `SELECT COUNT() FROM Case WHERE Status = ${quoted(status)} AND CreatedDate = LAST_N_DAYS:14`,
  ]),
  ...amounts.flatMap((amount) => [
    `SELECT Name, Amount FROM Opportunity WHERE Amount > ${amount}`,
    `SELECT Name, Amount FROM Opportunity WHERE Amount >= ${amount} AND Amount < ${amount * 2} ORDER BY Amount`,
    `SELECT Name FROM Account WHERE Id IN (SELECT AccountId FROM Opportunity WHERE Amount > ${amount} AND IsWon = true)`,
    `SELECT Name FROM Account WHERE Id NOT IN (SELECT AccountId FROM Opportunity WHERE Amount > ${amount}) ORDER BY Name`,
    `SELECT Name, Probability FROM Opportunity WHERE (Amount > ${amount} OR Probability >= 80) AND IsClosed = FALSE`,
  ]),
  ...accounts.flatMap((id) => [
    `SELECT Name, Title, Email, Phone FROM Contact WHERE AccountId = '${id}'`,
    `SELECT Name, StageName, CloseDate FROM Opportunity WHERE AccountId = '${id}' ORDER BY CloseDate DESC`,
    `SELECT CaseNumber, Subject, Status FROM Case WHERE AccountId = '${id}' AND IsClosed = false`,
    `SELECT Subject, Status, ActivityDate FROM Task WHERE WhatId = '${id}'`,
    `SELECT Name, Phone, Website, Industry, BillingCity, Description FROM Account WHERE Id = '${id}'`,
  ]),
  'SELECT Id, Name FROM Account',
  'SELECT Name, CreatedDate FROM Contact ORDER BY CreatedDate DESC LIMIT 25',
  'SELECT Name, SystemModstamp FROM Opportunity WHERE SystemModstamp >= 2026-11-01T08:00:00+01:00',
  `SELECT Name FROM Opportunity WHERE AccountId IN ('${sandboxId('001', 1)}', '${sandboxId('001', 2)}')`,
  "SELECT Name FROM Lead WHERE Email LIKE '%.example' AND Phone = null",
  'SELECT Id, Name FROM Account ORDER BY CreatedDate DESC LIMIT 1',
  'SELECT Id, Name, LastModifiedDate FROM Account ORDER BY LastModifiedDate DESC LIMIT 10',
  'SELECT Name FROM Contact WHERE Email = null',
  'SELECT Name FROM Contact WHERE Phone != null AND Email != null',
  "SELECT Name, Email FROM Contact WHERE Email LIKE '%@brightwater.example'",
  "SELECT Name, Account.Name, Account.Phone FROM Contact WHERE LastName = 'Marsh'",
  "SELECT FirstName, LastName FROM Contact WHERE Title LIKE 'Head of %'",
  "SELECT Id FROM Contact WHERE Id IN (SELECT ContactId FROM Case WHERE Priority = 'High')",
  'SELECT Name FROM Opportunity WHERE Amount = null AND IsClosed = false',
  'SELECT Name FROM Opportunity WHERE NextStep = null',
  'SELECT Name, CloseDate FROM Opportunity WHERE CloseDate < 2026-12-31 AND CloseDate > 2026-01-01',
  "SELECT Name FROM Opportunity WHERE NOT (StageName = 'Closed Won' OR StageName = 'Closed Lost')",
  "SELECT Name FROM Opportunity WHERE StageName NOT IN ('Closed Won', 'Closed Lost') ORDER BY Account.Name, Amount DESC",
  "SELECT Name, Customer_Number__c FROM Account WHERE Customer_Number__c = 'C-1001'",
  "SELECT Name, Region__c FROM Account WHERE Region__c IN ('UK', 'Ireland')",
  'SELECT Name, Region__c FROM Account WHERE Region__c = null',
  "SELECT Name, Account.Region__c FROM Opportunity WHERE Account.Region__c = 'UK' AND IsClosed = false",
  'SELECT Name, (SELECT Subject, Status FROM Tasks) FROM Opportunity WHERE IsClosed = false LIMIT 20',
  'SELECT Name, (SELECT CaseNumber, Status FROM Cases) FROM Account ORDER BY Name LIMIT 100',
  'SELECT Name, (SELECT Name FROM Contacts LIMIT 1), (SELECT Name FROM Opportunities LIMIT 1) FROM Account',
  "SELECT Subject, Description FROM Case WHERE Origin = 'Email' ORDER BY CreatedDate DESC LIMIT 3",
  "SELECT Subject FROM Case WHERE Origin = 'Phone' AND (Priority = 'High' OR Status = 'Escalated')",
  'SELECT Id, CreatedDate FROM Case WHERE CreatedDate > 2026-11-01T00:00:00Z',
  "SELECT Name, Company, Status FROM Lead WHERE Status = 'Open - Not Contacted' ORDER BY CreatedDate",
  "SELECT COUNT() FROM Lead WHERE Status = 'Working - Contacted'",
  'SELECT COUNT() FROM Contact',
  'SELECT COUNT() FROM Opportunity WHERE IsWon = true AND CloseDate = THIS_YEAR',
  "SELECT Subject, What.Name FROM Task WHERE Status = 'In Progress'",
  'SELECT StageName, COUNT(Id) FROM Opportunity GROUP BY StageName',
]

/** The same kind of questions, as sf_record_find takes them. */
export const benignFinds: readonly object[] = [
  ...stages.map((value) => ({ object: 'Opportunity', filters: [{ field: 'StageName', op: 'eq', value }] })),
  ...spans.map((value) => ({
    object: 'Opportunity',
    filters: [{ field: 'CloseDate', op: 'eq', value }],
    order: { field: 'Amount', direction: 'desc' },
  })),
  ...spans.map((value) => ({
    object: 'Case',
    filters: [
      { field: 'CreatedDate', op: 'ge', value },
      { field: 'IsClosed', op: 'eq', value: false },
    ],
  })),
  ...words.flatMap((value) => [
    { object: 'Account', filters: [{ field: 'Name', op: 'contains', value }] },
    {
      object: 'Contact',
      filters: [{ field: 'Email', op: 'starts_with', value: value.slice(0, 2) }],
      fields: ['Name', 'Email', 'Account.Name'],
    },
  ]),
  ...amounts.map((value) => ({
    object: 'Opportunity',
    filters: [
      { field: 'Amount', op: 'gt', value },
      { field: 'StageName', op: 'not_in', value: ['Closed Won', 'Closed Lost'] },
    ],
    limit: 100,
  })),
  ...statuses.map((value) => ({
    object: 'Case',
    filters: [{ field: 'Status', op: 'eq', value }],
    order: { field: 'CreatedDate' },
  })),
  ...accounts.map((value) => ({ object: 'Contact', filters: [{ field: 'AccountId', op: 'eq', value }] })),
  { object: 'Lead' },
  {
    object: 'Task',
    filters: [
      { field: 'ActivityDate', op: 'lt', value: 'TODAY' },
      { field: 'Status', op: 'ne', value: 'Completed' },
    ],
  },
  { object: 'Contact', filters: [{ field: 'Phone', op: 'eq', value: null }], order: { field: 'Name' } },
]
