// Parameterized search: records in which all the words occur, each at the beginning of a word only when it ends in *.
// https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_search_parameterized_get.htm
import type { JsonObject, SandboxState } from 'toolgate/kit'
import { columnAt } from './fields.ts'
import { Refusal } from './refusal.ts'
import { objectCalled } from './schema.ts'
import type { SandboxObject } from './schema.ts'
import { all, answered } from './store.ts'
import type { SandboxRecord } from './store.ts'

const searched = new Set(['string', 'textarea', 'email', 'phone', 'url', 'picklist'])

export function search(state: SandboxState, query: URLSearchParams, version: string): JsonObject {
  const words = wordsOf(query.get('q') ?? '')
  if (words.join('').length < 2) throw new Refusal(400, 'MALFORMED_SEARCH', 'search term must be longer than one character')
  const objects = query.getAll('sobject').map((name) => {
    const object = objectCalled(name)
    if (!object) throw new Refusal(400, 'INVALID_TYPE', `sObject type '${name}' is not supported.`)
    return object
  })
  if (objects.length === 0) throw new Refusal(400, 'MALFORMED_SEARCH', 'This sandbox searches named objects only.')
  const found = objects.flatMap((object) => {
    const columns = (query.get(`${object.name}.fields`) ?? 'Id')
      .split(',')
      .map((name) => columnAt(object, name.trim()).field.name)
    const limit = Number(query.get(`${object.name}.limit`) ?? query.get('defaultLimit') ?? 2_000)
    return all(state, object)
      .filter((record) => matches(object, record, words))
      .slice(0, limit)
      .map((record) => {
        const fields = Object.fromEntries(columns.map((name) => [name, record[name] ?? null]))
        return answered(object.name, String(record['Id']), version, fields)
      })
  })
  return { searchRecords: found }
}

function matches(object: SandboxObject, record: SandboxRecord, words: readonly string[]): boolean {
  const text = object.fields
    .filter((field) => searched.has(field.type) && !field.hidden)
    .map((field) => record[field.name] ?? '')
    .join(' ')
  const present = wordsOf(text)
  return words.every((word) =>
    word.endsWith('*') ? present.some((one) => one.startsWith(word.slice(0, -1))) : present.includes(word),
  )
}

function wordsOf(text: string): readonly string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+\*?/gu) ?? []
}
