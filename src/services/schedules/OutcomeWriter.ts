/**
 * Records how runs ended: those that end in one turn of the event loop together. An outcome that cannot be recorded is tried again until it can.
 */
import * as Effect from "effect/Effect"
import { changesOf, type Decision } from "./firing.ts"
import type { Change } from "./ScheduleStore.ts"

/** Outcomes of one commit, of which one is made in a turn of the event loop: some 3 ms. */
const TOGETHER = 100

interface Outcome {
  readonly decision: Decision
  readonly onRecorded: () => void
}

/** Bounded by the runs that are under way: a run is over when its outcome is recorded. */
export class OutcomeWriter {
  #waiting: Array<Outcome> = []

  /**
   * @param commit does not fail: it takes its time
   * @param tell of decisions that are recorded, before their `onRecorded`
   * @param fork runs an effect that must be done before the process ends
   */
  constructor(
    readonly commit: (changes: ReadonlyArray<Change>) => Effect.Effect<void>,
    readonly tell: (decisions: ReadonlyArray<Decision>) => Effect.Effect<void>,
    readonly fork: (effect: Effect.Effect<void>) => unknown
  ) {}

  /** Synchronous. */
  add(decision: Decision, onRecorded: () => void): void {
    this.#waiting.push({ decision, onRecorded })
    if (this.#waiting.length === 1) this.fork(this.#writeAll)
  }

  readonly #writeAll: Effect.Effect<void> = Effect.gen({ self: this }, function* () {
    do {
      yield* Effect.yieldNow
      this.fork(this.#write(this.#waiting.splice(0, TOGETHER)))
    } while (this.#waiting.length > 0)
  })

  #write(outcomes: ReadonlyArray<Outcome>): Effect.Effect<void> {
    const decisions = outcomes.map(({ decision }) => decision)
    return this.commit(decisions.flatMap(changesOf)).pipe(
      Effect.andThen(this.tell(decisions)),
      Effect.andThen(
        Effect.sync(() => {
          for (const { onRecorded } of outcomes) onRecorded()
        })
      )
    )
  }
}
