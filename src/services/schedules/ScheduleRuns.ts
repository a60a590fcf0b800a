/**
 * The runs of schedules: begun, published, recorded.
 *
 * A run is committed as "sending" before anything of it is published, so that a crash leaves a trace; and its outcome afterwards. While it is
 * under way the schedule's turn is its own: whoever wants to change the schedule waits for it.
 */
import * as Arr from "effect/Array"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as EffectSchedule from "effect/Schedule"
import { ServerConfig } from "../../config/ServerConfig.ts"
import { makeFailureLog } from "../failureLog.ts"
import { Hub } from "../Hub.ts"
import { newId } from "../newId.ts"
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
import { OutcomeWriter } from "./OutcomeWriter.ts"
import { makePublishRun } from "./publishRun.ts"
import { RunLog } from "./RunLog.ts"
import type { Run, Schedule } from "./Schedule.ts"
import { ScheduleConflict, ScheduleUnknown } from "./Scheduler.ts"
import { type Due, ScheduleStore } from "./ScheduleStore.ts"
import { type ScheduleBusy, Turns } from "./Turns.ts"

/** Schedules that are marked in one commit, and published in one turn of the event loop: each is about 4 ms. */
export const BATCH = 100
/** Runs that are published in one go: few enough for the mailboxes when these have room. */
const PART = 25
/** Runs that are under way at once; what is due beyond them waits until there is room for a batch. */
export const RUNS_AT_ONCE = 10_000
/** With more of them there is no room for a batch. */
const FULL = RUNS_AT_ONCE - BATCH
/** Time between attempts to record an outcome in a store that fails. They end with the process: then the next one finds the run open. */
const RECORD_AGAIN = EffectSchedule.spaced("1 second")
/** At the end of the process, time for the runs that are under way. */
const LAST_RUNS = Duration.seconds(2)
const CUT_OFF: Ending = { outcome: "interrupted", detail: "the process ended while it was being sent" }
const CRASHED: Ending = { outcome: "failed", detail: "the server failed" }

/** A run that is marked. */
interface Begun {
  readonly schedule: Schedule
  readonly run: Run
  /** Where an earlier process has begun it. */
  readonly earlier?: Earlier
}

