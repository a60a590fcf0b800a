/** The scheduler over the store of schedules: what is asked for is read, decided in the schedule's turn, and committed before it is answered. */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import { ServerConfig } from "../../config/ServerConfig.ts"
import { Channels } from "../channels/Channels.ts"
import { makeFailureLog } from "../failureLog.ts"
import { forkLongLived } from "../longLived.ts"
import { gauge, Metrics } from "../Metrics.ts"
import { newId } from "../newId.ts"
import { type Receipt, Receipts } from "../receipts/Receipts.ts"
import type { StoreFailed } from "../store/Store.ts"
import { cancelled, created, type Moment, paused, resumed, updated } from "./changes.ts"
import { changesOf, type Decision } from "./firing.ts"
import { initialDue, upcoming } from "./occurrences.ts"
import { finalStates, type Run, type Schedule } from "./Schedule.ts"
import { ScheduleRuns } from "./ScheduleRuns.ts"
import {
  type Created,
  type Problem,
  ScheduleConflict,
  ScheduleInvalid,
  Scheduler,
  ScheduleUnknown,
  TooManySchedules
} from "./Scheduler.ts"
import { type Change, ScheduleStore } from "./ScheduleStore.ts"
import {
  checkRequest,
  isSameSpec,
  isScheduleId,
  type RequestRules,
  readChange,
  readPreview,
  readRequest
} from "./scheduleRequest.ts"
import { ScheduleBusy } from "./Turns.ts"

/** Time between two rounds that forget what is over. */
const EXPIRY_INTERVAL = "1 hour"
/** Between two steps of a round, so that a long one leaves the process to others. */
const EXPIRY_PAUSE = "10 millis"
/** Receipts of a page of runs that are looked for at once: those of other nodes are asked for there. */
const RECEIPTS_AT_ONCE = 16
/** Attempts of a change in which another node is faster each time. */
const ATTEMPTS = 10
const OTHERS = "another node has a run of it under way, or changes it all the time; try again"

const valid = <A>(read: Result.Result<A, ReadonlyArray<Problem>>): Effect.Effect<A, ScheduleInvalid> =>
  Result.isSuccess(read)
    ? Effect.succeed(read.success)
    : Effect.fail(new ScheduleInvalid({ problems: read.failure }))

