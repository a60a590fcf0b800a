/** A log of something that may fail thousands of times a second: what went wrong, and how often. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** Between two lines about the same. */
const QUIET_MS = 10_000

/**
 * Says what failed, at most every ten seconds; the next line tells how often it was not said.
 * @param what begins each line
 * @param quietMs in place of the ten seconds
 */
export const makeFailureLog = (
  what: string,
  quietMs = QUIET_MS
): ((detail: string) => Effect.Effect<void>) => {
  let quietUntil = Number.NEGATIVE_INFINITY
  let unsaid = 0
  return (detail) =>
    Clock.currentTimeMillis.pipe(
      Effect.flatMap((now) => {
        if (now < quietUntil) {
          unsaid++
          return Effect.void
        }
        quietUntil = now + quietMs
        const more = unsaid === 0 ? "" : ` (${unsaid} failures before it were not logged)`
        unsaid = 0
        return Effect.logWarning(`${what}: ${detail}${more}`)
      })
    )
}
