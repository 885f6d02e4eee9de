// Whether the record of a held call is still what was hashed when it was held.
import { digest } from '../kit/json.ts'
import type { Operation } from '../kit/record.ts'
import type { HeldDetails } from './details.ts'
import { boundDigest } from './plan.ts'

export function isIntact(operation: Operation, { binding }: HeldDetails): boolean {
  return digest(operation.args) === operation.argsDigest && boundDigest(operation, binding) === operation.planDigest
}
