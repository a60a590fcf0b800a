/**
 * What became of runs, for people: a line for each, and one for all those that are too many in a second; for metrics, counts and how late they
 * began.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import { counter, type Sample } from "../Metrics.ts"
import type { Run, RunOutcome } from "./Schedule.ts"

/** Lines about single runs in one second. */
const LINES = 10
const WINDOW_MS = 1000

/** From the time when a run was to begin to the time when it was marked, in seconds; of runs that are caught up, too. */
export const lateness = Metric.histogram("clarion_schedule_lateness_seconds", {
  description: "Seconds from the time when a run of a schedule was to begin until it began",
  boundaries: [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 3600]
})

const OUTCOMES = ["sent", "gated", "skipped", "failed", "interrupted"] as const
const WORRYING: ReadonlySet<RunOutcome> = new Set(["failed", "interrupted"])

const textOf = ({ schedule, number, outcome, detail }: Run): string =>
  `schedule ${schedule}: ${number === 0 ? "" : `run ${number} `}${outcome}${detail === undefined ? "" : `: ${detail}`}`

const lineOf = (run: Run): Effect.Effect<void> =>
  (WORRYING.has(run.outcome) ? Effect.logWarning(textOf(run)) : Effect.logInfo(textOf(run))).pipe(
    Effect.annotateLogs({ run: run.id, due: new Date(run.due).toISOString() })
  )

export class RunLog {
  readonly #totals = new Map<RunOutcome, number>(OUTCOMES.map((outcome) => [outcome, 0]))
  #windowUntil = Number.NEGATIVE_INFINITY
  #lines = 0
  /** Runs of this second that got no line. */
  readonly #unsaid = new Map<RunOutcome, number>()

  /** A run was marked. Times in ms. */
  begun(fireAt: number, now: number): void {
    lateness.updateUnsafe((now - fireAt) / 1000, Context.empty())
  }

  /** Runs that are over. */
  ended(runs: ReadonlyArray<Run>): Effect.Effect<void> {
    if (runs.length === 0) return Effect.void
    return Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const summary = this.flush(now)
      const room = LINES - this.#lines
      for (const { outcome } of runs) this.#totals.set(outcome, this.#totals.get(outcome)! + 1)
      for (const { outcome } of runs.slice(room))
        this.#unsaid.set(outcome, (this.#unsaid.get(outcome) ?? 0) + 1)
      const said = runs.slice(0, room)
      this.#lines += said.length
      return Effect.andThen(summary, Effect.forEach(said, lineOf, { discard: true }))
    })
  }

  /** One line about the runs of a second that got none, when the second is over. To be called every now and then. */
  flush(now: number): Effect.Effect<void> {
    if (now < this.#windowUntil && now > this.#windowUntil - 2 * WINDOW_MS) return Effect.void
    const counts = [...this.#unsaid].map(([outcome, count]) => `${count} ${outcome}`)
    this.#unsaid.clear()
    this.#lines = 0
    this.#windowUntil = now + WINDOW_MS
    return counts.length === 0 ? Effect.void : Effect.logInfo(`more runs of schedules: ${counts.join(", ")}`)
  }

  get samples(): ReadonlyArray<Sample> {
    return OUTCOMES.map((outcome) =>
      counter("clarion_schedule_runs_total", "Runs of schedules that are over", this.#totals.get(outcome)!, {
        outcome
      })
    )
  }
}
