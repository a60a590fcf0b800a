/** The scheduler over the store of schedules: what is asked for is read, decided in the schedule's turn, and committed before it is answered. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import { ServerConfig } from "../../config/ServerConfig.ts"
import { Channels } from "../channels/Channels.ts"
import { makeFailureLog } from "../failureLog.ts"
import { forkLongLived } from "../longLived.ts"
import { gauge, Metrics } from "../Metrics.ts"
import { newId } from "../newId.ts"
import { Receipts } from "../receipts/Receipts.ts"
import type { StoreFailed } from "../store/Store.ts"
import { cancelled, created, paused, resumed, updated } from "./changes.ts"
import { initialDue, upcoming } from "./occurrences.ts"
import { finalStates, type Schedule } from "./Schedule.ts"
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
import { ScheduleStore } from "./ScheduleStore.ts"
import {
  checkRequest,
  isSameSpec,
  isScheduleId,
  type RequestRules,
  readChange,
  readPreview,
  readRequest
} from "./scheduleRequest.ts"

/** Time between two rounds that forget what is over. */
const EXPIRY_INTERVAL = "1 hour"
/** Between two steps of a round, so that a long one leaves the process to others. */
const EXPIRY_PAUSE = "10 millis"
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
  /** Schedules that are kept, and those about to be. */
  let kept = (yield* store.figures).schedules

  const rulesAt = (now: number): RequestRules => ({ config: config.schedules, optionsOf, now })
  const rulesNow = Effect.map(Clock.currentTimeMillis, rulesAt)

  const get = (id: string) =>
    Effect.flatMap(isScheduleId(id) ? store.get(id) : Effect.succeed(undefined), (schedule) =>
      schedule === undefined ? Effect.fail(new ScheduleUnknown({ id })) : Effect.succeed(schedule)
    )

  const commit = (schedule: Schedule, before: Schedule | undefined) =>
    Effect.map(store.commit([{ kind: "schedule", schedule, before }]), () => {
      if (schedule.state === "scheduled" && schedule.fireAt !== undefined) alarm.tell(schedule.fireAt)
      return schedule
    })

  const insert = (schedule: Schedule): Effect.Effect<Created, TooManySchedules | StoreFailed> =>
    Effect.suspend((): Effect.Effect<Created, TooManySchedules | StoreFailed> => {
      if (kept >= max) return Effect.fail(new TooManySchedules({ max }))
      kept++
      return commit(schedule, undefined).pipe(
        Effect.map(() => ({ schedule, isNew: true })),
        Effect.tapError(() => Effect.sync(() => void kept--))
      )
    })

  const create: Scheduler["Service"]["create"] = Effect.fnUntraced(function* (request) {
    const { id } = request
    if (id === undefined) {
      const rules = yield* rulesNow
      const { spec } = yield* valid(readRequest(request, rules))
      return yield* insert(created(newId(rules.now), spec, rules.now))
    }
    return yield* createNamed(id, request)
  })

  /** The caller, who chose the id, may not know whether it has created it before. */
  const createNamed = (id: string, request: Parameters<typeof create>[0]) =>
    turns.run(
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

  const change = <E>(id: string, decide: (schedule: Schedule, now: number) => Effect.Effect<Schedule, E>) =>
    turns.run(
      id,
      Effect.gen(function* () {
        const before = yield* get(id)
        const schedule = yield* decide(before, yield* Clock.currentTimeMillis)
        return schedule === before ? before : yield* commit(schedule, before)
      })
    )

  /** A step of the machine; where it is not possible, the schedule is in the way. */
  const step = (id: string, decide: (schedule: Schedule, now: number) => Result.Result<Schedule, string>) =>
    change(id, (schedule, now) => possible(schedule, decide(schedule, now)))

  const update: Scheduler["Service"]["update"] = (id, asked) =>
    change(
      id,
      Effect.fnUntraced(function* (schedule, now) {
        if (asked.revision !== undefined && asked.revision !== schedule.revision) {
          const detail = `its revision is ${schedule.revision}, not ${asked.revision}`
          return yield* new ScheduleConflict({ schedule, detail })
        }
        // Refused whatever is asked for, if it is over.
        yield* possible(schedule, updated(schedule, schedule, now))
        const spec = yield* valid(readChange(schedule, asked, rulesAt(now)))
        return isSameSpec(spec, schedule) ? schedule : yield* possible(schedule, updated(schedule, spec, now))
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

  const runs: Scheduler["Service"]["runs"] = Effect.fnUntraced(function* (id, filter) {
    yield* get(id)
    const page = yield* store.runs(id, filter)
    const items = yield* Effect.forEach(page.items, (run) =>
      Effect.map(receipts.get(run.id), (receipt) => ({ ...run, receipt: receipt ?? null }))
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
  decided: Result.Result<Schedule, string>
): Effect.Effect<Schedule, ScheduleConflict> =>
  Result.isSuccess(decided)
    ? Effect.succeed(decided.success)
    : Effect.fail(new ScheduleConflict({ schedule, detail: decided.failure }))

export const layer = Layer.effect(Scheduler, make)
