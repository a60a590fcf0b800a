/**
 * Records how runs ended. What ends while an earlier commit is being written shares the next one; an outcome that cannot be recorded is tried
 * again until it can, and those behind it wait.
 */
import * as Effect from "effect/Effect"
import { changesOf, type Decision } from "./firing.ts"
import type { Change } from "./ScheduleStore.ts"

/** Outcomes of one commit: with four entries of the store each, one transaction. */
const TOGETHER = 500

interface Outcome {
  readonly decision: Decision
  readonly onRecorded: () => void
}

/** Bounded by the runs that are under way: a run is over when its outcome is recorded. */
export class OutcomeWriter {
  #waiting: Array<Outcome> = []
  #isWriting = false

  /**
   * @param commit does not fail: it takes its time
   * @param told of decisions that are recorded, before their `onRecorded`
   * @param fork runs an effect that must be done before the process ends
   */
  constructor(
    readonly commit: (changes: ReadonlyArray<Change>) => Effect.Effect<void>,
    readonly told: (decisions: ReadonlyArray<Decision>) => Effect.Effect<void>,
    readonly fork: (effect: Effect.Effect<void>) => unknown
  ) {}

  /** Synchronous. */
  add(decision: Decision, onRecorded: () => void): void {
    this.#waiting.push({ decision, onRecorded })
    if (this.#isWriting) return
    this.#isWriting = true
    this.fork(this.#write)
  }

  readonly #write: Effect.Effect<void> = Effect.gen({ self: this }, function* () {
    // What ends in the same turn of the event loop.
    yield* Effect.yieldNow
    while (this.#waiting.length > 0) {
      const outcomes = this.#waiting.splice(0, TOGETHER)
      const decisions = outcomes.map(({ decision }) => decision)
      yield* this.commit(decisions.flatMap(changesOf))
      yield* this.told(decisions)
      for (const { onRecorded } of outcomes) onRecorded()
    }
  }).pipe(
    Effect.ensuring(
      Effect.sync(() => {
        this.#isWriting = false
      })
    )
  )
}
