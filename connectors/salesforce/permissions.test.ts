// The permission set that is printed for the tools that are on.
import { describe, expect, test } from 'vitest'
import type { PermissionSet } from '@jsforce/jsforce-node/lib/api/metadata/schema.js'
import { salesforce } from './connector.ts'
import { permissionSet, permissions } from './permissions.ts'

const only = (...names: string[]) => salesforce.tools.filter(({ name }) => names.includes(name))
const objectsOf = (set: Omit<PermissionSet, 'fullName'>) => set.objectPermissions.map(({ object }) => object)

describe('the permission set', () => {
  test('it is one for the Metadata API', () => {
    const typed: Omit<PermissionSet, 'fullName'> = permissionSet(salesforce.tools)
    expect(typed.label).toBe('Toolgate')
    // @ts-expect-error -- what the metadata type does not know cannot be in it
    expect(typed.modifyAllData).toBeUndefined()
  })

  test('what is needed for every tool is known, and nobody gets View All or Modify All', () => {
    const set = permissionSet(salesforce.tools)
    expect(objectsOf(set)).toEqual(['Account', 'Contact', 'Opportunity', 'Case', 'Lead'])
    for (const one of set.objectPermissions) expect([one.viewAllRecords, one.modifyAllRecords]).toEqual([false, false])
    expect(set.userPermissions.map(({ name }) => name)).toEqual(['ApiEnabled', 'EditTask', 'RunReports'])
  })

  test('tools that look ask for nothing that changes something', () => {
    const set = permissionSet(salesforce.tools.filter(({ kind }) => kind === 'read'))
    for (const one of set.objectPermissions)
      expect([one.allowRead, one.allowCreate, one.allowEdit, one.allowDelete]).toEqual([true, false, false, false])
    expect(set.fieldPermissions.filter(({ editable }) => editable)).toEqual([])
    expect(set.userPermissions.map(({ name }) => name)).toEqual(['ApiEnabled', 'RunReports'])
    const without = permissionSet(salesforce.tools.filter(({ kind, name }) => kind === 'read' && name !== 'report_run'))
    expect(without.userPermissions).toEqual([{ enabled: true, name: 'ApiEnabled' }])
  })

  test.each(salesforce.tools.map(({ name }) => name))('without %s it is never larger', (name) => {
    const grants = (set: Omit<PermissionSet, 'fullName'>) =>
      [...set.objectPermissions, ...set.fieldPermissions, ...set.userPermissions].flatMap((one) => {
        const what = 'object' in one ? one.object : 'field' in one ? one.field : one.name
        return Object.entries(one).flatMap(([right, value]) => (value === true ? [`${what} ${right}`] : []))
      })
    const less = grants(permissionSet(salesforce.tools.filter((tool) => tool.name !== name)))
    const more = new Set(grants(permissionSet(salesforce.tools)))
    expect(less.filter((grant) => !more.has(grant))).toEqual([])
  })

  test('disabling the tools that delete and restore takes Delete out; disabling the writes takes Edit out', () => {
    const kept = permissionSet(salesforce.tools.filter(({ name }) => !name.endsWith('delete')))
    expect(kept.objectPermissions.some(({ allowDelete }) => allowDelete)).toBe(false)
    expect(kept.objectPermissions.some(({ allowEdit }) => allowEdit)).toBe(true)
    const looking = permissionSet(only('record_get')).fieldPermissions.map(({ field }) => field)
    expect(looking).toContain('Case.Priority')
    expect(looking).not.toContain('Case.Description')
    const set = permissionSet(only('record_get', 'record_create'))
    expect(set.objectPermissions.every(({ allowEdit, allowCreate }) => !allowEdit && allowCreate)).toBe(true)
  })

  test('no permission is asked for on fields that have none, nor on a part of an address', () => {
    const fields = permissionSet(salesforce.tools).fieldPermissions.map(({ field }) => field)
    for (const none of ['Account.Name', 'Contact.LastName', 'Opportunity.StageName', 'Case.Status', 'Lead.Company'])
      expect(fields).not.toContain(none)
    expect(fields).toContain('Account.BillingAddress')
    expect(fields).not.toContain('Account.BillingCity')
    expect(new Set(fields).size).toBe(fields.length)
  })

  test('it is XML that says what the set says', () => {
    const { text, what } = permissions(only('record_get', 'task_create'))
    expect(what).toContain('permission set')
    expect(text).toMatch(/^<\?xml version="1.0" encoding="UTF-8"\?>\n<PermissionSet xmlns="http:\/\/soap.sforce.com/)
    const set = permissionSet(only('record_get', 'task_create'))
    expect(text.match(/<fieldPermissions>/g)).toHaveLength(set.fieldPermissions.length)
    expect(text.match(/<objectPermissions>/g)).toHaveLength(set.objectPermissions.length)
    expect(text).toContain('        <name>EditTask</name>')
    expect(permissionSet([]).userPermissions).toEqual([])
  })
})
