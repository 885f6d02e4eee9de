// An answer that says no, thrown from wherever it is found out.
// Shape: https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm
import type { SandboxResponse } from 'toolgate/kit'

export class Refusal extends Error {
  readonly response: SandboxResponse

  constructor(status: number, errorCode: string, message: string, more: Readonly<Record<string, string[]>> = {}) {
    super(message)
    this.response = { status, body: [{ message, errorCode, ...more }] }
  }
}
