/** Runs that somebody asks for, beside the due times: each in the turn of its schedule, to its end. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Begun, Ended } from "./completeRun.ts"
import { beginAsked, changesOf, type Decision, type Moment, openRunOf } from "./firing.ts"
import type { Run } from "./Schedule.ts"
import { ScheduleConflict, ScheduleUnknown } from "./Scheduler.ts"
import type { ScheduleStore } from "./ScheduleStore.ts"
import { ScheduleBusy, type Turns } from "./Turns.ts"

/** Attempts to mark a run of a schedule that other nodes change meanwhile. */
const ATTEMPTS = 10
const OTHERS = "another node has a run of it under way, or changes it all the time; try again"
const ENDED_ELSEWHERE = "another node has ended this run; its outcome is among the runs of the schedule"

interface Surroundings {
  readonly store: ScheduleStore["Service"]
  readonly turns: Turns
  readonly momentNow: Effect.Effect<Moment>
  /** What was committed is made known. */
  readonly tell: (decisions: ReadonlyArray<Decision>) => Effect.Effect<void>
  readonly complete: (begun: Begun, ended: Ended) => Effect.Effect<void>
}

export const makeRunAsked = ({ store, turns, momentNow, tell, complete }: Surroundings) => {
  /** Marks it, again where another node was faster. */
  const mark = Effect.fnUntraced(function* (id: string) {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (!(yield* store.others.haveRun(id))) break
      const schedule = yield* store.get(id)
      if (schedule === undefined) return yield* new ScheduleUnknown({ id })
      const decided = beginAsked(schedule, yield* momentNow)
      if (Result.isFailure(decided)) return yield* new ScheduleConflict({ schedule, detail: decided.failure })
      const lost = yield* store.commit(changesOf(decided.success))
      if (!lost.has(id)) return decided.success
    }
    return yield* new ScheduleBusy({ id, detail: OTHERS })
  })

  return (id: string) =>
    turns.run(
      id,
      Effect.gen(function* () {
        const decision = yield* mark(id)
        yield* tell([decision])
        const run = openRunOf(decision)
        if (run === undefined) return decision.runs.at(-1)!
        const recorded = yield* Deferred.make<Run, ScheduleBusy>()
        const elsewhere = Effect.fail(new ScheduleBusy({ id, detail: ENDED_ELSEWHERE }))
        yield* complete({ schedule: decision.schedule, run }, (ended) =>
          Deferred.doneUnsafe(recorded, ended === undefined ? elsewhere : Effect.succeed(ended))
        )
        return yield* Deferred.await(recorded)
      })
    )
}
