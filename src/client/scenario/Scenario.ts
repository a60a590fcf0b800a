/** What a scenario is: what it does during a run, in the client's first process, and what it found. */
import type * as Effect from "effect/Effect"
import type { ClientConfigValue } from "../../config/ClientConfig.ts"
import type { ScenarioOutcome } from "../../protocol/report.ts"
import type { Glance, RunSnapshot } from "../metrics/RunMetrics.ts"
import type { ProcessGlance } from "../processMessages.ts"
import type { PublishRefused } from "../runErrors.ts"
import type { Order } from "./Order.ts"
import type { Publisher } from "./Publisher.ts"

/** The run as a scenario sees it. */
export interface Stage {
  readonly config: ClientConfigValue
  /** Connections of the whole run, and of each ramp. */
  readonly total: number
  readonly shares: ReadonlyArray<number>
  /** Says where the scenario is, for the view. */
  readonly tell: (progress: Progress) => void
  /** Epoch milliseconds, fractional. */
  readonly now: () => number
  /** The least advanced state of all ramps, as it was when they were looked at last. */
  readonly phase: () => ProcessGlance["phase"]
  readonly look: Effect.Effect<Glance>
  /** Stamp of the latest broadcast that was heard when they were looked at last; null before the first. */
  readonly heard: () => number | null
  /** All that was measured up to now, by all processes. */
  readonly measure: Effect.Effect<RunSnapshot>
  readonly order: (order: Order) => Effect.Effect<void>
  readonly publisher: Publisher
}

/** Where a scenario is. */
export interface Progress {
  /** Epoch milliseconds at which it ends, where that is known. */
  readonly endsAt?: number
  /** What it is at, in words. */
  readonly at?: string
}

export interface Scenario {
  /** Runs from when the ramps begin; the run ends when it completes, if not before. */
  readonly direct: Effect.Effect<void, PublishRefused>
  /** At the end of the run, however it came, and before it is measured for the report: bounded in time. */
  readonly settle: Effect.Effect<void>
  /** What the report says of it. */
  readonly outcome: (snapshot: RunSnapshot) => ScenarioOutcome
  /** Sentences for `unreliableBecause`. */
  readonly doubts?: () => ReadonlyArray<string>
  /** It judges by `thresholds.*` itself; the run is not judged as a whole. */
  readonly judges?: boolean
}

export type MakeScenario = (stage: Stage) => Scenario
