// The one call of the SOAP API that is played: undelete.
// https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_calls_undelete.htm
import type { SandboxRequest, SandboxResponse, SandboxState } from 'toolgate/kit'
import { recordId, toLongId } from '../identifiers.ts'
import { Refusal } from './refusal.ts'
import { undeleteRow } from './rows.ts'
import { sessionOf } from './sign-in.ts'

const headers = { 'content-type': 'text/xml; charset=utf-8' }

export function soap({ path, body, headers: given }: SandboxRequest, state: SandboxState, now: Date): SandboxResponse {
  const version = /^\/services\/Soap\/u\/(\d+\.0)$/.exec(path)?.[1]
  if (version === undefined) return { status: 404 }
  if (!given.has('soapaction')) return fault('sf:UNKNOWN_EXCEPTION', 'SOAPAction HTTP header missing')
  const session = /<urn:sessionId>([^<]*)<\/urn:sessionId>/.exec(body)?.[1] ?? ''
  const user = sessionOf(session, now)
  if (!user) return fault('sf:INVALID_SESSION_ID', 'INVALID_SESSION_ID: Invalid Session ID found in SessionHeader')
  const call = /<soapenv:Body><urn:undelete>((?:<urn:ids>[A-Za-z0-9]*<\/urn:ids>)+)<\/urn:undelete><\/soapenv:Body>/.exec(
    body,
  )?.[1]
  if (call === undefined) return fault('soapenv:Client', 'This sandbox knows the call undelete only.')
  const results = [...call.matchAll(/<urn:ids>([A-Za-z0-9]*)<\/urn:ids>/g)].map(([, id = '']) =>
    result(id, () => undeleteRow({ state, version, now, user }, longOf(id))),
  )
  return {
    status: 200,
    headers,
    body: envelope(`<undeleteResponse>${results.join('')}</undeleteResponse>`),
  }
}

function longOf(id: string): string {
  if (!recordId.safeParse(id).success) throw new Refusal(400, 'MALFORMED_ID', `bad id ${id}`)
  return toLongId(id)
}

function result(id: string, run: () => void): string {
  try {
    run()
    return `<result><id>${toLongId(id)}</id><success>true</success></result>`
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const [{ errorCode, message }] = error.response.body as unknown as [{ errorCode: string; message: string }]
    return `<result><errors><message>${message}</message><statusCode>${errorCode}</statusCode></errors><id>${id}</id><success>false</success></result>`
  }
}

function fault(code: string, text: string): SandboxResponse {
  return {
    status: 500,
    headers,
    body: envelope(`<soapenv:Fault><faultcode>${code}</faultcode><faultstring>${text}</faultstring></soapenv:Fault>`),
  }
}

function envelope(inner: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:partner.soap.sforce.com"><soapenv:Body>${inner}</soapenv:Body></soapenv:Envelope>`
}
