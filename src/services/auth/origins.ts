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

/**
 * Whether a handshake with this `Origin` header is welcome: it matches one of the globs, whatever the case. Without the header it comes from
 * no page, and is welcome; with an empty list no page is.
 */
export const makeOriginCheck = (
  allowed: ReadonlyArray<string>
): ((origin: string | undefined) => boolean) => {
  const globs = allowed.map((glob) => glob.toLowerCase())
  const matches = picomatch(globs, GLOB)
  const allowsAll = globs.includes("*")
  return (origin) => {
    if (origin === undefined || allowsAll) return true
    return globs.length > 0 && origin.length <= MAX_ORIGIN_LENGTH && matches(origin.toLowerCase())
  }
}
