/**
 * Schedules of all nodes of a cluster, in a bucket at NATS.
 *
 * Every node reads them from a replica of its own. A change is a compare-and-set of the schedule's key, so that of two nodes that run the same due
 * time one does. Runs that are over are in a stream, where they are read when somebody asks.
 */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as EffectSchedule from "effect/Schedule"
import { ServerConfig } from "../../../config/ServerConfig.ts"
import type { BrokerUnavailable } from "../../broker/Broker.ts"
import { Leadership } from "../../cluster/Leadership.ts"
import { Roster } from "../../cluster/Roster.ts"
import { makeFailureLog } from "../../failureLog.ts"
import { counter, Metrics } from "../../Metrics.ts"
import { makeMonotonic } from "../../monotonic.ts"
import { atStart, Bucket } from "../../nats/Bucket.ts"
import { type Follower, follow, republishOf } from "../../nats/follow.ts"
import { NatsLink } from "../../nats/NatsLink.ts"
import { textOfToken, tokenOf } from "../../nats/subjects.ts"
import { StoreFailed } from "../../store/Store.ts"
import type { Run, Schedule } from "../Schedule.ts"
import { type Lost, NONE_LOST, type Page, RUNS_KEPT, ScheduleStore } from "../ScheduleStore.ts"
import { EXPIRE_STEP } from "../storedSchedules.ts"
import { keptFromBytes, type OpenRun } from "./keptSchedule.ts"
import { type Entry, Replica } from "./Replica.ts"
import { RunHistory } from "./RunHistory.ts"
import { groupsOf, type ScheduleTooLarge, ScheduleWriter } from "./ScheduleWriter.ts"

/** Keys that are written at once. */
const WRITES_AT_ONCE = 512
/** A run is over in half a minute, whatever the broker does: who waits for one of another node waits for that. */
const OTHERS_WITHIN = Duration.seconds(35)
/** A run that another node was asked for is this node's to end after so many ms, if that node is not known to be there. */
const GONE_AFTER_MS = 5000
/** And after so many in any case. */
const ASKED_WITHIN_MS = 60_000
/** A run of a leader that has a greater number than the present one is the present one's after so many ms. */
const LED_WITHIN_MS = 60_000
/** Time for the leading node to write again what NATS has lost: others do what is left of it then. */
const LEADER_RESTORES_WITHIN = Duration.seconds(10)
const RESTORE_AGAIN = EffectSchedule.spaced("1 second").pipe(EffectSchedule.upTo({ times: 60 }))
/** Without a look at the bucket for so many ms this node may not know the schedules of the others. */
const FOLLOWED_WITHIN_MS = 3000
/** Keys without a value are removed after so many ms: a node that was away for less has heard of it. */
const TRACES_KEPT_MS = 3_600_000

const failed = ({ _tag, detail }: BrokerUnavailable | ScheduleTooLarge) =>
  new StoreFailed({ reason: _tag === "ScheduleTooLarge" ? "too-large" : "broken", detail })

const toStore = <A>(effect: Effect.Effect<A, BrokerUnavailable>): Effect.Effect<A, StoreFailed> =>
  Effect.mapError(effect, failed)

/** Newest first, each once. */
const newestFirst = (runs: ReadonlyArray<Run>): ReadonlyArray<Run> => {
  const bySequence = new Map(runs.map((run) => [run.sequence, run]))
  return [...bySequence.values()].sort((a, b) => b.sequence - a.sequence).slice(0, RUNS_KEPT)
}

