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
import { ServerConfig } from "../../config/ServerConfig.ts"
import { Hub } from "../Hub.ts"
import { newId } from "../newId.ts"
import { Publisher } from "../Publisher.ts"
import { Receipts } from "../receipts/Receipts.ts"
import type { StoreFailed } from "../store/Store.ts"
import { Alarm, LOOK_NOW } from "./Alarm.ts"
import { type Begun, makeCompleteRun } from "./completeRun.ts"
import { begin, beginAsked, changesOf, type Decision, type Ending, type Moment, openRunOf } from "./firing.ts"
import { RunLog } from "./RunLog.ts"
import { finalStates, type Run } from "./Schedule.ts"
import { ScheduleConflict, ScheduleUnknown } from "./Scheduler.ts"
import { type Due, ScheduleStore } from "./ScheduleStore.ts"
import { ScheduleBusy, Turns } from "./Turns.ts"

/** Schedules that are marked in one commit, and published in one turn of the event loop: each is about 4 ms. */
export const BATCH = 100
/** Runs that are published in one go: few enough for the mailboxes when these have room. */
const PART = 25
/** Runs that are under way at once; what is due beyond them waits until there is room for a batch. */
export const RUNS_AT_ONCE = 10_000
/** With more of them there is no room for a batch. */
const FULL = RUNS_AT_ONCE - BATCH
const TOO_MANY_RUNS = "too many runs are under way; try again"
/** How long a batch waits for room in the mailboxes; then each of its publications waits for itself. */
const ROOM_WITHIN = Duration.seconds(1)
/** At the end of the process, time for the runs that are under way. */
const LAST_RUNS = Duration.seconds(2)
const CUT_OFF: Ending = { outcome: "interrupted", detail: "the process ended while it was being sent" }

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
      const alarm = new Alarm()
      const turns = new Turns()
      const log = new RunLog()
      const fibers = yield* FiberSet.make<unknown, unknown>()
      const fork = yield* FiberSet.runtime(fibers)<never>()
      let underWay = 0
      /** Batches that are being marked. */
      let marks = 0
      const lateness = Duration.toMillis(schedules.lateness)

      /** What was committed is made known. */
      const tell = (decisions: ReadonlyArray<Decision>): Effect.Effect<void> => {
        const over: Array<Run> = []
        for (const { schedule, runs } of decisions) {
          if (schedule.state === "scheduled" && schedule.fireAt !== undefined) alarm.tell(schedule.fireAt)
          for (const run of runs) if (run.outcome !== "sending") over.push(run)
        }
        return log.ended(over)
      }

      const { complete, record, outcomes, untilStored, areDurable, mayRepeat } = yield* makeCompleteRun({
        turns,
        fork,
        tell,
        isMarking: () => marks > 0
      })

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

      const oneLess = () => {
        if (--underWay === FULL) alarm.tell(LOOK_NOW)
      }

      const leave = (id: string) => {
        turns.release(id)
        oneLess()
      }

      /**
       * Of a run whose schedule was entered. A mistake of the program leaves the run open, and the schedule to others. Interrupted, as the process
       * ends, it keeps its turn: nobody may build upon a run of which the next process has to find out what became.
       */
      const guarded = (id: string, running: Effect.Effect<void>): Effect.Effect<void> =>
        Effect.catchCause(running, (cause) => {
          leave(id)
          return Effect.logError(`a run of schedule ${id} crashed`, cause)
        })

      const completeAndLeave = (begun: Begun): Effect.Effect<void> => {
        const { id } = begun.schedule
        return guarded(
          id,
          complete(begun, () => leave(id))
        )
      }

      /** Done when all are on their way: a full mailbox makes the next ones wait for a while, and a run that takes long no other one. */
      const publishAll = Effect.fnUntraced(function* (begun: ReadonlyArray<Begun>) {
        let isPatient = true
        for (const part of Arr.chunksOf(begun, PART)) {
          isPatient = isPatient && (yield* hub.roomWithin(ROOM_WITHIN))
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

      /** Marks the runs of schedules that were entered; those of which nothing is to be published are left at once. */
      const mark = Effect.fnUntraced(function* (entered: ReadonlyArray<string>) {
        const begun: Array<Begun> = []
        const marking = Effect.gen(function* () {
          const moment = yield* momentNow
          const decisions = yield* decide(entered, moment)
          if (decisions.length > 0) yield* store.commit(decisions.flatMap(changesOf))
          for (const decision of decisions) {
            const { schedule, before } = decision
            const run = openRunOf(decision)
            if (run === undefined) continue
            log.begun(before.fireAt ?? run.due, moment.now)
            begun.push({ schedule, run })
          }
          return decisions
        })
        const leaveOthers = () => {
          marks--
          const running = new Set(begun.map(({ schedule }) => schedule.id))
          for (const id of entered) if (!running.has(id)) leave(id)
          outcomes.goOn()
        }
        marks++
        const decisions = yield* Effect.ensuring(marking, Effect.sync(leaveOthers))
        return { begun, decisions }
      })

      /** Of schedules that were entered: marked, and published. How many were taken up. */
      const take = Effect.fnUntraced(function* (entered: ReadonlyArray<string>) {
        const { begun, decisions } = yield* mark(entered)
        yield* publishAll(begun)
        yield* tell(decisions)
        return decisions.length
      }, Effect.uninterruptible)

      /** True: its turn is taken, and counted as under way, until `leave`. False: it is taken up as soon as its turn is free. */
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

      /** The same, counted among the runs that are under way. */
      const runCounted = (id: string) =>
        Effect.suspend(() => {
          if (underWay > FULL) return Effect.fail(new ScheduleBusy({ id, detail: TOO_MANY_RUNS }))
          underWay++
          return Effect.ensuring(runAsked(id), Effect.sync(oneLess))
        })

      /** A run that an earlier process has begun, and of which it is not known whether it was published. */
      const recover = Effect.fnUntraced(function* (run: Run) {
        const schedule = yield* untilStored(store.get(run.schedule))
        const now = clock.currentTimeMillisUnsafe()
        if (schedule === undefined) {
          yield* untilStored(store.commit([{ kind: "run", run: { ...run, ...CUT_OFF, endedAt: now } }]))
          return leave(run.schedule)
        }
        if (finalStates.has(schedule.state) || !mayRepeat(schedule, run, now))
          return record({ schedule, run }, CUT_OFF, () => leave(run.schedule))
        const earlier = { receipt: yield* untilStored(receipts.get(run.id)) }
        yield* completeAndLeave({ schedule, run, earlier })
      })

      yield* Effect.addFinalizer(() =>
        Effect.andThen(
          Effect.timeoutOption(FiberSet.awaitEmpty(fibers), LAST_RUNS),
          Effect.sync(() => turns.close())
        )
      )
      const open = yield* store.openRuns
      if (open.length > 0)
        yield* Effect.logWarning(`runs that an earlier process has not ended: ${open.length}`)
      // Their turns are taken before anybody can ask for one.
      for (const run of open) if (enter(run.schedule)) fork(guarded(run.schedule, recover(run)))

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
            Effect.sync(() => fork(runCounted(id))),
            Fiber.join
          )
      })
    })
  )
}
