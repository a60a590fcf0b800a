/** What became of connections that were lost and came back, and of those that stopped reading: the figures of scenarios. */
import type { Counts } from "../../protocol/report.ts"
import { addCounts } from "./counts.ts"
import {
  addLatencies,
  type BadHistogram,
  LatencyHistogram,
  type LatencySnapshot
} from "./LatencyHistogram.ts"

export interface ScenarioSnapshot {
  /** Connections that were ready and ended, whoever ended them; one that comes back and ends again counts twice. */
  readonly lost: number
  /** Of them, those that were ready again. */
  readonly returned: number
  /** Milliseconds from the end of each until it was ready again. */
  readonly awayMs: LatencySnapshot
  /** Milliseconds of the attempt by which each came back. */
  readonly resetupMs: LatencySnapshot
  /** Returns to the channel by the client protocol with all that was missed, and without. */
  readonly recovered: number
  readonly notRecovered: number
  /** Publications that came by recovery. */
  readonly recoveredPublications: number
  /** Publications that connections never got, as far as it can be told; `unknown` counts the returns of which it cannot. */
  readonly missed: number
  readonly unknown: number
  readonly duplicates: number
  /** Connections that stopped reading, those of them that ended, and the messages that they read afterwards. */
  readonly slow: number
  readonly slowClosed: Counts
  readonly slowMessages: number
}

/** A histogram of which most processes have none: it takes 190 KB. */
class LazyHistogram {
  #histogram: LatencyHistogram | undefined

  record(ms: number): void {
    this.#histogram ??= new LatencyHistogram()
    this.#histogram.record(ms)
  }

  snapshot(): LatencySnapshot {
    return (this.#histogram ?? new LatencyHistogram()).snapshot()
  }
}

export class ScenarioMetrics {
  /** Whether there is nothing to tell. */
  isEmpty = true
  private lostCount = 0
  private returnedCount = 0
  private readonly away = new LazyHistogram()
  private readonly resetup = new LazyHistogram()
  private recovered = 0
  private notRecovered = 0
  private recoveredPublications = 0
  private missedCount = 0
  private unknown = 0
  private duplicates = 0
  private slow = 0
  private readonly slowClosed: Record<string, number> = {}
  private slowMessages = 0

  lost(): void {
    this.isEmpty = false
    this.lostCount++
  }

  /** @param awayMs since it ended @param setupMs of the attempt by which it came back */
  returned(awayMs: number, setupMs: number): void {
    this.isEmpty = false
    this.returnedCount++
    this.away.record(awayMs)
    this.resetup.record(setupMs)
  }

  resumed(isRecovered: boolean, publications: number): void {
    this.isEmpty = false
    if (isRecovered) this.recovered++
    else this.notRecovered++
    this.recoveredPublications += publications
  }

  missed(count: number | null): void {
    this.isEmpty = false
    if (count === null) this.unknown++
    else this.missedCount += count
  }

  duplicate(): void {
    this.isEmpty = false
    this.duplicates++
  }

  stoppedReading(): void {
    this.isEmpty = false
    this.slow++
  }

  slowEnded(how: string): void {
    this.slowClosed[how] = (this.slowClosed[how] ?? 0) + 1
  }

  slowHeard(): void {
    this.slowMessages++
  }

  snapshot(): ScenarioSnapshot {
    return {
      lost: this.lostCount,
      returned: this.returnedCount,
      awayMs: this.away.snapshot(),
      resetupMs: this.resetup.snapshot(),
      recovered: this.recovered,
      notRecovered: this.notRecovered,
      recoveredPublications: this.recoveredPublications,
      missed: this.missedCount,
      unknown: this.unknown,
      duplicates: this.duplicates,
      slow: this.slow,
      slowClosed: { ...this.slowClosed },
      slowMessages: this.slowMessages
    }
  }
}

/** Several processes' as one; undefined where there is none. */
export const addScenarios = (
  all: ReadonlyArray<ScenarioSnapshot>
): ScenarioSnapshot | BadHistogram | undefined => {
  if (all.length === 0) return undefined
  const awayMs = addLatencies(all.map((each) => each.awayMs))
  const resetupMs = addLatencies(all.map((each) => each.resetupMs))
  if ("kind" in awayMs) return awayMs
  if ("kind" in resetupMs) return resetupMs
  const sum = (of: (each: ScenarioSnapshot) => number) => all.reduce((total, each) => total + of(each), 0)
  return {
    lost: sum((each) => each.lost),
    returned: sum((each) => each.returned),
    awayMs,
    resetupMs,
    recovered: sum((each) => each.recovered),
    notRecovered: sum((each) => each.notRecovered),
    recoveredPublications: sum((each) => each.recoveredPublications),
    missed: sum((each) => each.missed),
    unknown: sum((each) => each.unknown),
    duplicates: sum((each) => each.duplicates),
    slow: sum((each) => each.slow),
    slowClosed: addCounts(all.map(({ slowClosed }) => slowClosed)),
    slowMessages: sum((each) => each.slowMessages)
  }
}
