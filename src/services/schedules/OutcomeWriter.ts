/**
 * Records how runs ended: those that wait together, and behind runs that are being taken up, as long as they are not too many. An outcome that
 * cannot be recorded is tried again until it can.
 */
import * as Effect from "effect/Effect"
import { changesOf, type Decision } from "./firing.ts"
import type { Change } from "./ScheduleStore.ts"

/** Outcomes of one commit, of which one is made in a turn of the event loop: some 3 ms. */
const TOGETHER = 100
/** Outcomes that wait for runs that are being taken up. With more of them, both go on by turns. */
const PATIENT = 9000

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
   * @param tell of decisions that are recorded, before their `onRecorded`
   * @param fork runs an effect that must be done before the process ends
   * @param isBusy whether runs are being taken up; when they are no more, `goOn` is called
   */
  constructor(
    readonly commit: (changes: ReadonlyArray<Change>) => Effect.Effect<void>,
    readonly tell: (decisions: ReadonlyArray<Decision>) => Effect.Effect<void>,
    readonly fork: (effect: Effect.Effect<void>) => unknown,
    readonly isBusy: () => boolean
  ) {}

  /** Synchronous. */
  add(decision: Decision, onRecorded: () => void): void {
    this.#waiting.push({ decision, onRecorded })
    this.goOn()
  }

  goOn(): void {
    if (this.#isWriting || !this.#isTime) return
    this.#isWriting = true
    this.fork(this.#writeWaiting)
  }

  get #isTime(): boolean {
    const { length } = this.#waiting
    return length > PATIENT || (length > 0 && !this.isBusy())
  }

  readonly #writeWaiting: Effect.Effect<void> = Effect.gen({ self: this }, function* () {
    while (this.#isTime) {
      yield* Effect.yieldNow
      this.fork(this.#write(this.#waiting.splice(0, TOGETHER)))
    }
    this.#isWriting = false
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