export class ScheduleRuns extends Context.Service<
  ScheduleRuns,
  {
    readonly turns: Turns
    readonly alarm: Alarm
    readonly log: RunLog
    /** Runs that are under way. */
    readonly underWay: () => number
    /** Whether a batch may begin now. */
    readonly hasRoom: () => boolean
    /**
     * Takes up schedules whose time has come, a batch: all of them are marked in one commit, and published when that has succeeded.
     * Does not wait for the end of the runs. Those that are no longer due are passed over, and those whose turn is taken are looked at when it
     * is free. How many were taken up.
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
      const clock = yield* Clock.clockWith(Effect.succeed)
      const store = yield* ScheduleStore
      const publisher = yield* Publisher
      const hub = yield* Hub
      const receipts = yield* Receipts
      const { publish, areDurable, mayRepeat } = yield* makePublishRun
      const alarm = new Alarm()
      const turns = new Turns()
      const log = new RunLog()
      const storeFails = makeFailureLog("the outcome of a run cannot be recorded and is tried again")
      const fibers = yield* FiberSet.make<unknown, unknown>()
      const fork = yield* FiberSet.runtime(fibers)<never>()
      let underWay = 0
      /** Batches that are being marked and published. */
      let taking = 0
      const lateness = Duration.toMillis(schedules.lateness)

      const momentNow = Effect.map(
        Effect.all([Clock.currentTimeMillis, publisher.connections]),
        ([now, connections]): Moment => ({
          now,
          connections,
          lateness,
          catchUpRuns: schedules.catchUpRuns,
          newId: () => newId(now),
          isRepeatable: areDurable
        })
      )

      /** What was committed is made known. */
      const tell = (decisions: ReadonlyArray<Decision>): Effect.Effect<void> => {
        const over: Array<Run> = []
        for (const { schedule, runs } of decisions) {
          if (schedule.state === "scheduled" && schedule.fireAt !== undefined) alarm.tell(schedule.fireAt)
          for (const run of runs) if (run.outcome !== "sending") over.push(run)
        }
        return log.ended(over)
      }

      const persistently = <A>(use: Effect.Effect<A, StoreFailed>): Effect.Effect<A> =>
        use.pipe(
          Effect.tapError(({ detail }) => storeFails(detail)),
          Effect.retry(RECORD_AGAIN),
          Effect.orDie
        )
      const outcomes = new OutcomeWriter(
        (changes) => persistently(store.commit(changes)),
        tell,
        fork,
        () => taking > 0
      )

      const record = ({ schedule, run }: Begun, ending: Ending, recorded: (run: Run) => void) => {
        const decision = finish(schedule, run, ending, clock.currentTimeMillisUnsafe())
        outcomes.add(decision, () => recorded(decision.runs.at(-1)!))
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

      const leave = (id: string) => {
        turns.release(id)
        if (underWay === FULL + 1) alarm.tell(LOOK_NOW)
        underWay--
      }

      /** Of a run whose schedule was entered. */
      const completeAndLeave = (begun: Begun): Effect.Effect<void> => {
        const { id } = begun.schedule
        return Effect.catchCause(
          complete(begun, () => leave(id)),
          (cause) => {
            leave(id)
            return Effect.logError(`a run of schedule ${id} crashed`, cause)
          }
        )
      }

      /** Done when all are on their way: a full mailbox makes the next ones wait, and a run that takes long no other one. */
      const publishAll = Effect.fnUntraced(function* (begun: ReadonlyArray<Begun>) {
        for (const part of Arr.chunksOf(begun, PART)) {
          yield* hub.room
          fork(Effect.forEach(part, completeAndLeave, { concurrency: "unbounded", discard: true }))
        }
      })

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

      /** Of schedules that were entered; those of which nothing is published are left at once. */
      const take = Effect.fnUntraced(function* (entered: ReadonlyArray<string>) {
        const others = new Set(entered)
        const marking = Effect.gen(function* () {
          const moment = yield* momentNow
          const decisions = yield* decide(entered, moment)
          if (decisions.length > 0) yield* store.commit(decisions.flatMap(changesOf))
          const begun: Array<Begun> = []
          for (const decision of decisions) {
            const { schedule, before } = decision
            const run = openRunOf(decision)
            if (run === undefined) continue
            others.delete(schedule.id)
            log.begun(before.fireAt ?? run.due, moment.now)
            begun.push({ schedule, run })
          }
          yield* tell(decisions)
          yield* publishAll(begun)
          return decisions.length
        })
        taking++
        return yield* Effect.ensuring(
          marking,
          Effect.sync(() => {
            taking--
            others.forEach(leave)
            outcomes.goOn()
          })
        )
      }, Effect.uninterruptible)

      /** True: its turn is taken, and counted as under way, until `leave`. False: it is taken up when it is. */
      const enter = (id: string): boolean => {
        const isMine = turns.takeOrQueue(id, () => {
          underWay++
          fork(Effect.catch(take([id]), () => Effect.sync(() => alarm.tell(LOOK_NOW))))
        })
        if (isMine) underWay++
        return isMine
      }

      const fire = (due: ReadonlyArray<Due>) =>
        Effect.suspend(() => take(due.filter(({ id }) => enter(id)).map(({ id }) => id)))

      const runAsked = (id: string) =>
        turns.run(
          id,
          Effect.gen(function* () {
            const schedule = yield* store.get(id)
            if (schedule === undefined) return yield* new ScheduleUnknown({ id })
            const decided = beginAsked(schedule, yield* momentNow)
            if (Result.isFailure(decided))
              return yield* new ScheduleConflict({ schedule, detail: decided.failure })
            const decision = decided.success
            yield* store.commit(changesOf(decision))
            yield* tell([decision])
            const run = openRunOf(decision)
            if (run === undefined) return decision.runs.at(-1)!
            const recorded = yield* Deferred.make<Run>()
            yield* complete({ schedule: decision.schedule, run }, (ended) =>
              Deferred.doneUnsafe(recorded, Effect.succeed(ended))
            )
            return yield* Deferred.await(recorded)
          })
        )

      /** A run that an earlier process has begun, and of which it is not known whether it was published. */
      const recover = Effect.fnUntraced(function* (run: Run) {
        const schedule = yield* persistently(store.get(run.schedule))
        if (schedule === undefined) return leave(run.schedule)
        if (!mayRepeat(schedule, run, clock.currentTimeMillisUnsafe()))
          return record({ schedule, run }, CUT_OFF, () => leave(run.schedule))
        const earlier = { receipt: yield* persistently(receipts.get(run.id)) }
        yield* completeAndLeave({ schedule, run, earlier })
      })

      yield* Effect.addFinalizer(() => Effect.timeoutOption(FiberSet.awaitEmpty(fibers), LAST_RUNS))
      const open = yield* store.openRuns
      if (open.length > 0)
        yield* Effect.logWarning(`runs that an earlier process has not ended: ${open.length}`)
      // Their turns are taken before anybody can ask for one.
      for (const run of open) if (enter(run.schedule)) fork(recover(run))

      return ScheduleRuns.of({
        turns,
        alarm,
        log,
        underWay: () => underWay,
        hasRoom: () => underWay <= FULL,
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
