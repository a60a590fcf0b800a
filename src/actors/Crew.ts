/**
 * The ramps of a run, wherever they live: in this process (`localCrew`), or in child processes that it watches (`processCrew`). What a run
 * shows and reports it asks of its crew.
 */
import type * as Effect from "effect/Effect"
import type { EndedConnections } from "../client/EndedConnections.ts"
import type { BadHistogram } from "../client/metrics/LatencyHistogram.ts"
import type { Glance, RunSnapshot } from "../client/metrics/RunMetrics.ts"
import type { Order } from "../client/scenario/Order.ts"
import type { ClientLoad } from "../protocol/report.ts"
import type { RampState } from "./rampMachine.ts"
import type { RestartBudgetSpent } from "./Supervisor.ts"

/** What a report is made of. */
export interface CrewSnapshot {
  /** Of all processes together, those that died included. */
  readonly snapshot: RunSnapshot | BadHistogram
  /** Epoch milliseconds up to which it was measured, and over which its rates are. */
  readonly takenAt: number
  readonly client: ClientLoad
  /** A sentence for each process whose part is not of now. */
  readonly doubts: ReadonlyArray<string>
}

export interface Crew {
  /** Processes that hold connections. */
  readonly processes: number
  /** Connections of each ramp. */
  readonly shares: ReadonlyArray<number>
  /** When the ramps began, in epoch milliseconds; undefined while processes are still being started. */
  readonly startedAt: () => number | undefined
  /** Completes when the ramps begin. */
  readonly begun: Effect.Effect<void>
  /** The least advanced state of all ramps. */
  readonly phase: () => RampState
  /** The latest figures known. */
  readonly glance: () => Glance
  /** Stamp of the latest broadcast that any process has told of; null before the first. */
  readonly broadcast: () => number | null
  /** Looks anew, for a bounded time. */
  readonly look: Effect.Effect<Glance>
  readonly snapshot: Effect.Effect<CrewSnapshot>
  /** Why connections ended, those of all processes together. */
  readonly ended: EndedConnections
  /** Has all ramps do what a scenario asks for; completes when they were told. */
  readonly order: (order: Order) => Effect.Effect<void>
  /** Closes every connection, and completes when they are gone. */
  readonly stop: Effect.Effect<void>
  /** Fails when a restart budget is spent. */
  readonly failure: Effect.Effect<never, RestartBudgetSpent>
}
