/**
 * Records how runs ended, a hundred at a time. What is due goes first: while runs are being marked, outcomes wait, as long as they are few and nobody
 * is known to wait for one of them. An outcome that cannot be recorded is tried again until it can.
 */
import * as Effect from "effect/Effect"
import { changesOf, type Decision } from "./firing.ts"
import type { Change } from "./ScheduleStore.ts"

/** Outcomes that go into one commit: some 3 ms of the event loop, once in each of its turns. */
const TOGETHER = 100
/**
 * Outcomes that wait while runs are being marked. With more of them both go on by turns. So many runs more than at any time are open when the
 * process is killed.
 */
const PATIENT = 1000

interface Outcome {
  readonly decision: Decision
  readonly onRecorded: () => void
}

/** Bounded by the runs that are under way: a run is over when its outcome is recorded. */
export class OutcomeWriter {
  #waiting: Array<Outcome> = []
  /** Of them, those that somebody waits for: they are the first. */
  #urgent = 0
  #isWriting = false

  /**
   * @param commit does not fail: it takes its time
   * @param tell of decisions that are recorded, before their `onRecorded`
   * @param fork runs an effect that must be done before the process ends
   * @param isBusy whether runs are being marked; when they are no more, `goOn` is called
   */
  constructor(
    readonly commit: (changes: ReadonlyArray<Change>) => Effect.Effect<void>,
    readonly tell: (decisions: ReadonlyArray<Decision>) => Effect.Effect<void>,
    readonly fork: (effect: Effect.Effect<void>) => unknown,
    readonly isBusy: () => boolean
  ) {}

  /** Synchronous. @param isUrgent somebody waits for it */
  add(decision: Decision, isUrgent: boolean, onRecorded: () => void): void {
    const outcome = { decision, onRecorded }
    if (isUrgent) this.#waiting.splice(this.#urgent++, 0, outcome)
    else this.#waiting.push(outcome)
    this.goOn()
  }

  /** Looks whether it is time to write. */
  goOn(): void {
    if (this.#isWriting || !this.#isTime) return
    this.#isWriting = true
    this.fork(this.#writeWaiting)
  }

  get #isTime(): boolean {
    const { length } = this.#waiting
    return this.#urgent > 0 || length > PATIENT || (length > 0 && !this.isBusy())
  }

  readonly #writeWaiting: Effect.Effect<void> = Effect.gen({ self: this }, function* () {
    while (this.#isTime) {
      yield* Effect.yieldNow
      const outcomes = this.#waiting.splice(0, TOGETHER)
      this.#urgent = Math.max(0, this.#urgent - outcomes.length)
      this.fork(this.#write(outcomes))
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
