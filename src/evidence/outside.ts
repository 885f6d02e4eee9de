// What evidence needs of the world outside the hub, handed in by whoever starts it.
export type Fetch = (url: string | URL, init: RequestInit) => Promise<Response>

export interface Outside {
  now(): Date
  readonly fetch: Fetch
  /** The secret behind a reference. */
  secret(reference: string): Promise<string>
}

/** @throws Error that says what the other side answered, without its words */
export async function accepted(answer: Response): Promise<void> {
  await answer.body?.cancel().catch(() => undefined)
  if (!answer.ok) throw new Error(`It answered with status ${answer.status}.`)
}