const make = Effect.gen(function* () {
  const config = yield* ServerConfig
  const { optionsOf } = yield* Channels
  const clock = yield* Clock.clockWith(Effect.succeed)
  const store = yield* ScheduleStore
  const { turns, alarm, log, underWay, runNow } = yield* ScheduleRuns
  const receipts = yield* Receipts
  const { max } = config.schedules
  /** Schedules that are kept by this process, where there is no other, and those about to be. */
  let kept = (yield* store.figures).schedules
  let coming = 0

  const rulesAt = (now: number): RequestRules => ({ config: config.schedules, optionsOf, now })
  const rulesNow = Effect.map(Clock.currentTimeMillis, rulesAt)

  const get = (id: string) =>
    Effect.flatMap(isScheduleId(id) ? store.get(id) : Effect.succeed(undefined), (schedule) =>
      schedule === undefined ? Effect.fail(new ScheduleUnknown({ id })) : Effect.succeed(schedule)
    )

  /** Undefined: another node was faster. */
  const commit = (changes: ReadonlyArray<Change>, schedule: Schedule) =>
    Effect.map(store.commit(changes), (lost) => {
      if (lost.has(schedule.id)) return undefined
      if (schedule.state === "scheduled" && schedule.fireAt !== undefined) alarm.tell(schedule.fireAt)
      return schedule
    })

  /** Schedules that are kept, and those about to be. With other nodes some may be counted twice, and some too late, for a moment. */
  const counted = store.others.areThere
    ? Effect.map(store.figures, ({ schedules }) => schedules + coming)
    : Effect.sync(() => kept + coming)

  /** Undefined: there is another one of that id since. */
  const insert = (schedule: Schedule): Effect.Effect<Created | undefined, TooManySchedules | StoreFailed> =>
    Effect.flatMap(counted, (count): Effect.Effect<Created | undefined, TooManySchedules | StoreFailed> => {
      if (count >= max) return Effect.fail(new TooManySchedules({ max }))
      coming++
      return commit([{ kind: "schedule", schedule, before: undefined }], schedule).pipe(
        Effect.onExit((exit) =>
          Effect.sync(() => {
            coming--
            // One that was interrupted may be done nonetheless.
            const isKept = Exit.isSuccess(exit)
              ? exit.value !== undefined
              : Cause.hasInterruptsOnly(exit.cause)
            if (isKept) kept++
          })
        ),
        Effect.map((inserted) => (inserted === undefined ? undefined : { schedule: inserted, isNew: true }))
      )
    })

  /** In the turn of a schedule: again, where another node was faster. */
  const inTurn = <A, E>(
    id: string,
    attempt: Effect.Effect<A | undefined, E>
  ): Effect.Effect<A, E | ScheduleBusy> =>
    turns.run(
      id,
      Effect.gen(function* () {
        for (let attempts = 0; attempts < ATTEMPTS; attempts++) {
          if (!(yield* store.others.haveRun(id))) break
          const done = yield* attempt
          if (done !== undefined) return done
        }
        return yield* new ScheduleBusy({ id, detail: OTHERS })
      })
    )

  const create: Scheduler["Service"]["create"] = Effect.fnUntraced(function* (request) {
    const { id } = request
    if (id !== undefined) return yield* createNamed(id, request)
    const rules = yield* rulesNow
    const { spec } = yield* valid(readRequest(request, rules))
    const schedule = created(newId(rules.now), spec, rules.now)
    // Nobody else has this id; if its first attempt has got through without an answer, it is that.
    const inserted = yield* insert(schedule)
    return inserted ?? (yield* new ScheduleBusy({ id: schedule.id, detail: OTHERS }))
  })

  /** The caller, who chose the id, may not know whether it has created it before. */
  const createNamed = (id: string, request: Parameters<typeof create>[0]) =>
    inTurn(
      id,
      Effect.gen(function* () {
        const known = isScheduleId(id) ? yield* store.get(id) : undefined
        const rules = known === undefined ? yield* rulesNow : rulesAt(known.createdAt)
        const { spec } = yield* valid(readRequest(request, rules))
        if (known === undefined) return yield* insert(created(id, spec, rules.now))
        if (isSameSpec(spec, known)) return { schedule: known, isNew: false }
        const detail = `there is another schedule ${id}`
        return yield* new ScheduleConflict({ schedule: known, detail })
      })
    )

  const change = <E>(
    id: string,
    decide: (schedule: Schedule, moment: Moment) => Effect.Effect<Decision, E>
  ) =>
    inTurn(
      id,
      Effect.gen(function* () {
        const before = yield* get(id)
        const now = yield* Clock.currentTimeMillis
        const decision = yield* decide(before, { now, newId: () => newId(now) })
        const { schedule, runs } = decision
        if (schedule === before) return before
        const committed = yield* commit(changesOf(decision), schedule)
        if (committed !== undefined) yield* log.ended(runs)
        return committed
      })
    )

  /** A step of the machine; where it is not possible, the schedule is in the way. */
  const step = (
    id: string,
    decide: (schedule: Schedule, moment: Moment) => Result.Result<Decision, string>
  ) => change(id, (schedule, moment) => possible(schedule, decide(schedule, moment)))

  const update: Scheduler["Service"]["update"] = (id, asked) =>
    change(
      id,
      Effect.fnUntraced(function* (schedule, moment) {
        if (asked.revision !== undefined && asked.revision !== schedule.revision) {
          const detail = `its revision is ${schedule.revision}, not ${asked.revision}`
          return yield* new ScheduleConflict({ schedule, detail })
        }
        // Refused whatever is asked for, if it is over.
        const asItIs = yield* possible(schedule, updated(schedule, schedule, moment))
        const spec = yield* valid(readChange(schedule, asked, rulesAt(moment.now)))
        return isSameSpec(spec, schedule)
          ? { ...asItIs, schedule }
          : yield* possible(schedule, updated(schedule, spec, moment))
      })
    )

  /** After which time its next due times are; undefined: it has none. */
  const nextAfter = ({ state, due, lastDue = Number.NEGATIVE_INFINITY }: Schedule): number | undefined => {
    if (finalStates.has(state)) return undefined
    if (due === undefined) return Math.max(clock.currentTimeMillisUnsafe() - 1, lastDue)
    return state === "sending" ? due : due - 1
  }

  const nextOf: Scheduler["Service"]["nextOf"] = (schedule, count) => {
    const { trigger, runs, maxRuns = Number.POSITIVE_INFINITY } = schedule
    const after = nextAfter(schedule)
    return after === undefined ? [] : upcoming(trigger, after, Math.max(0, Math.min(count, maxRuns - runs)))
  }

  const preview: Scheduler["Service"]["preview"] = Effect.fnUntraced(function* (when, count) {
    const { maxRuns = count } = when
    const rules = yield* rulesNow
    const trigger = yield* valid(readPreview(when, rules))
    const first = initialDue(trigger, rules.now)
    return first === undefined ? [] : upcoming(trigger, first - 1, Math.min(count, maxRuns))
  })

  const receiptsFail = makeFailureLog("runs are listed without their receipts")
  /** Those that cannot be read, as a node does not answer, hold the runs up once, and not each of them. */
  const makeReceiptOf = () => {
    let areReadable = true
    return (run: Run): Effect.Effect<Receipt | undefined> =>
      Effect.suspend(() => (areReadable ? receipts.get(run.id) : Effect.succeed(undefined))).pipe(
        Effect.catch(({ detail }) => {
          areReadable = false
          return Effect.as(receiptsFail(detail), undefined)
        })
      )
  }

  const runs: Scheduler["Service"]["runs"] = Effect.fnUntraced(function* (id, filter) {
    yield* get(id)
    const page = yield* store.runs(id, filter)
    const receiptOf = makeReceiptOf()
    const items = yield* Effect.forEach(
      page.items,
      (run) => Effect.map(receiptOf(run), (receipt) => ({ ...run, receipt: receipt ?? null })),
      { concurrency: RECEIPTS_AT_ONCE }
    )
    return { ...page, items }
  })

  const expiryFails = makeFailureLog("what is over cannot be forgotten")
  const forget = Effect.gen(function* () {
    const before = (yield* Clock.currentTimeMillis) - Duration.toMillis(config.receipts.retention)
    let cursor: string | undefined
    do {
      const step = yield* store.expire(before, cursor)
      kept -= step.schedules
      cursor = step.cursor
      yield* Effect.sleep(EXPIRY_PAUSE)
    } while (cursor !== undefined)
  }).pipe(Effect.catchTag("StoreFailed", ({ detail }) => expiryFails(detail)))
  yield* forkLongLived(
    "expiry of schedules",
    Effect.forever(Effect.andThen(Effect.sleep(EXPIRY_INTERVAL), forget))
  )

  yield* (yield* Metrics).register(
    Effect.map(
      Effect.orElseSucceed(store.figures, () => undefined),
      (figures) => [
        ...(figures === undefined
          ? []
          : [
              gauge("clarion_schedules", "Schedules that are kept, in whatever state", figures.schedules),
              gauge("clarion_schedules_pending", "Schedules that wait for a due time", figures.pending)
            ]),
        gauge("clarion_schedule_runs_under_way", "Runs of schedules under way", underWay()),
        ...log.samples
      ]
    )
  )

  return Scheduler.of({
    create,
    check: (request) => Effect.map(rulesNow, (rules) => checkRequest(request, rules)),
    list: store.list,
    get,
    nextOf,
    preview,
    update,
    pause: (id) => step(id, paused),
    resume: (id) => step(id, resumed),
    cancel: (id) => step(id, cancelled),
    runNow: (id) => (isScheduleId(id) ? runNow(id) : Effect.fail(new ScheduleUnknown({ id }))),
    runs
  })
})

const possible = (
  schedule: Schedule,
  decided: Result.Result<Decision, string>
): Effect.Effect<Decision, ScheduleConflict> =>
  Result.isSuccess(decided)
    ? Effect.succeed(decided.success)
    : Effect.fail(new ScheduleConflict({ schedule, detail: decided.failure }))

export const layer = Layer.effect(Scheduler, make)
