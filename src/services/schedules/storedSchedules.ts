/** Schedules and their runs as tables of the store. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type Key, type Range, Store, type Write } from "../store/Store.ts"
import { finalStates, type Run, type Schedule, type ScheduleSpec } from "./Schedule.ts"
import {
  type Change,
  NO_OTHERS,
  NONE_LOST,
  type Page,
  RUNS_KEPT,
  type ScheduleFilter,
  ScheduleStore
} from "./ScheduleStore.ts"

/** By [id]: schedules as they were when somebody created or changed what they are to do. */
const SCHEDULES = "schedules"
/** By [id]: what has become of a schedule since, if anything has. So a run does not write again what may be a megabyte. */
const PROGRESS = "schedules.progress"
/** The due-time index, by [fireAt, id]; without values. */
const DUE = "schedules.due"
/** Those in a final state, by [when they came into it, id]; without values. */
export const ENDED = "schedules.ended"
/** Runs that are over, by [schedule, sequence]. */
const RUNS = "schedules.runs"
/** Those that are not, by [schedule, sequence]. */
const OPEN = "schedules.open"

/** Schedules that one call of `list` looks at, and the bytes of their channels and payloads: about 50 ms. */
const LIST_MOST = 5000
const LIST_BYTES = 16 * 2 ** 20
/** Schedules that are read in one turn of the event loop: one may have a megabyte of channels, which takes 1 ms. */
const LIST_TURN = 50
/** Schedules, or runs, that one step of `expire` looks at. */
export const EXPIRE_STEP = 200

const put = (table: string, key: Key, value: unknown): Write => ({ table, key, value })
const remove = (table: string, key: Key): Write => ({ table, key })

const isPending = (schedule: Schedule | undefined): schedule is Schedule & { readonly fireAt: number } =>
  schedule?.state === "scheduled" && schedule.fireAt !== undefined

const isFinal = (schedule: Schedule | undefined): schedule is Schedule =>
  schedule !== undefined && finalStates.has(schedule.state)

type Progress = Omit<Schedule, keyof ScheduleSpec | "id" | "createdAt">

const progressOf = (schedule: Schedule): Progress => ({
  revision: schedule.revision,
  state: schedule.state,
  updatedAt: schedule.updatedAt,
  due: schedule.due,
  fireAt: schedule.fireAt,
  lastDue: schedule.lastDue,
  runs: schedule.runs,
  records: schedule.records,
  failure: schedule.failure
})

/** What a step of its life leaves as it is, which is to say the same. */
const isSameSpec = (a: ScheduleSpec, b: ScheduleSpec): boolean =>
  a.trigger === b.trigger &&
  a.channels === b.channels &&
  a.payload === b.payload &&
  a.tags === b.tags &&
  a.maxRuns === b.maxRuns &&
  a.jitter === b.jitter &&
  a.minConnections === b.minConnections &&
  a.catchUp === b.catchUp &&
  a.about === b.about

/** As both of them were read, which may be before and after a change of what it is to do. */
const withProgress = (schedule: Schedule, progress: Progress | undefined): Schedule =>
  progress === undefined || progress.revision < schedule.revision ? schedule : { ...schedule, ...progress }

export const writeSchedule = (
  writes: Array<Write>,
  schedule: Schedule,
  before: Schedule | undefined
): void => {
  const { id } = schedule
  if (before === undefined) writes.push(put(SCHEDULES, [id], schedule))
  else if (isSameSpec(schedule, before)) writes.push(put(PROGRESS, [id], progressOf(schedule)))
  else writes.push(put(SCHEDULES, [id], schedule), remove(PROGRESS, [id]))
  if (isPending(before) && !(isPending(schedule) && schedule.fireAt === before.fireAt))
    writes.push(remove(DUE, [before.fireAt, id]))
  if (isPending(schedule) && !(isPending(before) && schedule.fireAt === before.fireAt))
    writes.push(put(DUE, [schedule.fireAt, id], true))
  if (isFinal(schedule) && !isFinal(before)) writes.push(put(ENDED, [schedule.updatedAt, id], true))
}

