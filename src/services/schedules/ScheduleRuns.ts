/**
 * The runs of schedules: begun, published, recorded.
 *
 * A run is committed as "sending" before anything of it is published, so that a crash leaves a trace; and its outcome afterwards. While it is
 * under way the schedule's turn is its own: whoever wants to change the schedule waits for it.
 */
import * as Arr from "effect/Array"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { ServerConfig } from "../../config/ServerConfig.ts"
import { Leadership } from "../cluster/Leadership.ts"
import { Hub } from "../Hub.ts"
import { newId } from "../newId.ts"
import { Publisher } from "../Publisher.ts"
import { Receipts } from "../receipts/Receipts.ts"
import type { StoreFailed } from "../store/Store.ts"
import { Alarm, LOOK_NOW } from "./Alarm.ts"
import { makeRunAsked } from "./askedRuns.ts"
import { type Begun, makeCompleteRun } from "./completeRun.ts"
import { begin, changesOf, type Decision, type Ending, type Moment, openRunOf } from "./firing.ts"
import { RunLog } from "./RunLog.ts"
import { finalStates, type Run } from "./Schedule.ts"
import type { ScheduleConflict, ScheduleUnknown } from "./Scheduler.ts"
import { type Due, NONE_LOST, ScheduleStore } from "./ScheduleStore.ts"
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
/** Time to read the receipt of a run that is left behind; it may be at a node that does not answer. Then the run goes on without it. */
const RECEIPT_WITHIN = Duration.seconds(5)
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
    /**
     * Takes up runs that an earlier process, or another node, has begun and will not end. At the start this is done where there is no other node;
     * with others, whoever fires schedules does it again and again.
     */
    readonly settle: Effect.Effect<void, StoreFailed>
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
      const leadership = yield* Leadership
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
      const tell = (decisions: ReadonlyArray<Decision>): Effect.Effect<void> =>
        Effect.suspend(() => {
          const over: Array<Run> = []
          for (const { schedule, runs } of decisions) {
            if (schedule.state === "scheduled" && schedule.fireAt !== undefined) alarm.tell(schedule.fireAt)
            for (const run of runs) if (run.outcome !== "sending") over.push(run)
          }
          return log.ended(over)
        })

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
          // It is due still when that run is over.
          if (store.others.areRunning(id)) continue
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
          // It may have been lost while somebody had the turn.
          const decided = leadership.isLeader() ? yield* decide(entered, moment) : []
          const lost = decided.length === 0 ? NONE_LOST : yield* store.commit(decided.flatMap(changesOf))
          const decisions =
            lost.size === 0 ? decided : decided.filter(({ schedule }) => !lost.has(schedule.id))
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

      const runAsked = makeRunAsked({ store, turns, momentNow, tell, complete })

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
        if (schedule === undefined) {
          const endedAt = clock.currentTimeMillisUnsafe()
          yield* untilStored(store.commit([{ kind: "run", run: { ...run, ...CUT_OFF, endedAt } }]))
          return leave(run.schedule)
        }
        const isRepeatable = () =>
          !finalStates.has(schedule.state) && mayRepeat(schedule, run, clock.currentTimeMillisUnsafe())
        const found = isRepeatable()
          ? yield* Effect.timeoutOption(untilStored(receipts.get(run.id)), RECEIPT_WITHIN)
          : Option.none()
        // That may have taken until it was too late.
        if (!isRepeatable()) return record({ schedule, run }, CUT_OFF, () => leave(run.schedule))
        yield* completeAndLeave({ schedule, run, earlier: { receipt: Option.getOrUndefined(found) } })
      })

      yield* Effect.addFinalizer(() =>
        Effect.andThen(
          Effect.timeoutOption(FiberSet.awaitEmpty(fibers), LAST_RUNS),
          Effect.sync(() => turns.close())
        )
      )
      const settle = Effect.gen(function* () {
        // What has its turn is under way here.
        const open = (yield* store.openRuns).filter(({ schedule }) => !turns.isTaken(schedule))
        if (open.length === 0) return
        yield* Effect.logWarning(`runs that an earlier process has not ended: ${open.length}`)
        for (const run of open) if (enter(run.schedule)) fork(guarded(run.schedule, recover(run)))
      })
      // Their turns are taken before anybody can ask for one.
      yield* settle
      yield* store.others.onChange(({ state, fireAt }) => {
        if (state === "scheduled" && fireAt !== undefined) alarm.tell(fireAt)
      })

      return ScheduleRuns.of({
        turns,
        alarm,
        log,
        underWay: () => underWay,
        hasRoom: () => underWay <= FULL,
        fire,
        settle,
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
