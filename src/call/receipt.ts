// Proof that a write may leave: the ledger durably says "sending".
import type { Operation } from '../kit/record.ts'

/** Only the ledger issues one (the tidy test holds it to that), and no write session opens without one. */
export class Receipt {
  readonly operation: Operation
  // What only looks like a receipt is none: a private name makes the type nominal, and can be asked for.
  // oxlint-disable-next-line no-unused-private-class-members -- asked for with `in`
  readonly #issued = true

  private constructor(operation: Operation) {
    this.operation = operation
  }

  /** Also for what a caller without types hands in. */
  static isIssued(value: unknown): value is Receipt {
    return typeof value === 'object' && value !== null && #issued in value
  }

  static issue(operation: Operation): Receipt {
    if (operation.state !== 'sending') throw new TypeError(`Operation ${operation.id} is ${operation.state}, not sending.`)
    return new Receipt(operation)
  }
}
