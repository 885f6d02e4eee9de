// Which network addresses a vendor may have: public ones, and for a sandbox the loopback address that the hub gave it.
import { lookup as systemLookup } from 'node:dns'
import type { LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'
import { HubError } from '../kit/error.ts'

/** The part of `dns.lookup` that is used here; always asked for all addresses. */
export type Lookup = (
  hostname: string,
  options: { readonly all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void

/** The error of an address that must not be reached, or undefined when it may. */
export function refuseAddress(address: string, loopback: boolean): HubError | undefined {
  const range = rangeOf(address)
  if (loopback ? range === 'loopback' : range === 'unicast') return undefined
  const cause = new Error(`${address} is in the range ${range}`)
  if (loopback) return new HubError('forbidden', 'A sandbox must be on the loopback address. Nothing was sent.', { cause })
  return new HubError(
    'forbidden',
    'The address of the vendor is not on the public internet, so nothing was sent. Check the site in the configuration and what its name resolves to.',
    { cause },
  )
}

/**
 * The error of an address that a service of the company must not have. Such a service, named in the configuration, may be
 * in a private network; what only a cloud's machines answer at may not be asked for by anybody.
 */
export function refuseServiceAddress(address: string): HubError | undefined {
  const range = rangeOf(address)
  const metadata = ipaddr.isValid(address) && metadataAddresses.has(ipaddr.process(address).toNormalizedString())
  if (companyRanges.has(range) && !metadata) return undefined
  const cause = new Error(`${address} is in the range ${metadata ? 'of cloud metadata' : range}`)
  return new HubError('forbidden', 'The address of the service is not one that the hub may reach, so nothing was sent.', {
    cause,
  })
}

const companyRanges = new Set(['unicast', 'private', 'loopback', 'uniqueLocal', 'carrierGradeNat'])
const metadataAddresses = new Set(['fd00:ec2:0:0:0:0:0:254', '100.100.100.200', '192.0.0.192'])

/**
 * A lookup for `net.connect` that hands out checked addresses only, so that the address that was checked is the address
 * that is connected to. One forbidden answer among several refuses them all: a split answer is an attack or a mistake.
 */
export function checkedLookup(loopback: boolean, lookup: Lookup = systemLookup): LookupFunction {
  return lookupWith((address) => refuseAddress(address, loopback), lookup)
}

/** As `checkedLookup`, with a rule of one's own. */
export function lookupWith(
  refusalOf: (address: string) => HubError | undefined,
  lookup: Lookup = systemLookup,
): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { all: true }, (error, addresses) => {
      if (error !== null) return callback(error, [])
      const refusal = addresses.map(({ address }) => refusalOf(address)).find((found) => found !== undefined)
      if (refusal !== undefined) return callback(refusal, [])
      const [first] = addresses
      if (first === undefined) return callback(nothingFound(hostname), [])
      if (options.all === true) return callback(null, addresses)
      return callback(null, first.address, first.family)
    })
  }
}

function rangeOf(text: string): string {
  if (!ipaddr.isValid(text)) return 'unreadable'
  const address = ipaddr.parse(text)
  const range = address.range()
  if (range !== 'unicast' || address.kind() === 'ipv4') return range
  // Only 2000::/3 is global unicast (RFC 4291, 2.4). The rest of what ipaddr.js calls unicast holds IPv4-compatible
  // addresses, the local NAT64 prefix of RFC 8215 and the old site-local ones, each a way to a private network.
  return address.match(globalUnicast, 3) ? range : 'not global'
}

const globalUnicast = ipaddr.IPv6.parse('2000::')

function nothingFound(hostname: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${hostname} has no address`), { code: 'ENOTFOUND' })
}
