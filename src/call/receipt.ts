// Proof that a write may leave: the ledger durably says "sending".
import type { Operation } from '../kit/record.ts'

/** Only the ledger issues one (the tidy test holds it to that), and no write session opens without one. */
export class Receipt {
  readonly operation: Operation

  private constructor(operation: Operation) {
    this.operation = operation
  }

  static issue(operation: Operation): Receipt {
    if (operation.state !== 'sending') throw new TypeError(`Operation ${operation.id} is ${operation.state}, not sending.`)
    return new Receipt(operation)
  }
}
