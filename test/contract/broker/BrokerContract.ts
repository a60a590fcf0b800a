/** What the suites of the broker's contract are given: a way to start a backend, and processes that use it. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Broker, StreamOptions } from "../../../src/services/broker/Broker.ts"
import type { Received } from "../../support/broker/Received.ts"

/** One process of the service. */
export interface BrokerProcess {
  readonly broker: Broker["Service"]
  /** What came to its hub. */
  readonly received: Received
}

export interface BrokerUnderTest {
  readonly processes: readonly [BrokerProcess, ...ReadonlyArray<BrokerProcess>]
  /** Lets time pass, for the backend, too. */
  readonly pass: (ms: number) => Effect.Effect<void>
  /** Undefined where nothing can come between the processes and the backend. */
  readonly link: BrokerLink | undefined
}

/** What lies between all processes and the backend. */
export interface BrokerLink {
  readonly cut: Effect.Effect<void>
  /** What is asked for happens from now on, and the answers are lost. */
  readonly loseAnswers: Effect.Effect<void>
  readonly restore: Effect.Effect<void>
}

export interface BrokerContract {
  readonly start: (processes: number) => Effect.Effect<BrokerUnderTest, never, Scope.Scope>
  readonly run: <A, E>(test: Effect.Effect<A, E, Scope.Scope>) => Promise<A>
  /** Lifetimes that the backend can tell apart and `pass` can wait for; `metaTtlMs` is at least twice `ttlMs`. */
  readonly ttlMs: number
  readonly metaTtlMs: number
  /** What `pass` can wait for at most; where it is less than the five minutes of idempotency keys, their end is not tested. */
  readonly longestPassMs: number
  /** Whether its streams are. */
  readonly isDurable?: boolean
  /** Undefined where there is no link to break. */
  readonly canBreak: boolean
  /** Whether a publication with a key takes two steps, of which the first claims the key: where its answer is lost nothing is published. */
  readonly claimsKeys?: boolean
}

/** A stream that keeps up to so many publications for the contract's times. */
export const streamOf = (
  { ttlMs, metaTtlMs, isDurable = false }: BrokerContract,
  size = 1000
): StreamOptions => ({ size, ttlMs, metaTtlMs, isDurable })

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

/** 1, 2, … `last`, or from another number on. */
export const numbersTo = (last: number, first = 1): ReadonlyArray<number> =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index)

/** The processes, and the first one of them, each subscribed to these channels. */
export const startSubscribed = Effect.fnUntraced(function* (
  contract: BrokerContract,
  processes: number,
  ...channels: ReadonlyArray<string>
) {
  const started = yield* contract.start(processes)
  for (const { broker } of started.processes) for (const channel of channels) yield* broker.subscribe(channel)
  return { ...started, ...started.processes[0] }
})
