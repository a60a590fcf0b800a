/** Brings a run that is marked to its end: it is published, and its outcome is on its way to the store. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as EffectSchedule from "effect/Schedule"
import { Leadership } from "../cluster/Leadership.ts"
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
/** Among so many runs of a schedule is one that has just ended. */
const RECENT = 10
const CRASHED: Ending = { outcome: "failed", detail: "the server failed" }

/** A run that is marked. */
export interface Begun {
  readonly schedule: Schedule
  readonly run: Run
  /** Where an earlier process has begun it. */
  readonly earlier?: Earlier
}

/** Told of a run whose outcome is recorded, by whichever node; of undefined, where it is another node's to end it. */
export type Ended = (run: Run | undefined) => void

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
  const leadership = yield* Leadership
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

  const record = ({ schedule, run }: Begun, ending: Ending, ended: Ended): void => {
    const decision = finish(schedule, run, ending, clock.currentTimeMillisUnsafe())
    const isUrgent = run.isAsked || turns.isWanted(schedule.id)
    outcomes.add(
      decision,
      isUrgent,
      () => ended(decision.runs.at(-1)!),
      () => fork(recordAgain(run, ending, ended))
    )
  }

  /** Another node has changed the schedule while it was run here; it may have ended the run, too. */
  const recordAgain = Effect.fnUntraced(function* (run: Run, ending: Ending, ended: Ended) {
    const isOpen = yield* untilStored(store.isOpen(run))
    const schedule = isOpen ? yield* untilStored(store.get(run.schedule)) : undefined
    if (schedule !== undefined) return record({ schedule, run }, ending, ended)
    // It may have been recorded from here, too, and the answer got lost.
    const { items } = yield* untilStored(store.runs(run.schedule, { limit: RECENT }))
    ended(items.find(({ id, outcome }) => id === run.id && outcome !== "sending"))
  })

  /** What the leader has begun and did not send while it led, the next one ends, who may have begun to. */
  const mayEnd = ({ isAsked }: Run, { outcome }: Ending): boolean =>
    isAsked || outcome === "sent" || leadership.isLeader()

  /** Done when the outcome waits to be recorded. */
  const complete = (begun: Begun, ended: Ended): Effect.Effect<void> =>
    publish(begun.schedule, begun.run, begun.earlier).pipe(
      Effect.catchDefect((defect) =>
        Effect.as(
          Effect.logError(`run ${begun.run.id} of schedule ${begun.schedule.id} crashed`, defect),
          CRASHED
        )
      ),
      Effect.map((ending) => (mayEnd(begun.run, ending) ? record(begun, ending, ended) : ended(undefined)))
    )

  return { complete, record, outcomes, untilStored, areDurable, mayRepeat }
})
