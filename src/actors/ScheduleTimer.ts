/**
 * The timer of schedules: one fiber over the ordered index of due times, whatever their number. It holds nothing but the few entries whose time
 * has come; all the others stay in the store.
 *
 * Of the nodes of a cluster only the one that leads takes up what is due; the others look again when they lead.
 *
 * It sleeps until the next entry, or until a change brings a sooner one, and looks at the clock every second. What is on time comes first; what is
 * late, after a downtime or a jump of the clock, is taken up in between, a bounded number at a time. A due time is met within some
 * milliseconds: timers of the event loop are exact to 1 ms, and a commit to the disk comes before anything is published.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { ServerConfig } from "../config/ServerConfig.ts"
import { ActorTree } from "../services/ActorTree.ts"
import { Leadership } from "../services/cluster/Leadership.ts"
import { makeFailureLog } from "../services/failureLog.ts"
import { forkLongLived } from "../services/longLived.ts"
import { makeMonotonic } from "../services/monotonic.ts"
import { LOOK_NOW } from "../services/schedules/Alarm.ts"
import { BATCH, ScheduleRuns } from "../services/schedules/ScheduleRuns.ts"
import { beginningOf, type Due, ScheduleStore } from "../services/schedules/ScheduleStore.ts"
import type { StoreFailed } from "../services/store/Store.ts"
import { ClockWatch } from "./ClockWatch.ts"

/** A crash of the timer is a bug: it is logged, and the timer does not stay away for it. */
const RESTART_DELAY = "1 second"
/** Batches that are taken up at once: some are published while the disk writes others. */
const BATCHES_AT_ONCE = 16
/** Batches that are looked at before the clock is again. */
const BATCHES = 100
/** The longest sleep, in ms: a jump of the clock is noticed that soon. Tests that let years pass on a clock that does not jump take more. */
export const LongestSleep = Context.Reference<number>("clarion/actors/ScheduleTimer/LongestSleep", {
  defaultValue: () => 1000
})
/** Between two looks at runs that other nodes may have left behind. */
const SETTLE_EVERY_MS = 1000
/** Time until a store that fails is tried again. */
const STORE_AGAIN = "1 second"
/** A clock that was set back by less is not worth a line. */
const WORTH_TELLING_MS = 1000

const seconds = (ms: number): string => `${Math.round(ms / 100) / 10} seconds`

type State = "waiting" | "firing" | "full" | "store fails" | "following"

const run = Effect.gen(function* () {
  const lateness = Duration.toMillis((yield* ServerConfig).schedules.lateness)
  const longestSleep = yield* LongestSleep
  const store = yield* ScheduleStore
  const runs = yield* ScheduleRuns
  const leadership = yield* Leadership
  const clock = yield* Clock.clockWith(Effect.succeed)
  let state: State = "waiting"
  yield* (yield* ActorTree).register("primary/scheduler", () => ({ state, mailbox: runs.underWay() }))
  const storeFails = makeFailureLog("schedules wait, for the store fails")

  const now = () => clock.currentTimeMillisUnsafe()
  const monotonic = yield* makeMonotonic
  const watch = new ClockWatch(now(), monotonic())

  const tellJump = (jump: number) => {
    if (jump > lateness)
      return Effect.logWarning(`the clock jumped forward by ${seconds(jump)}: what it passed is caught up`)
    if (jump < -WORTH_TELLING_MS)
      return Effect.logWarning(`the clock was set back by ${seconds(-jump)}: nothing runs a second time`)
    return Effect.void
  }

  /** The entries behind a place and before a time, unless there is no room for their runs. */
  const lookAfter = Effect.fnUntraced(function* (after: Due, before: number) {
    if (!runs.hasRoom()) state = "full"
    const due = state === "full" ? [] : yield* store.due(after, before, BATCH)
    if (due.length > 0) state = "firing"
    return due
  })

  /** Takes up what is on time, some batches at once. How many they were. */
  const fireOnTime = Effect.fnUntraced(function* (at: number) {
    const firing: Array<Fiber.Fiber<number, StoreFailed>> = []
    let after = beginningOf(at - lateness)
    let fired = 0
    for (let batch = 0; batch < BATCHES; batch++) {
      const due = yield* lookAfter(after, at + 1)
      if (due.length === 0) break
      if (batch > 0) yield* Effect.yieldNow
      if (firing.length === BATCHES_AT_ONCE) fired += yield* Fiber.join(firing.shift()!)
      firing.push(yield* Effect.forkChild(runs.fire(due), { startImmediately: true }))
      if (due.length < BATCH) break
      after = due.at(-1)!
    }
    for (const fiber of firing) fired += yield* Fiber.join(fiber)
    return fired
  })

  /** Takes up a batch of what is late; the next one where of that nothing could be. How many they were. */
  const fireLate = Effect.fnUntraced(function* (at: number) {
    let after = beginningOf(Number.NEGATIVE_INFINITY)
    for (let batch = 0; batch < BATCHES; batch++) {
      const due = yield* lookAfter(after, at - lateness)
      const fired = due.length === 0 ? 0 : yield* runs.fire(due)
      if (fired > 0 || due.length < BATCH) return fired
      after = due.at(-1)!
    }
    return 0
  })

  /** Takes up what is due at a time, where this node leads. True: there may be more. */
  const fireDue = Effect.fnUntraced(function* (at: number) {
    state = leadership.isLeader() ? "waiting" : "following"
    if (state === "following") return false
    const onTime = yield* fireOnTime(at)
    return onTime + (yield* fireLate(at)) > 0
  })

  const wakeAt = Effect.fnUntraced(function* (after: number) {
    const latest = after + longestSleep
    const [next] =
      state === "full" || state === "following" ? [] : yield* store.due(beginningOf(after + 1), latest, 1)
    return next?.fireAt ?? latest
  })

  /** Whose runs are this node's to end changes as nodes come and go, and as they lead. */
  let settledAt = monotonic()
  const settleSometimes = Effect.fnUntraced(function* () {
    if (!store.others.areThere) return
    if (monotonic() - settledAt < SETTLE_EVERY_MS && settledFence === leadership.fence()) return
    settledAt = monotonic()
    settledFence = leadership.fence()
    yield* runs.settle
  })
  let settledFence = leadership.fence()
  yield* leadership.onChange(() => runs.alarm.tell(LOOK_NOW))

  const round = Effect.gen(function* () {
    runs.alarm.arm()
    const at = now()
    yield* tellJump(watch.look(at, monotonic()))
    yield* runs.log.flush(at)
    yield* settleSometimes()
    if (yield* fireDue(at)) return yield* Effect.yieldNow
    if (state === "firing") state = "waiting"
    yield* runs.alarm.sleep(yield* wakeAt(at), now())
  }).pipe(
    Effect.catchTag("StoreFailed", ({ detail }: StoreFailed) => {
      state = "store fails"
      return Effect.andThen(storeFails(detail), Effect.sleep(STORE_AGAIN))
    })
  )
  while (true) yield* round
})

export const layer = Layer.effectDiscard(
  forkLongLived(
    "schedule timer",
    Effect.scoped(run).pipe(
      Effect.catchCause((cause) => Effect.logError("the timer of schedules crashed and starts anew", cause)),
      Effect.andThen(Effect.sleep(RESTART_DELAY)),
      Effect.forever
    )
  )
)
