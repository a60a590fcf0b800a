/**
 * The one writer of durable history. What is asked for while a commit is on its way to the disk waits for the next one, and goes into it together:
 * offsets are given when a commit is put together, in the order of the calls, and what it did is told when it stands. So many publications cost
 * one commit, and one that fails leaves nothing behind it that was built upon it.
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { StoreFailed } from "../../store/Store.ts"
import { HistoryUnavailable } from "../HistoryStore.ts"
import { Batch } from "./Batch.ts"
import type { DurableStream } from "./DurableStream.ts"
import type { OpenStreams } from "./OpenStreams.ts"
import { KEYS, type KeyRecord } from "./records.ts"

/** What one commit takes at most, and what may wait for it; a single operation is never too large. */
const BATCH_OPERATIONS = 512
const BATCH_BYTES = 4 * 2 ** 20

export interface WaitingBounds {
  /** Beyond it whoever asks is answered with HistoryUnavailable. */
  readonly operations: number
  readonly bytes: number
}

/** What is called when a commit stands, in the order of its operations: everything is told before anybody is answered. */
export interface Outcome {
  readonly tell?: () => void
  readonly answer?: () => void
}

/** Something to be done with one stream. */
export interface Operation {
  /** Of the channel, in the store. */
  readonly name: string
  /** Of an idempotency key that it needs to know; "" is none. */
  readonly key: string
  readonly bytes: number
  /** False: it does not keep the stream in memory. */
  readonly isUse: boolean
  /** Puts it into the commit. */
  readonly plan: (batch: Batch, stream: DurableStream) => Outcome
  /** Nothing of it was done. */
  readonly fail: (error: HistoryUnavailable, now: number, stream: DurableStream | undefined) => void
}

const CLOSED = new HistoryUnavailable({ detail: "the service ends" })

export class Writer {
  commits = 0
  failures = 0
  /** Operations that wait or are under way, by the names of their channels. */
  readonly #pending = new Map<string, number>()
  #waiting: Array<Operation> = []
  readonly #underWay = new Set<Operation>()
  #bytes = 0
  #isClosed = false
  #wake: (() => void) | undefined

  /** @param failed is told of each commit that failed */
  constructor(
    readonly streams: OpenStreams,
    readonly now: () => number,
    readonly failed: (detail: string) => Effect.Effect<void>,
    readonly bounds: WaitingBounds
  ) {}

  get waiting(): number {
    return this.#waiting.length
  }

  get isIdle(): boolean {
    return this.#pending.size === 0
  }

  isPending(name: string): boolean {
    return this.#pending.has(name)
  }

  /** Does it with the next commit, or lets it fail at once where too much waits already. */
  add(operation: Operation): void {
    const refusal = this.#refusal(operation.bytes)
    if (refusal !== undefined) return operation.fail(refusal, this.now(), undefined)
    this.#waiting.push(operation)
    this.#bytes += operation.bytes
    this.#pending.set(operation.name, (this.#pending.get(operation.name) ?? 0) + 1)
    this.#wake?.()
  }

