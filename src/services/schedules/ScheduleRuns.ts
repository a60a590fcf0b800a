/**
 * The runs of schedules: begun, published, recorded.
 *
 * A run is committed as "sending" before anything of it is published, so that a crash leaves a trace; and its outcome afterwards. While it is
 * under way the schedule's turn is its own: whoever wants to change the schedule waits for it.
 */
import { randomUUID } from "node:crypto"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as EffectSchedule from "effect/Schedule"
import { ServerConfig } from "../../config/ServerConfig.ts"
import { makeFailureLog } from "../failureLog.ts"
import { Publisher } from "../Publisher.ts"
import { type Earlier, Receipts } from "../receipts/Receipts.ts"
import type { StoreFailed } from "../store/Store.ts"
import { Alarm, LOOK_NOW } from "./Alarm.ts"
import {
  begin,
  beginAsked,
  changesOf,
  type Decision,
  type Ending,
  finish,
  type Moment,
  openRunOf
} from "./firing.ts"
import { makePublishRun } from "./publishRun.ts"
import { RunLog } from "./RunLog.ts"
import type { Run, Schedule } from "./Schedule.ts"
import { ScheduleConflict, ScheduleUnknown } from "./Scheduler.ts"
import { type Due, ScheduleStore } from "./ScheduleStore.ts"
import { type ScheduleBusy, Turns } from "./Turns.ts"

/** Runs that are under way at once; what is due beyond them waits until one is over. */
export const RUNS_AT_ONCE = 10_000
/** Time between attempts to record an outcome in a store that fails. They end with the process: then the next one finds the run open. */
const RECORD_AGAIN = EffectSchedule.spaced("1 second")
/** At the end of the process, time for the runs that are under way. */
const LAST_RUNS = Duration.seconds(2)
const CUT_OFF: Ending = { outcome: "interrupted", detail: "the process ended while it was being sent" }
const CRASHED: Ending = { outcome: "failed", detail: "the server failed" }

export class ScheduleRuns extends Context.Service<
  ScheduleRuns,
  {
    readonly turns: Turns
    readonly alarm: Alarm
    readonly log: RunLog
    /** Runs that are under way. */
    readonly underWay: () => number
    /** How many may begin now. */
    readonly room: () => number
    /**
     * Takes up schedules whose time has come: all of them are marked in one commit, and published when that has succeeded. Does not wait for
     * the end of the runs. Entries that are no longer so are passed over. How many were taken up.
     */
    readonly fire: (due: ReadonlyArray<Due>) => Effect.Effect<number, StoreFailed>
    /** A run beside the due times, to its end. */
    readonly runNow: (
      id: string
    ) => Effect.Effect<Run, ScheduleUnknown | ScheduleConflict | ScheduleBusy | StoreFailed>
  }
