/**
 * Writes receipts to the store, in batches and behind the backs of those who publish. What waits can be read all the same.
 *
 * Bounded: with too many waiting, as the store fails or is too slow, the oldest of them are not kept, and are counted. A store that fails is
 * tried again, and logged once until it works.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberSet from "effect/FiberSet"
import * as Semaphore from "effect/Semaphore"
import type { StoreFailed } from "../store/Store.ts"
import type { GrowingReceipt } from "./GrowingReceipt.ts"
import { isReceiptId } from "./Receipts.ts"
import type { ReceiptTable } from "./ReceiptTable.ts"

/** Receipts that wait to be written. */
export const MAX_WAITING = 10_000
/** With more of them they are written without a pause. */
const MANY_WAITING = 0.75 * MAX_WAITING
/** Before each commit: what comes within that time goes into it, and a receipt that is final by then is written once. */
export const WRITE_DELAY = Duration.millis(50)
/** Receipts of one commit, which are prepared in one turn of the event loop: some 4 ms. */
const COMMIT_MAX = 200
/** Between attempts to write to a store that fails. */
export const RETRY_DELAY = Duration.seconds(5)
/** Time at the end to write what waits. */
const END_TIMEOUT = Duration.seconds(5)

export interface WriterBounds {
  /** Receipts that are kept. */
  readonly max: number
  readonly retentionMs: number
}

export class ReceiptWriter {
  /** Receipts that were not kept, as too many waited, or their id cannot be a key. */
  unwritten = 0
  /** Receipts in the store, once that is known. */
  kept = 0
  readonly #waiting = new Map<string, GrowingReceipt>()
  readonly #oneAtATime = Semaphore.makeUnsafe(1)
  #isKnown = false
  #isWriting = false
  #isFailing = false

  constructor(
    readonly table: ReceiptTable,
    readonly bounds: WriterBounds,
    readonly now: () => number,
    readonly fork: (effect: Effect.Effect<void>) => unknown
  ) {}

  get waiting(): ReadonlyMap<string, GrowingReceipt> {
    return this.#waiting
  }

  /** To be called whenever something of the receipt has changed that is to be kept. */
  add(receipt: GrowingReceipt): void {
    // It would be in the way of all others.
    if (!isReceiptId(receipt.id)) {
      if (receipt.isComplete) this.unwritten++
      return
    }
    receipt.changed()
    this.#waiting.set(receipt.id, receipt)
    if (this.#waiting.size > MAX_WAITING) {
      const [oldest] = this.#waiting.keys()
      this.#waiting.delete(oldest!)
      this.unwritten++
    }
    if (this.#isWriting) return
    this.#isWriting = true
    this.fork(this.#writeSoon)
  }

  /** Writes until nothing waits. */
  readonly #writeSoon: Effect.Effect<void> = Effect.gen({ self: this }, function* () {
    while (this.#waiting.size > 0) {
      if (this.#waiting.size < MANY_WAITING) yield* Effect.sleep(WRITE_DELAY)
      const isDone = yield* this.#noting(this.writeWaiting)
      if (!isDone) yield* Effect.sleep(RETRY_DELAY)
    }
    this.#isWriting = false
  })

  /** Writes a batch of what waits, and makes room for it. */
  readonly writeWaiting: Effect.Effect<void, StoreFailed> = Effect.gen({ self: this }, function* () {
    yield* this.#learn
    const batch: Array<{ readonly growing: GrowingReceipt; readonly version: number }> = []
    for (const growing of this.#waiting.values()) {
      if (batch.length === COMMIT_MAX) break
      batch.push({ growing, version: growing.version })
    }
    this.kept += yield* this.table.write(
      batch.map(({ growing }) => ({ receipt: growing.receipt(), isWritten: growing.isWritten }))
    )
    for (const { growing, version } of batch) {
      growing.isWritten = true
      if (growing.version === version && this.#waiting.get(growing.id) === growing)
        this.#waiting.delete(growing.id)
    }
    if (this.kept > this.bounds.max) yield* this.#trim
  }).pipe(this.#oneAtATime.withPermits(1))

  /** Removes what was kept long enough, and what is too much. Does not fail: the next time may do better. */
  readonly sweep: Effect.Effect<void> = Effect.suspend(() =>
    Effect.asVoid(this.#noting(Effect.andThen(this.#learn, this.#trim).pipe(this.#oneAtATime.withPermits(1))))
  )

  /** At the end of the process: everything that waits, and these, which grow no further here. */
  finish(growing: Iterable<GrowingReceipt>): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#isWriting = true
      for (const receipt of growing) this.add(receipt)
      const write = Effect.whileLoop({
        while: () => this.#waiting.size > 0,
        body: () => this.writeWaiting,
        step: () => {}
      })
      const lost = (why: string) =>
        Effect.logWarning(`${this.#waiting.size} receipts were not kept at the end: ${why}`)
      return write.pipe(
        Effect.timeoutOrElse({ duration: END_TIMEOUT, orElse: () => lost("the store takes too long") }),
        Effect.catch(({ message }) => lost(message))
      )
    })
  }

  readonly #learn: Effect.Effect<void, StoreFailed> = Effect.gen({ self: this }, function* () {
    if (this.#isKnown) return
    this.kept = yield* this.table.count
    this.#isKnown = true
  })

  readonly #trim: Effect.Effect<void, StoreFailed> = Effect.gen({ self: this }, function* () {
    const { max, retentionMs } = this.bounds
    let removed = -1
    while (removed !== 0) {
      removed = yield* this.table.removeOldest(this.kept - max, this.now() - retentionMs)
      this.kept -= removed
    }
  })

  /** Whether it succeeded; a failure is logged when it is the first. */
  #noting(effect: Effect.Effect<void, StoreFailed>): Effect.Effect<boolean> {
    return Effect.flatMap(Effect.exit(effect), (exit) => {
      const wasFailing = this.#isFailing
      this.#isFailing = Exit.isFailure(exit)
      if (this.#isFailing === wasFailing) return Effect.succeed(!this.#isFailing)
      return this.#isFailing
        ? Effect.as(
            Effect.logWarning(
              `receipts cannot be kept for now, at most ${MAX_WAITING} wait for it: ${reasonOf(exit)}`
            ),
            false
          )
        : Effect.as(Effect.logInfo("receipts are kept again"), true)
    })
  }
}

const reasonOf = (exit: Exit.Exit<void, StoreFailed>): string => {
  if (Exit.isSuccess(exit)) return ""
  const failure = Exit.findErrorOption(exit)
  return failure._tag === "Some" ? failure.value.message : String(exit.cause)
}

/** Ends with the scope, after what waits, and what `left` gives then, was written. */
export const makeWriter = Effect.fnUntraced(function* (
  table: ReceiptTable,
  bounds: WriterBounds,
  now: () => number,
  left: () => Iterable<GrowingReceipt>
) {
  let writer: ReceiptWriter | undefined
  yield* Effect.addFinalizer(() => Effect.suspend(() => writer?.finish(left()) ?? Effect.void))
  const fork = yield* FiberSet.makeRuntime<never>()
  writer = new ReceiptWriter(table, bounds, now, fork)
  return writer
})
