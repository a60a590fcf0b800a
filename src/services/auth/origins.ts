/** Which pages may connect, by the `Origin` header that browsers send with every handshake. */
import picomatch from "picomatch/posix.js"

/**
 * `*` stands for anything, slashes and dots too; `?` for one character, `[ab]`, `[a-z]` and `[!ab]` for one of some, `{a,b}` for one of
 * several words. Nothing else is special.
 */
const GLOB = {
  bash: true,
  dot: true,
  noextglob: true,
  noglobstar: true,
  nonegate: true,
  posix: true,
  strictSlashes: true
} as const

/** Characters of an origin: scheme, a host of at most 253 and a port. Longer ones match nothing but "*". */
const MAX_ORIGIN_LENGTH = 300

type Headers = Pick<ReadonlyMap<string, string>, "get">

/** Whether the page that an `Origin` header names was served under the name that the `Host` header has. False without either. */
export const isSameOrigin = (headers: Headers): boolean => {
  const [origin, host] = [headers.get("origin")?.toLowerCase(), headers.get("host")?.toLowerCase()]
  const [, scheme, name] = /^(https?):\/\/([^/]+)$/.exec(origin ?? "") ?? []
  if (host === undefined || name === undefined) return false
  // An origin leaves out the port that goes with its scheme; gateways may write it into Host.
  return name === host || `${name}:${scheme === "https" ? 443 : 80}` === host
}

/**
 * Whether a handshake with these headers is welcome. Without an `Origin` it comes from no page, and is. A page of the server's own is: its origin
 * is where the handshake goes. Any other has to match one of the globs, whatever the case; with an empty list none does.
 *
 * Centrifugo lets pages of the same host in likewise, unless its list is empty.
 */
export const makeOriginCheck = (allowed: ReadonlyArray<string>): ((headers: Headers) => boolean) => {
  const globs = allowed.map((glob) => glob.toLowerCase())
  const matches = picomatch(globs, GLOB)
  const allowsAll = globs.includes("*")
  return (headers) => {
    const origin = headers.get("origin")
    if (origin === undefined || allowsAll || isSameOrigin(headers)) return true
    return globs.length > 0 && origin.length <= MAX_ORIGIN_LENGTH && matches(origin.toLowerCase())
  }
}
