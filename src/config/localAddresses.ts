/**
 * `local.ip` read: the addresses that connections leave from, one ramp each. "0.0.0.0" stands for the system's choice,
 * a range such as 127.0.1.1-127.0.1.40 for each address in it.
 */
import { isIPv4 } from "node:net"

/** Addresses that one client may have. */
export const MAX_LOCAL_ADDRESSES = 65_536

/** What is wrong with one part of the list. */
export interface BadLocalAddress {
  readonly kind: "badLocalAddress"
  /** The part as it was given. */
  readonly found: string
  readonly message: string
}

/**
 * The addresses of a list, or of a text with commas, in its order and each once; or all that is wrong with it.
 */
export const parseLocalAddresses = (
  list: string | ReadonlyArray<string>
): ReadonlyArray<string> | { readonly problems: ReadonlyArray<BadLocalAddress> } => {
  const parts = [list].flat().flatMap((entry) => entry.split(",").map((part) => part.trim()))
  const problems: Array<BadLocalAddress> = []
  const addresses = new Set<number>()
  for (const part of parts) {
    const range = parseRange(part)
    if ("kind" in range) problems.push(range)
    else if (range.last - range.first >= MAX_LOCAL_ADDRESSES) problems.push(tooMany(part))
    else {
      for (let address = range.first; address <= range.last; address++) addresses.add(address)
      if (addresses.size > MAX_LOCAL_ADDRESSES) return { problems: [...problems, tooMany(part)] }
    }
  }
  return problems.length > 0 ? { problems } : [...addresses].map(toText)
}

interface Range {
  readonly first: number
  readonly last: number
}

const parseRange = (part: string): Range | BadLocalAddress => {
  const ends = part.split("-").map((end) => end.trim())
  const [first = "", last = first] = ends
  if (ends.length > 2 || !isIPv4(first) || !isIPv4(last)) {
    return bad(part, "expected an IPv4 address or a range of two, such as 127.0.1.1-127.0.1.40")
  }
  const range = { first: toNumber(first), last: toNumber(last) }
  return range.first <= range.last ? range : bad(part, `expected a range whose end is not below its start`)
}

const bad = (found: string, message: string): BadLocalAddress => ({ kind: "badLocalAddress", found, message })
const tooMany = (part: string): BadLocalAddress =>
  bad(part, `expected at most ${MAX_LOCAL_ADDRESSES} addresses`)

const toNumber = (address: string): number =>
  address.split(".").reduce((sum, byte) => sum * 256 + Number(byte), 0)
const toText = (address: number): string =>
  [address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255].join(".")
