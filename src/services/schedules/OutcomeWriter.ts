/**
 * Records how runs ended, a hundred at a time. What is due goes first: while runs are being marked, outcomes wait, as long as they are few and nobody
 * is known to wait for one of them. An outcome that cannot be recorded is tried again until it can.
 */
import * as Effect from "effect/Effect"
import { changesOf, type Decision } from "./firing.ts"
import type { Change, Lost } from "./ScheduleStore.ts"

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
  /** Another node has changed the schedule meanwhile: nothing is recorded. */
  readonly onLost: () => void
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
    readonly commit: (changes: ReadonlyArray<Change>) => Effect.Effect<Lost>,
    readonly tell: (decisions: ReadonlyArray<Decision>) => Effect.Effect<void>,
    readonly fork: (effect: Effect.Effect<void>) => unknown,
    readonly isBusy: () => boolean
  ) {}

  /** Synchronous. @param isUrgent somebody waits for it */
  add(decision: Decision, isUrgent: boolean, onRecorded: () => void, onLost: () => void): void {
    const outcome = { decision, onRecorded, onLost }
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
    return Effect.flatMap(this.commit(outcomes.flatMap(({ decision }) => changesOf(decision))), (lost) => {
      const isLost = ({ decision }: Outcome) => lost.has(decision.schedule.id)
      const recorded = lost.size === 0 ? outcomes : outcomes.filter((one) => !isLost(one))
      return Effect.map(this.tell(recorded.map(({ decision }) => decision)), () => {
        for (const { onRecorded } of recorded) onRecorded()
        if (lost.size > 0) for (const outcome of outcomes) if (isLost(outcome)) outcome.onLost()
      })
    })
  }
}
