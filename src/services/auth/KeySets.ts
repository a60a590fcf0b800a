/**
 * JSON Web Key Sets behind URLs: fetched when they are needed, and kept. Each URL has a set of its own, so that a key of one issuer never
 * vouches for another's tokens, whatever ids the keys have.
 *
 * How long sets are kept is measured by the machine's clock, inside of `jose`.
 */
import * as Context from "effect/Context"
import { type CompactVerifyGetKey, createRemoteJWKSet, customFetch, errors } from "jose"
import { KeysUnavailable } from "./Tokens.ts"

export interface KeySetTimes {
  /** A fetch that takes longer has failed. Below the 5 s that SDKs wait for an answer to connect. */
  readonly timeoutMs: number
  /** Keys are fetched anew when they are this old. */
  readonly maxAgeMs: number
  /** An unknown key makes a set be fetched anew when its last fetch was so long ago. */
  readonly cooldownMs: number
  /** From one fetch of a set to the next, however many tokens ask while it fails. */
  readonly pauseMs: number
}

/** Centrifugo keeps keys for an hour, too. */
export const KeySetTimes = Context.Reference<KeySetTimes>("clarion/services/KeySetTimes", {
  defaultValue: () => ({ timeoutMs: 2000, maxAgeMs: 3_600_000, cooldownMs: 5000, pauseMs: 1000 })
})

/** Sets that are kept; of more, those that were not used for longest are forgotten. Tokens may name issuers that do not exist. */
const MAX_KEY_SETS = 64
/** Fetches under way at once, over all sets. */
const MAX_FETCHES = 16

/** What is wrong with the token, not with the set. */
const isOfToken = (error: unknown): boolean =>
  error instanceof errors.JWKSNoMatchingKey ||
  error instanceof errors.JWKSMultipleMatchingKeys ||
  error instanceof errors.JOSENotSupported

const detailOf = (error: unknown): string => {
  const { message, cause } = error as Error
  return cause instanceof Error ? `${message}: ${cause.message}` : message
}

export class KeySets {
  private readonly sets = new Map<string, CompactVerifyGetKey>()
  private fetches = 0

  /** @param nowMs the time that pauses are measured in */
  constructor(
    private readonly times: KeySetTimes,
    private readonly nowMs: () => number
  ) {}

  /** The keys behind a URL, to be asked for the key of a token; fails with `KeysUnavailable`, or with what is wrong with the token. */
  at(url: URL): CompactVerifyGetKey {
    const known = this.sets.get(url.href)
    const set = known ?? this.make(url)
    this.sets.delete(url.href)
    this.sets.set(url.href, set)
    if (this.sets.size > MAX_KEY_SETS) this.sets.delete(this.sets.keys().next().value!)
    return set
  }

  private make(url: URL): CompactVerifyGetKey {
    const { timeoutMs, maxAgeMs, cooldownMs } = this.times
    const set = createRemoteJWKSet(url, {
      timeoutDuration: timeoutMs,
      cacheMaxAge: maxAgeMs,
      cooldownDuration: cooldownMs,
      [customFetch]: this.limitedFetch()
    })
    return async (header, token) => {
      try {
        return await set(header, token)
      } catch (error) {
        throw isOfToken(error) ? error : new KeysUnavailable({ detail: `${url.href}: ${detailOf(error)}` })
      }
    }
  }

  /** `fetch` for one set: within the limit, and not right after the last one. */
  private limitedFetch(): typeof fetch {
    let pausedUntil = Number.NEGATIVE_INFINITY
    return async (...request) => {
      if (this.nowMs() < pausedUntil) throw new Error("the last attempt was just now")
      if (this.fetches >= MAX_FETCHES) throw new Error(`${MAX_FETCHES} key sets are being fetched already`)
      this.fetches++
      try {
        return await fetch(...request)
      } finally {
        this.fetches--
        pausedUntil = this.nowMs() + this.times.pauseMs
      }
    }
  }
}