  /** Ends when it is closed and nothing waits. */
  readonly run: Effect.Effect<void> = Effect.suspend(() => this.#loop())

  close(): void {
    this.#isClosed = true
    this.#wake?.()
  }

  readonly #loop = Effect.fnUntraced(function* (this: Writer) {
    while (true) {
      if (this.#waiting.length === 0) {
        if (this.#isClosed) return
        yield* this.#awaken
      }
      // What else is asked for in this turn of the event loop goes with it.
      yield* Effect.yieldNow
      const operations = this.#takeBatch()
      yield* Effect.catchCause(this.#commit(operations), (cause) => this.#giveUp(operations, cause))
    }
  })

  readonly #awaken = Effect.callback<void>((resume) => {
    // Others may have had the event loop since there was nothing to do.
    if (this.#waiting.length > 0 || this.#isClosed) return resume(Effect.void)
    this.#wake = () => {
      this.#wake = undefined
      resume(Effect.void)
    }
  })

  #refusal(bytes: number): HistoryUnavailable | undefined {
    const { bounds } = this
    if (this.#isClosed) return CLOSED
    const isFull =
      this.#waiting.length >= bounds.operations || (this.#bytes > 0 && this.#bytes + bytes > bounds.bytes)
    if (!isFull) return undefined
    return new HistoryUnavailable({
      detail: `${this.#waiting.length} publications of ${this.#bytes} bytes wait for the store already`
    })
  }

  #takeBatch(): ReadonlyArray<Operation> {
    let [taken, bytes] = [0, 0]
    for (const operation of this.#waiting) {
      bytes += operation.bytes
      if (taken === BATCH_OPERATIONS || (taken > 0 && bytes > BATCH_BYTES)) break
      taken++
    }
    const operations = this.#waiting.splice(0, taken)
    for (const operation of operations) {
      this.#bytes -= operation.bytes
      this.#underWay.add(operation)
    }
    return operations
  }

  #commit(operations: ReadonlyArray<Operation>): Effect.Effect<void> {
    const taken = new Map<string, DurableStream>()
    return this.#write(operations, taken).pipe(
      Effect.onExit((exit) =>
        Effect.sync(() => {
          for (const stream of taken.values()) {
            this.streams.release(stream)
            if (exit._tag === "Failure") stream.isDoubtful = true
          }
        })
      ),
      Effect.catch((error) => this.#failed(operations, taken, error))
    )
  }

  /** @param taken gets the streams that it takes */
  readonly #write = Effect.fnUntraced(function* (
    this: Writer,
    operations: ReadonlyArray<Operation>,
    taken: Map<string, DurableStream>
  ) {
    const { streams } = this
    const batch = new Batch(this.now())
    for (const { name, key, isUse } of operations) {
      if (!taken.has(name)) taken.set(name, yield* streams.take(name))
      if (isUse) streams.use(taken.get(name)!, batch.now)
      if (key !== "" && !batch.hasKey(name, key))
        batch.loadKey(name, key, (yield* streams.store.get(KEYS, [name, key])) as KeyRecord | undefined)
    }
    const outcomes = operations.map((operation) => operation.plan(batch, taken.get(operation.name)!))
    const { writes, stand } = batch.finish()
    if (writes.length > 0) {
      yield* streams.store.commit(writes)
      this.commits++
    }
    // Nothing comes between these two: what readers see, subscribers have heard of.
    stand((stream, how) => streams.change(stream, how))
    for (const { tell } of outcomes) tell?.()
    for (const operation of operations) this.#settle(operation)
    for (const { answer } of outcomes) answer?.()
  })

  #failed(
    operations: ReadonlyArray<Operation>,
    taken: ReadonlyMap<string, DurableStream>,
    { message }: StoreFailed
  ): Effect.Effect<void> {
    this.failures++
    this.#fail(operations, message, taken)
    return this.failed(message)
  }

  /** A mistake of the program: whoever waits is answered, and others are served. */
  #giveUp(operations: ReadonlyArray<Operation>, cause: Cause.Cause<never>): Effect.Effect<void> {
    this.failures++
    this.#fail(operations, "it failed unexpectedly")
    return Effect.logError("durable history failed unexpectedly", cause)
  }

  #fail(
    operations: ReadonlyArray<Operation>,
    detail: string,
    taken?: ReadonlyMap<string, DurableStream>
  ): void {
    const error = new HistoryUnavailable({ detail })
    for (const operation of operations)
      if (this.#settle(operation)) operation.fail(error, this.now(), taken?.get(operation.name))
  }

  /** False where it is settled already. */
  #settle(operation: Operation): boolean {
    if (!this.#underWay.delete(operation)) return false
    const { name } = operation
    const left = this.#pending.get(name)! - 1
    if (left === 0) this.#pending.delete(name)
    else this.#pending.set(name, left)
    return true
  }
}
