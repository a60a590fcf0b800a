/** Brings a run that is marked to its end: it is published, and its outcome is on its way to the store. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as EffectSchedule from "effect/Schedule"
import { makeFailureLog } from "../failureLog.ts"
import type { Earlier } from "../receipts/Receipts.ts"
import type { StoreFailed } from "../store/Store.ts"
import { type Decision, type Ending, finish } from "./firing.ts"
import { OutcomeWriter } from "./OutcomeWriter.ts"
import { makePublishRun } from "./publishRun.ts"
import type { Run, Schedule } from "./Schedule.ts"
import { ScheduleStore } from "./ScheduleStore.ts"
import type { Turns } from "./Turns.ts"

/** Time between attempts to record an outcome in a store that fails. They end with the process: then the next one finds the run open. */
const RECORD_AGAIN = EffectSchedule.spaced("1 second")
const CRASHED: Ending = { outcome: "failed", detail: "the server failed" }

/** A run that is marked. */
export interface Begun {
  readonly schedule: Schedule
  readonly run: Run
  /** Where an earlier process has begun it. */
  readonly earlier?: Earlier
}

export interface Surroundings {
  readonly turns: Turns
  /** Runs an effect that must be done before the process ends. */
  readonly fork: (effect: Effect.Effect<void>) => unknown
  /** What was committed is made known. */
  readonly tell: (decisions: ReadonlyArray<Decision>) => Effect.Effect<void>
  /** Whether runs are being marked, which goes first. */
  readonly isMarking: () => boolean
}

export const makeCompleteRun = Effect.fnUntraced(function* (surroundings: Surroundings) {
  const { turns, fork, tell, isMarking } = surroundings
  const clock = yield* Clock.clockWith(Effect.succeed)
  const store = yield* ScheduleStore
  const { publish, areDurable, mayRepeat } = yield* makePublishRun
  const storeFails = makeFailureLog("the outcome of a run cannot be recorded and is tried again")

  /** Tries again until the store can. */
  const untilStored = <A>(use: Effect.Effect<A, StoreFailed>): Effect.Effect<A> =>
    use.pipe(
      Effect.tapError(({ detail }) => storeFails(detail)),
      Effect.retry(RECORD_AGAIN),
      Effect.orDie
    )
  const outcomes = new OutcomeWriter((changes) => untilStored(store.commit(changes)), tell, fork, isMarking)

  /** @param recorded is told of the run when its outcome is recorded */
  const record = ({ schedule, run }: Begun, ending: Ending, recorded: (run: Run) => void): void => {
    const decision = finish(schedule, run, ending, clock.currentTimeMillisUnsafe())
    const isUrgent = run.isAsked || turns.isWanted(schedule.id)
    outcomes.add(decision, isUrgent, () => recorded(decision.runs.at(-1)!))
  }

  /** Done when the outcome waits to be recorded. */
  const complete = (begun: Begun, recorded: (run: Run) => void): Effect.Effect<void> =>
    publish(begun.schedule, begun.run, begun.earlier).pipe(
      Effect.catchDefect((defect) =>
        Effect.as(
          Effect.logError(`run ${begun.run.id} of schedule ${begun.schedule.id} crashed`, defect),
          CRASHED
        )
      ),
      Effect.map((ending) => record(begun, ending, recorded))
    )

  return { complete, record, outcomes, untilStored, areDurable, mayRepeat }
})