const writeRun = (writes: Array<Write>, run: Run): void => {
  const key = [run.schedule, run.sequence]
  if (run.outcome === "sending") {
    writes.push(put(OPEN, key, run))
    return
  }
  writes.push(remove(OPEN, key), put(RUNS, key, run))
  if (run.sequence > RUNS_KEPT) writes.push(remove(RUNS, [run.schedule, run.sequence - RUNS_KEPT]))
}

const writesOf = (changes: ReadonlyArray<Change>): ReadonlyArray<Write> => {
  const writes: Array<Write> = []
  for (const change of changes) {
    if (change.kind === "run") writeRun(writes, change.run)
    else writeSchedule(writes, change.schedule, change.before)
  }
  return writes
}

/** A schedule that came into a final state at `endedAt`, and all of its runs. */
const writeForget = (writes: Array<Write>, { id, records }: Schedule, endedAt: number): void => {
  writes.push(remove(SCHEDULES, [id]), remove(PROGRESS, [id]), remove(ENDED, [endedAt, id]))
  for (let sequence = Math.max(1, records - RUNS_KEPT + 1); sequence <= records; sequence++)
    writes.push(remove(RUNS, [id, sequence]))
}

/** A schedule in whatever state, without its runs. */
export const writeRemoval = (writes: Array<Write>, schedule: Schedule): void => {
  const { id, updatedAt } = schedule
  writes.push(remove(SCHEDULES, [id]), remove(PROGRESS, [id]))
  if (isPending(schedule)) writes.push(remove(DUE, [schedule.fireAt, id]))
  if (isFinal(schedule)) writes.push(remove(ENDED, [updatedAt, id]))
}

/** Bytes of what a schedule may have much of. */
const weight = ({ channels, payload }: Schedule): number => {
  let bytes = payload.kind === "data" ? payload.data.byteLength : payload.text.length
  for (const channel of channels) bytes += channel.length
  return bytes
}

const fits = (schedule: Schedule, { state, channel }: ScheduleFilter): boolean =>
  (state === undefined || schedule.state === state) &&
  (channel === undefined || schedule.channels.includes(channel))

/** A round of `expire` begins with the schedules that ended; behind them it is at a key of the runs. */
const AT_ENDED = ""
const cursorOf = (key: Key): string => JSON.stringify(key)

