/** Contends for the lease of the leading node: reads and writes its record as leaseMachine.ts has it, for as long as the node lives. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberHandle from "effect/FiberHandle"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import { getInitialSnapshot, type SnapshotFrom, transition } from "xstate"
import type { BrokerUnavailable } from "../broker/Broker.ts"
import { forkLongLived } from "../longLived.ts"
import { makeMonotonic } from "../monotonic.ts"
import type { LeaseRecord } from "./LeaseRecord.ts"
import { askAt, holds, type LeaseEvent, leaseMachine } from "./leaseMachine.ts"

/** Time for an answer about the lease: less than a lease, so that one that gets lost is made up for. */
const ANSWER_WITHIN = Duration.seconds(1)
/** Before the record is looked at again where that failed. */
const READ_AGAIN = Duration.millis(250)

/** Undefined: it failed, or took too long. */
const inTime = <A>(asking: Effect.Effect<A, BrokerUnavailable>): Effect.Effect<Option.Option<A>> =>
  Effect.map(Effect.timeoutOption(Effect.option(asking), ANSWER_WITHIN), Option.flatten)

/** What this node knows of the lease, and who is told when it begins or ceases to lead. */
const makeLease = Effect.fnUntraced(function* (uid: string) {
  const now = yield* makeMonotonic
  let snapshot: SnapshotFrom<typeof leaseMachine> = getInitialSnapshot(leaseMachine, { uid })
  const told = new Set<(isLeader: boolean) => void>()
  let wasLeader = false
  let isOver = false
  let changes = 0
  const ending = yield* FiberHandle.make<void>()
  const runEnding = yield* FiberHandle.runtime(ending)<never>()

  const isLeader = () => !isOver && holds(snapshot, now())

  const tell = () => {
    const is = isLeader()
    if (is === wasLeader) return
    wasLeader = is
    changes++
    for (const one of [...told]) one(is)
  }

  const step = (event: LeaseEvent): void => {
    ;[snapshot] = transition(leaseMachine, snapshot, event)
    tell()
    // The lease ends when its time is over, whatever an answer is waited for.
    if (wasLeader) runEnding(endAt(snapshot.context.until))
  }

  const endAt = (until: number): Effect.Effect<void> =>
    Effect.andThen(
      Effect.sleep(Math.max(0, until - now())),
      Effect.sync(() => {
        const at = now()
        // Timers may be a little early.
        if (at < until) runEnding(endAt(until))
        else step({ type: "lapse", at })
      })
    )

  return {
    uid,
    now,
    snapshot: () => snapshot,
    step,
    isLeader,
    /** It leads no more, whatever it still hears. */
    end: () => {
      isOver = true
      tell()
    },
    changes: () => changes,
    told
  }
})
type Lease = Effect.Success<ReturnType<typeof makeLease>>

/** One read, or one question, or the time until the next one. @param news the record was written, by whomever */
const roundOf = ({ uid, now, snapshot, step }: Lease, record: LeaseRecord, news: Queue.Dequeue<void>) => {
  const read = Effect.flatMap(inTime(record.read), (found) => {
    if (Option.isNone(found)) return Effect.sleep(READ_AGAIN)
    return Effect.sync(() => step({ type: "seen", ...found.value, at: now() }))
  })

  const ask = Effect.suspend(() => {
    const expected = snapshot().context.revision
    step({ type: "ask", at: now() })
    return Effect.map(inTime(record.write(uid, expected)), (answer) => {
      if (Option.isNone(answer)) return step({ type: "unanswered" })
      const revision = answer.value
      step(revision === undefined ? { type: "refused" } : { type: "granted", revision })
    })
  })

  return Effect.suspend(() => {
    const { value } = snapshot()
    if (value === "unknown" || value === "unsure") return read
    const wait = askAt(snapshot()) - now()
    return wait <= 0 ? ask : Effect.asVoid(Effect.timeoutOption(Queue.take(news), wait))
  })
}

/** The others need not wait until its time is over. */
const giveBack = ({ uid, snapshot, isLeader, end }: Lease, record: LeaseRecord) =>
  Effect.gen(function* () {
    if (!isLeader()) return
    end()
    const write = (revision: number) => inTime(record.write(undefined, revision))
    const given = yield* write(snapshot().context.revision)
    if (Option.isSome(given) && given.value !== undefined) return
    // A renewal was on its way and came before, or the record was lost and stands again.
    const found = yield* inTime(record.read)
    if (Option.isSome(found) && found.value.holder === uid) yield* write(found.value.revision)
  })

export const contend = Effect.fnUntraced(function* (uid: string, record: LeaseRecord) {
  const lease = yield* makeLease(uid)
  const { now, snapshot, step, isLeader, changes, told } = lease
  const news = yield* Queue.sliding<void>(1)
  yield* record.onWritten((state) => {
    step({ type: "seen", ...state, at: now() })
    Queue.offerUnsafe(news, undefined)
  })
  yield* Effect.addFinalizer(() => giveBack(lease, record))
  yield* forkLongLived("lease of the leading node", Effect.forever(roundOf(lease, record, news)))
  return {
    isLeader,
    fence: () => snapshot().context.fence,
    /** Times that it began or ceased to lead. */
    changes,
    onChange: (one: (isLeader: boolean) => void) =>
      Effect.asVoid(
        Effect.acquireRelease(
          Effect.sync(() => void told.add(one)),
          () => Effect.sync(() => void told.delete(one))
        )
      )
  }
})
