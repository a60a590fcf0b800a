/** What the bench tells its driver process, and what that answers: one answer for each order. */
import type { LatencySummary } from "clarion/client/metrics/LatencyHistogram"
import type { DialectName } from "./dialects.ts"

export interface OpenOrder {
  readonly kind: "open"
  readonly port: number
  readonly dialect: DialectName
  readonly connections: number
}

export interface RoundsOrder {
  readonly kind: "rounds"
  /** Messages triggered at once in each round. */
  readonly depth: number
  /** As many rounds, and more until `forMs` have passed. */
  readonly rounds: number
  readonly forMs: number
}

export type Order = OpenOrder | RoundsOrder

export interface Opened {
  readonly connections: number
  readonly seconds: number
}

export interface Rounds {
  readonly depth: number
  readonly seconds: number
  /** Messages that connections got. */
  readonly delivered: number
  /** Rounds that did not reach everyone in time. */
  readonly short: number
  /** Messages that came twice, too late, or with other bytes than were sent. */
  readonly stray: number
  /** The first connection's failure or end. */
  readonly problem: string | undefined
  /** Milliseconds of each round: from its first message's sending until everyone has got all of it. */
  readonly roundMs: ReadonlyArray<number>
  readonly latencyMs: LatencySummary
}

export type Answer = { readonly opened: Opened } | { readonly rounds: Rounds } | { readonly failed: string }