>()("clarion/services/ScheduleRuns") {
  static readonly layer = Layer.effect(
    this,
    Effect.gen(function* () {
      const { schedules } = yield* ServerConfig
      const store = yield* ScheduleStore
      const publisher = yield* Publisher
      const receipts = yield* Receipts
      const { publish, areDurable, mayRepeat } = yield* makePublishRun
      const alarm = new Alarm()
      const turns = new Turns(() => alarm.tell(LOOK_NOW))
      const log = new RunLog()
      const storeFails = makeFailureLog("the outcome of a run cannot be recorded and is tried again")
      const fibers = yield* FiberSet.make<unknown, unknown>()
      const fork = yield* FiberSet.runtime(fibers)<never>()
      let underWay = 0
      const lateness = Duration.toMillis(schedules.lateness)

      const momentNow = Effect.map(
        Effect.all([Clock.currentTimeMillis, publisher.connections]),
        ([now, connections]): Moment => ({
          now,
          connections,
          lateness,
          catchUpRuns: schedules.catchUpRuns,
          newId: randomUUID,
          isRepeatable: areDurable
        })
      )

      /** What was committed is made known. */
      const told = Effect.fnUntraced(function* ({ schedule, runs }: Decision) {
        if (schedule.state === "scheduled" && schedule.fireAt !== undefined) alarm.tell(schedule.fireAt)
        for (const run of runs) if (run.outcome !== "sending") yield* log.ended(run)
      })

      const persistently = <A>(use: Effect.Effect<A, StoreFailed>): Effect.Effect<A> =>
        use.pipe(
          Effect.tapError(({ detail }) => storeFails(detail)),
          Effect.retry(RECORD_AGAIN),
          Effect.orDie
        )

      /** Commits how a run ended, however often it takes. */
      const record = Effect.fnUntraced(function* (begun: Schedule, run: Run, ending: Ending) {
        const now = yield* Clock.currentTimeMillis
        const decision = finish(begun, run, ending, now)
        yield* persistently(store.commit(changesOf(decision)))
        yield* told(decision)
        return decision.runs.at(-1)!
      })

      /** @param earlier where an earlier process has begun it */
      const complete = (begun: Schedule, run: Run, earlier?: Earlier) =>
        publish(begun, run, earlier).pipe(
          Effect.catchDefect((defect) =>
            Effect.as(Effect.logError(`run ${run.id} of schedule ${begun.id} crashed`, defect), CRASHED)
          ),
          Effect.flatMap((ending) => record(begun, run, ending))
        )

      const leave = (id: string) => {
        turns.release(id)
        if (underWay === RUNS_AT_ONCE) alarm.tell(LOOK_NOW)
        underWay--
      }

      /** True: its turn is taken, and counted as under way, until `leave`. */
      const enter = (id: string): boolean => {
        if (!turns.takeOrPass(id)) return false
        underWay++
        return true
      }

      /** Of a schedule that was entered. */
      const forkAndLeave = (id: string, effect: Effect.Effect<unknown>) =>
        fork(
          effect.pipe(
            Effect.catchCause((cause) =>
              Cause.hasInterruptsOnly(cause)
                ? Effect.void
                : Effect.logError(`a run of schedule ${id} crashed`, cause)
            ),
            Effect.ensuring(Effect.sync(() => leave(id)))
          )
        )

      /** What becomes of those schedules at this moment. */
      const decide = Effect.fnUntraced(function* (ids: ReadonlyArray<string>, moment: Moment) {
        const decisions: Array<Decision> = []
        for (const id of ids) {
          const schedule = yield* store.get(id)
          const decision = schedule === undefined ? undefined : begin(schedule, moment)
          if (decision !== undefined) decisions.push(decision)
        }
        return decisions
      })

      const fire = Effect.fnUntraced(function* (due: ReadonlyArray<Due>) {
        const entered = due.filter(({ id }) => enter(id)).map(({ id }) => id)
        const running = new Set<string>()
        const marking = Effect.gen(function* () {
          const moment = yield* momentNow
          const decisions = yield* decide(entered, moment)
          if (decisions.length > 0) yield* store.commit(decisions.flatMap(changesOf))
          for (const decision of decisions) {
            const { schedule, before } = decision
            const run = openRunOf(decision)
            if (run !== undefined) {
              running.add(schedule.id)
              log.begun(before.fireAt ?? run.due, moment.now)
              forkAndLeave(schedule.id, complete(schedule, run))
            }
            yield* told(decision)
          }
          return decisions.length
        })
        const leaveOthers = () => {
          for (const id of entered) if (!running.has(id)) leave(id)
        }
        return yield* Effect.ensuring(marking, Effect.sync(leaveOthers))
      }, Effect.uninterruptible)

      const runAsked = (id: string) =>
        turns.run(
          id,
          Effect.gen(function* () {
            const schedule = yield* store.get(id)
            if (schedule === undefined) return yield* new ScheduleUnknown({ id })
            const moment = yield* momentNow
            const decided = beginAsked(schedule, moment)
            if (Result.isFailure(decided))
              return yield* new ScheduleConflict({ schedule, detail: decided.failure })
            const decision = decided.success
            yield* store.commit(changesOf(decision))
            yield* told(decision)
            const run = openRunOf(decision)
            return run === undefined ? decision.runs.at(-1)! : yield* complete(decision.schedule, run)
          })
        )

      /** A run that an earlier process has begun, and of which it is not known whether it was published. */
      const recover = Effect.fnUntraced(function* (run: Run) {
        const schedule = yield* persistently(store.get(run.schedule))
        if (schedule === undefined) return undefined
        const now = yield* Clock.currentTimeMillis
        if (!mayRepeat(schedule, run, now)) return yield* record(schedule, run, CUT_OFF)
        return yield* complete(schedule, run, { receipt: yield* persistently(receipts.get(run.id)) })
      })

      yield* Effect.addFinalizer(() => Effect.timeoutOption(FiberSet.awaitEmpty(fibers), LAST_RUNS))
      const open = yield* store.openRuns
      if (open.length > 0)
        yield* Effect.logWarning(`runs that an earlier process has not ended: ${open.length}`)
      // Their turns are taken before anybody can ask for one.
      for (const run of open) if (enter(run.schedule)) forkAndLeave(run.schedule, recover(run))

      return ScheduleRuns.of({
        turns,
        alarm,
        log,
        underWay: () => underWay,
        room: () => Math.max(0, RUNS_AT_ONCE - underWay),
        fire,
        // In a fiber of its own: a caller that goes away does not cut it off.
        runNow: (id) =>
          Effect.flatMap(
            Effect.sync(() => fork(runAsked(id))),
            Fiber.join
          )
      })
    })
  )
}
