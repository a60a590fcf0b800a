/** The figures of all ramp processes as if one process had measured them. */
import * as Effect from "effect/Effect"
import { withoutUnderWay } from "../client/metrics/Broadcasts.ts"
import { type BadHistogram, LatencyHistogram, type Percentiles } from "../client/metrics/LatencyHistogram.ts"
import { withMeans } from "../client/metrics/lives.ts"
import { countOf, type Glance, type RunCounts, type RunSnapshot } from "../client/metrics/RunMetrics.ts"
import { addConnections, addSnapshots } from "../client/metrics/snapshotSums.ts"
import type { RampProcess } from "./RampProcess.ts"

/** Processes are measured for the view's percentiles once in so many milliseconds for each of them, and once a second at most. */
const MEASURE_INTERVAL_MS = 100
const LEAST_MEASURE_INTERVAL_MS = 1000

interface Measured {
  /** Epoch milliseconds. */
  readonly askedAt: number
  /** When the last of those answered who did. */
  readonly answeredAt: number
  readonly silent: ReadonlyArray<RampProcess>
}

export class CrewFigures {
  readonly #processes: ReadonlyArray<RampProcess>
  #percentiles: Percentiles = new LatencyHistogram().percentiles()
  #measuredAt = Number.NEGATIVE_INFINITY
  /** What had happened when all were measured last. */
  #measuredEvents = 0

  constructor(processes: ReadonlyArray<RampProcess>) {
    this.#processes = processes
  }

  /** Stamp of the latest broadcast that any process has heard; null before the first. */
  get broadcast(): number | null {
    return this.#counts().reduce<number | null>(
      (latest, { broadcast }) => (latest === null || (broadcast ?? 0) > latest ? broadcast : latest),
      null
    )
  }

  /** Whether the view's percentiles are old, and there is something new to measure. */
  isDue(now: number): boolean {
    const interval = Math.max(LEAST_MEASURE_INTERVAL_MS, MEASURE_INTERVAL_MS * this.#processes.length)
    return now - this.#measuredAt >= interval && this.#events() !== this.#measuredEvents
  }

  /** Asks all how they are; who does not answer in time is passed over. */
  readonly look = (withinMs: number): Effect.Effect<void> => {
    const { broadcast } = this
    return Effect.asVoid(this.#ask((process) => Effect.timeoutOption(process.look(broadcast), withinMs)))
  }

  /** Asks all for what they measured. */
  readonly measure = (now: () => number, withinMs: number): Effect.Effect<Measured> =>
    Effect.gen({ self: this }, function* () {
      const { broadcast } = this
      const askedAt = now()
      this.#measuredAt = askedAt
      const answers = yield* this.#ask((process) =>
        Effect.timeoutOption(Effect.map(process.measure(broadcast), now), withinMs)
      )
      this.#measuredEvents = this.#events()
      const times = answers.flatMap((answer) => (answer._tag === "None" ? [] : [answer.value]))
      return {
        askedAt,
        answeredAt: Math.max(askedAt, ...times),
        silent: this.#processes.filter((_, i) => answers[i]?._tag === "None")
      }
    })

  /** All that is known now, for who asked all at `askedAt`. */
  sum(askedAt: number, now: number, startedAt: number): RunSnapshot | BadHistogram {
    const all = this.#processes.flatMap(({ snapshots }) => snapshots)
    const sum = addSnapshots(all)
    if ("kind" in sum) return sum
    this.#percentiles = percentilesOf(sum)
    const broadcasts = withoutUnderWay(sum.broadcasts, askedAt)
    return withMeans({ ...sum, broadcasts }, (now - startedAt) / 1000)
  }

  glance(): Glance {
    const counts = this.#counts()
    const past = this.#processes.flatMap((process) => (process.past === undefined ? [] : [process.past]))
    const { active, opened, errors } = addConnections(
      [...counts, ...past].map(({ connections }) => connections)
    )
    const messages =
      counts.reduce((sum, { messages }) => sum + messages, 0) +
      past.reduce((sum, { messageRates }) => sum + messageRates.count, 0)
    return {
      active,
      opened,
      errors: countOf(errors),
      errorsByKind: errors,
      messages,
      latencyMs: this.#percentiles,
      missing: missingOf(counts),
      opening: counts.reduce((sum, { opening }) => sum + opening, 0)
    }
  }

  #counts(): ReadonlyArray<RunCounts> {
    return this.#processes.map(({ counts }) => counts).filter((counts) => counts !== undefined)
  }

  #events(): number {
    return this.#counts().reduce((sum, { connections, messages }) => sum + connections.opened + messages, 0)
  }

  #ask<A>(ask: (process: RampProcess) => Effect.Effect<A>): Effect.Effect<Array<A>> {
    return Effect.forEach(this.#processes, ask, { concurrency: "unbounded" })
  }
}

/** Copies of the latest broadcast that are still to come; a process that has not heard of it waits for all of its own. */
const missingOf = (counts: ReadonlyArray<RunCounts>): number => {
  const latest = counts.reduce((latest, { broadcast }) => Math.max(latest, broadcast ?? 0), 0)
  return latest === 0
    ? 0
    : counts.reduce(
        (sum, { broadcast, missing, connections }) =>
          sum + (broadcast === latest ? missing : connections.active),
        0
      )
}

const percentilesOf = ({ latency }: RunSnapshot): Percentiles => {
  const histogram = new LatencyHistogram()
  // What cannot be read adds nothing, and shows as nothing.
  histogram.add(latency)
  return histogram.percentiles()
}