export const makeStoredSchedules = (store: Store["Service"]): ScheduleStore["Service"] => {
  // Others may commit between two reads: what has become of it is read first, and counts unless it was changed since.
  const get = (id: string) =>
    Effect.flatMap(store.get(PROGRESS, [id]), (progress) =>
      Effect.map(store.get(SCHEDULES, [id]), (schedule) =>
        schedule === undefined
          ? undefined
          : withProgress(schedule as Schedule, progress as Progress | undefined)
      )
    )

  const progressFrom = (range: Range) =>
    Effect.map(
      store.range(PROGRESS, range),
      (found) => new Map(found.map(([[id], progress]) => [id, progress as Progress]))
    )

  const list = Effect.fnUntraced(function* (filter: ScheduleFilter) {
    const items: Array<Schedule> = []
    let after = filter.cursor
    let bytes = 0
    for (let looked = 0; looked < LIST_MOST; looked += LIST_TURN) {
      if (looked > 0) yield* Effect.yieldNow
      // The one at the cursor was in the page before.
      const range = after === undefined ? {} : { from: [after] }
      // Those of as many schedules, at least.
      const progress = yield* progressFrom({ ...range, limit: LIST_TURN + 1 })
      const found = yield* store.range(SCHEDULES, { ...range, limit: LIST_TURN + 1 })
      for (const [[id], value] of found) {
        if (id === after) continue
        const schedule = withProgress(value as Schedule, progress.get(id!))
        // Whatever it has, one is looked at: the next page goes on behind it.
        if (bytes >= LIST_BYTES) return { items, cursor: after }
        bytes += weight(schedule)
        if (fits(schedule, filter)) {
          if (items.length === filter.limit) return { items, cursor: after }
          items.push(schedule)
        }
        after = schedule.id
      }
      if (found.length <= LIST_TURN) return { items }
    }
    return { items, cursor: after }
  })

  const runs = Effect.fnUntraced(function* (
    schedule: string,
    { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined }
  ) {
    const before = cursor === undefined ? Number.POSITIVE_INFINITY : Number(cursor)
    if (Number.isNaN(before)) return { items: [] }
    const range = { from: [schedule], to: [schedule, before], isReverse: true, limit: limit + 1 }
    const open = yield* store.range(OPEN, range)
    const over = yield* store.range(RUNS, range)
    // A schedule has its turn until its run is over: nothing that is over is newer, unless it has ended between these two reads.
    const found = [...open.filter(([[, sequence]]) => over[0]?.[0][1] !== sequence), ...over]
    const items = found.slice(0, limit).map(([, run]) => run as Run)
    const last = items.at(-1)
    return found.length > limit && last !== undefined ? { items, cursor: String(last.sequence) } : { items }
  }) satisfies (...args: never) => Effect.Effect<Page<Run>, unknown>

  const forgetEnded = Effect.fnUntraced(function* (before: number) {
    const ended = yield* store.range(ENDED, { to: [before], limit: EXPIRE_STEP })
    const writes: Array<Write> = []
    for (const [[endedAt, id]] of ended) {
      const schedule = yield* get(id as string)
      if (schedule !== undefined) writeForget(writes, schedule, endedAt as number)
    }
    if (writes.length > 0) yield* store.commit(writes)
    return ended.length
  })

  const forgetRuns = Effect.fnUntraced(function* (before: number, from: Key) {
    const looked = yield* store.range(RUNS, { from, limit: EXPIRE_STEP })
    const isOver = ({ endedAt }: Run) => endedAt !== undefined && endedAt < before
    const over = looked.filter(([, run]) => isOver(run as Run))
    if (over.length > 0) yield* store.commit(over.map(([key]) => remove(RUNS, key)))
    const last = looked.length < EXPIRE_STEP ? undefined : (looked.at(-1)![1] as Run)
    if (last === undefined) return undefined
    // Runs of a schedule end in their order: where one is kept, those after it are.
    return cursorOf(isOver(last) ? [last.schedule, last.sequence + 1] : [last.schedule, ""])
  })

  let version = 0
  const committed = Effect.sync(() => void version++)

  return ScheduleStore.of({
    commit: (changes) => Effect.as(Effect.tap(store.commit(writesOf(changes)), committed), NONE_LOST),
    version: () => version,
    get,
    list,
    figures: Effect.gen(function* () {
      const schedules = yield* store.count(SCHEDULES)
      const [pending, ended] = [yield* store.count(DUE), yield* store.count(ENDED)]
      return { schedules, pending, ended, openRuns: yield* store.count(OPEN) }
    }),
    due: (after, before, limit) =>
      Effect.map(
        store.range(DUE, { from: [after.fireAt, after.id], to: [before], limit: limit + 1 }),
        (found) => {
          const entries = found.map(([[fireAt, id]]) => ({ fireAt: fireAt as number, id: id as string }))
          const isThere = entries[0]?.fireAt === after.fireAt && entries[0].id === after.id
          return isThere ? entries.slice(1) : entries.slice(0, limit)
        }
      ),
    openRuns: Effect.map(store.range(OPEN, {}), (open) => open.map(([, run]) => run as Run)),
    isOpen: ({ schedule, sequence }) =>
      Effect.map(store.get(OPEN, [schedule, sequence]), (run) => run !== undefined),
    runs,
    expire: Effect.fnUntraced(function* (before, cursor) {
      if (cursor !== undefined && cursor !== AT_ENDED) {
        const next = yield* forgetRuns(before, JSON.parse(cursor) as Key)
        return next === undefined ? { schedules: 0 } : { schedules: 0, cursor: next }
      }
      const schedules = yield* forgetEnded(before)
      if (schedules > 0) yield* committed
      return { schedules, cursor: schedules === EXPIRE_STEP ? AT_ENDED : cursorOf([""]) }
    }),
    others: NO_OTHERS
  })
}

export const layerStored = Layer.effect(ScheduleStore, Effect.map(Store, makeStoredSchedules))
