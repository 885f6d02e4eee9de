// The schema of a tool's arguments as models read it: what they need to fill it in. The hub checks the whole of it anyway.
import type { Json, JsonObject } from '../kit/json.ts'

/** Leaves out what only a validator reads, and costs a model a third of the list of tools. */
export function wireSchema(schema: JsonObject): JsonObject {
  const kept = Object.entries(schema).filter(([key, value]) => !forValidators(key, value))
  return Object.fromEntries(kept.map(([key, value]) => [key, key === 'properties' ? eachOf(value) : below(value)]))
}

function forValidators(key: string, value: Json): boolean {
  switch (key) {
    case '$schema':
    case 'propertyNames':
    // A description says what belongs there, and so does the sentence of a refusal.
    case 'pattern':
      return true
    case 'minLength':
    case 'minItems':
      return value === 1
    // A model needs to know of the bounds that it could meet by accident.
    case 'maxLength':
      return Number(value) < 100 || Number(value) > 10_000
    case 'maxItems':
      return Number(value) >= 20
    case 'maximum':
      return Number(value) > 1_000_000
    case 'default':
      return value === false || (Array.isArray(value) && value.length === 0)
    default:
      return false
  }
}

/** Here the keys are names that the tool chose. */
function eachOf(properties: Json): Json {
  if (!isObject(properties)) return properties
  return Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, below(value)]))
}

function below(value: Json): Json {
  if (Array.isArray(value)) return value.map((each) => below(each as Json))
  return isObject(value) ? wireSchema(value) : value
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