export const makeNatsSchedules = Effect.gen(function* () {
  const { broker, receipts } = yield* ServerConfig
  const { replicas } = broker.nats
  const link = yield* NatsLink
  const leadership = yield* Leadership
  const roster = yield* Roster
  const now = yield* makeMonotonic
  const fork = yield* FiberSet.makeRuntime<never>()
  const { subjects, uid } = link
  const replica = new Replica(now)
  const { tables } = replica
  const bucket = yield* Bucket.open(link, subjects.schedules, {
    replicas,
    ...republishOf(subjects.schedules, subjects.scheduleWrites)
  })
  const history = yield* RunHistory.open(link, { replicas, retention: receipts.retention })
  const ownerOf = ({ isAsked }: Run) => ({ by: uid, fence: isAsked ? 0 : leadership.fence() })

  let unreadable = 0
  let conflicts = 0
  const cannotRead = makeFailureLog("a schedule that NATS keeps cannot be read")
  const told = new Set<(schedule: Schedule) => void>()
  const follower: Follower = {
    told: (key, revision, value) => {
      const id = textOfToken(key)
      if (replica.knows(id, revision)) return
      const kept = keptFromBytes(id, value)
      if (kept === undefined) {
        unreadable++
        fork(cannotRead(key))
        return
      }
      replica.put(id, revision, kept)
      if (kept.schedule === undefined) return
      for (const one of [...told]) one(kept.schedule)
    },
    begunAnew: () => {
      replica.begunAnew()
      fork(restore)
    }
  }
  const trouble = link.troubles.expect("schedules cannot be followed at NATS", FOLLOWED_WITHIN_MS)
  const { look } = yield* follow(bucket, subjects.scheduleWrites, follower, trouble)
  const writer = new ScheduleWriter(bucket, replica, history, ownerOf, look, fork)
  yield* (yield* Metrics).register(
    Effect.sync(() => [
      counter(
        "clarion_cluster_schedule_conflicts_total",
        "Changes of schedules in which another node was faster",
        conflicts
      ),
      counter(
        "clarion_cluster_schedules_unreadable_total",
        "Schedules of the cluster that could not be read",
        unreadable
      )
    ])
  )

  /** Nodes know what the bucket had. The leading one writes it, as it has begun the newest runs; what it does not know, the others. */
  const restore = Effect.gen(function* () {
    if (!leadership.isLeader()) yield* Effect.sleep(LEADER_RESTORES_WITHIN)
    const { lost } = replica
    if (lost.length === 0) return
    yield* Effect.logWarning(
      `NATS has lost the bucket ${bucket.name}: ${lost.length} schedules are written again`
    )
    yield* Effect.forEach(lost, (id) => writer.restore(id), { concurrency: WRITES_AT_ONCE, discard: true })
  }).pipe(
    Effect.retry(RESTORE_AGAIN),
    Effect.catch(({ detail }) =>
      Effect.logError(`schedules that NATS has lost cannot be written again: ${detail}`)
    )
  )

  const commit: ScheduleStore["Service"]["commit"] = Effect.fnUntraced(function* (changes) {
    const groups = groupsOf(changes)
    const results = yield* Effect.forEach(groups, (group) => Effect.result(writer.write(group)), {
      concurrency: WRITES_AT_ONCE
    })
    const lost = new Set<string>()
    let failure: BrokerUnavailable | ScheduleTooLarge | undefined
    let written = 0
    for (const [at, result] of results.entries()) {
      if (Result.isSuccess(result) && result.success) written++
      else {
        lost.add(groups[at]!.id)
        if (Result.isFailure(result)) failure = result.failure
        else conflicts++
      }
    }
    if (failure !== undefined && written === 0) return yield* failed(failure)
    return lost.size === 0 ? NONE_LOST : (lost as Lost)
  })

  const isThere = (node: string) => roster.get(node) !== undefined

  /** Whether it is up to this node to end that run, if it does not have it under way. */
  const isOurs = ({ at }: Entry, { by, fence }: OpenRun): boolean => {
    const age = now() - at
    // Leaders may be numbered anew: where NATS has lost the lease, and no node knows of it.
    if (fence > 0)
      return leadership.isLeader() && (by === uid || fence < leadership.fence() || age > LED_WITHIN_MS)
    if (by === uid) return true
    return leadership.isLeader() && (age > ASKED_WITHIN_MS || (age > GONE_AFTER_MS && !isThere(by)))
  }

  const areRunning = (id: string): boolean => replica.entry(id)?.open.some(({ by }) => by !== uid) ?? false

  /** Runs from before this time are forgotten; the stream removes them by itself. */
  let forgottenBefore = Number.NEGATIVE_INFINITY
  const isKept = ({ endedAt = Number.POSITIVE_INFINITY }: Run): boolean => endedAt >= forgottenBefore

  const runs = Effect.fnUntraced(function* (
    schedule: string,
    { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined }
  ) {
    const before = cursor === undefined ? Number.POSITIVE_INFINITY : Number(cursor)
    if (Number.isNaN(before)) return { items: [] }
    // As it is before its history is read: a run leaves it when it is in the history. What ends meanwhile is in both.
    const entry = replica.entry(schedule)
    const over = yield* toStore(history.read(schedule))
    const open = entry?.open.map(({ run }) => run) ?? []
    const all = newestFirst([...open, ...[...over, ...(entry?.ended ?? [])].filter(isKept)])
    const found = all.filter(({ sequence }) => sequence < before)
    const items = found.slice(0, limit)
    const last = items.at(-1)
    return found.length > limit && last !== undefined ? { items, cursor: String(last.sequence) } : { items }
  }) satisfies (...args: never) => Effect.Effect<Page<Run>, unknown>

  /** The last traces of what was forgotten long ago. */
  const sweep = Effect.suspend(() => {
    const old = [...replica.removed].filter(({ at }) => now() - at > TRACES_KEPT_MS).slice(0, EXPIRE_STEP)
    const removeTrace = ({ id, revision }: Entry) =>
      Effect.map(
        link.ask("a key was not removed", () =>
          link.manager.streams.purge(bucket.stream, {
            filter: bucket.subject(tokenOf(id)),
            seq: revision + 1
          })
        ),
        () => {
          if (replica.entry(id)?.revision === revision) replica.remove(id)
        }
      )
    return Effect.forEach(old, removeTrace, { concurrency: 16, discard: true })
  })

  const expire: ScheduleStore["Service"]["expire"] = Effect.fnUntraced(function* (before) {
    forgottenBefore = Math.max(forgottenBefore, before)
    const ended = replica.endedBefore(before, EXPIRE_STEP)
    const forgotten = yield* toStore(
      Effect.forEach(ended, (id) => writer.forget(id), { concurrency: WRITES_AT_ONCE })
    )
    yield* toStore(sweep)
    const schedules = forgotten.filter((isForgotten) => isForgotten).length
    return ended.length === EXPIRE_STEP ? { schedules, cursor: "" } : { schedules }
  })

  const othersHaveRun = (id: string): Effect.Effect<boolean> =>
    Effect.scoped(
      Effect.gen(function* () {
        const done = yield* Deferred.make<void>()
        const look = () => {
          if (!areRunning(id)) Deferred.doneUnsafe(done, Effect.void)
        }
        yield* replica.onChange((entry) => {
          if (entry.id === id) look()
        })
        look()
        return (yield* Effect.timeoutOption(Deferred.await(done), OTHERS_WITHIN))._tag === "Some"
      })
    )

  return ScheduleStore.of({
    commit,
    version: () => replica.version,
    get: (id) => Effect.sync(() => replica.entry(id)?.schedule),
    list: tables.list,
    figures: Effect.map(tables.figures, (figures) => ({ ...figures, openRuns: replica.openRuns })),
    due: tables.due,
    openRuns: Effect.sync(() =>
      [...replica.open].flatMap((entry) =>
        entry.open.filter((one) => isOurs(entry, one)).map(({ run }) => run)
      )
    ),
    isOpen: ({ schedule, sequence }) =>
      Effect.sync(() => replica.entry(schedule)?.open.some(({ run }) => run.sequence === sequence) ?? false),
    runs,
    expire,
    others: {
      areThere: true,
      areRunning,
      haveRun: (id) => (areRunning(id) ? othersHaveRun(id) : Effect.succeed(true)),
      onChange: (one) =>
        Effect.asVoid(
          Effect.acquireRelease(
            Effect.sync(() => void told.add(one)),
            () => Effect.sync(() => void told.delete(one))
          )
        )
    }
  })
})

export const layerNats = Layer.effect(ScheduleStore, atStart(makeNatsSchedules))
