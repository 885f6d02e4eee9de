// A question that the client puts to its user by opening an address: how somebody connects an account in the middle of a call.
// https://modelcontextprotocol.io/specification/2026-07-28/client/elicitation (URL mode)
import { CLIENT_CAPABILITIES_META_KEY, inputRequired } from '@modelcontextprotocol/server'
import type { ClientCapabilities, InputRequiredResult, ServerContext } from '@modelcontextprotocol/server'

const name = 'connect'

/** Whether the client said, on this very request, that it opens addresses for its user, and has not been asked already. */
export function asksForAddress(context: ServerContext): boolean {
  const envelope = context.mcpReq.envelope as Readonly<Record<string, ClientCapabilities>> | undefined
  const asked = context.mcpReq.inputResponses
  return envelope?.[CLIENT_CAPABILITIES_META_KEY]?.elicitation?.url !== undefined && asked?.[name] === undefined
}

/** The call is sent again when the user has been there; whether it worked is seen by what they have connected then. */
export function addressQuestion({
  instance,
  url,
}: {
  readonly instance: string
  readonly url: string
}): InputRequiredResult {
  const message = `Connect your own account of ${instance}, so that this can be done in your name.`
  return inputRequired({ inputRequests: { [name]: inputRequired.elicitUrl({ message, url }) } })
}
