/**
 * Writes the logs of channels. One message of a channel is under way at a time; what is asked for meanwhile waits and goes together with the next
 * one. A message is stored only if the one before it is the one that this node built upon: who was overtaken by another node reads what that one wrote
 * and tries again.
 *
 * Nearly always the last message is known and nobody comes between: such a message takes the short way, by callbacks. All others have a fiber.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { BrokerUnavailable } from "../Broker.ts"
import { type Base, Bases } from "./Bases.ts"
import {
  type Appended,
  type ChannelLogs,
  NO_STREAM,
  NOWHERE_RETRY,
  type Nowhere,
  type Overtaken
} from "./ChannelLogs.ts"
import type { KeyClaims } from "./KeyClaims.ts"
import { Draft, type Top } from "./LogState.ts"
import {
  isPassing,
  type Operation,
  type Passing,
  Room,
  takeTogether,
  type Waiting,
  type WriterBounds,
  writerBounds
} from "./operations.ts"
import type { Tops } from "./Tops.ts"
import type { Turns } from "./Turns.ts"

const TOO_LATE = new BrokerUnavailable({ detail: "the publication could not be written in time" })
const CLOSED = new BrokerUnavailable({ detail: "the service ends" })
const FAILED = new BrokerUnavailable({ detail: "it failed unexpectedly" })

/** What a message is made of, and how it is called. */
export interface Outgoing {
  readonly bytes: Uint8Array
  /** It was not stored. */
  readonly withdraw: () => void
  /** It was. */
  readonly stands: () => void
}

/** The next message of a log, as it is sent. */
interface Message {
  readonly channel: string
  readonly operations: ReadonlyArray<Operation>
  readonly draft: Draft
  /** Called when what the draft says stands, for each operation. */
  readonly settled: ReadonlyArray<() => void>
}

export class LogWriter {
  /** Since start: messages that were stored. */
  messages = 0
  readonly #bases: Bases
  readonly #room: Room
  /** Channels with something under way, and what waits there. */
  readonly #queues = new Map<string, Array<Waiting>>()
  #isClosed = false

  /**
   * @param fork runs a fiber of the broker
   * @param outgoing puts a draft on the way
   * @param keysBehind what the log holds of idempotency keys
   */
  constructor(
    readonly logs: ChannelLogs,
    readonly tops: Tops,
    readonly turns: Turns,
    readonly now: () => number,
    readonly fork: (effect: Effect.Effect<void>) => unknown,
    readonly outgoing: (channel: string, draft: Draft) => Outgoing,
    keysBehind: KeyClaims["behind"],
    readonly bounds: WriterBounds = writerBounds
  ) {
    this.#bases = new Bases(logs, tops, turns, now, keysBehind)
    this.#room = new Room(bounds)
  }

  /** What has no answer yet, of all channels. */
  get waiting(): number {
    return this.#room.waiting
  }

  /** Why nothing is taken now; undefined: it is. */
  get refusal(): BrokerUnavailable | undefined {
    return this.#isClosed ? CLOSED : this.#room.refusal
  }

  add(channel: string, operation: Operation): void {
    if (this.#admits(operation)) this.#enqueue(channel, operation)
  }

  /** Sends at once where nothing of the channel is under way. */
  pass(channel: string, passing: Passing): void {
    if (!this.#admits(passing)) return
    if (this.#queues.has(channel)) this.#enqueue(channel, passing)
    else this.#send(passing)
  }

  /** Nothing is begun any more. What is under way is answered by who sends it. */
  close(): void {
    this.#isClosed = true
    for (const queue of this.#queues.values())
      for (const waiting of queue.splice(0)) {
        this.#room.leave(waiting)
        waiting.fail(CLOSED)
      }
  }

  #admits(waiting: Waiting): boolean {
    const { refusal } = this
    if (refusal === undefined) this.#room.enter(waiting)
    else waiting.fail(refusal)
    return refusal === undefined
  }

  #enqueue(channel: string, waiting: Waiting): void {
    const queue = this.#queues.get(channel)
    if (queue !== undefined) return void queue.push(waiting)
    const own = [waiting]
    this.#queues.set(channel, own)
    this.#next(channel, own)
  }

  /** Begins with the next message of a channel; called when the one before it is done, and not from within it. */
  #next(channel: string, queue: Array<Waiting>): void {
    for (;;) {
      const first = queue[0]
      if (first === undefined) return void this.#queues.delete(channel)
      if (isPassing(first)) {
        queue.shift()
        this.#send(first)
        continue
      }
      const taken = takeTogether(queue, this.bounds)
      const operations = this.#inTime(taken)
      if (operations.length > 0)
        return this.#begin(channel, operations, () => {
          this.#leave(taken)
          this.#next(channel, queue)
        })
      this.#leave(taken)
    }
  }

  #leave(taken: ReadonlyArray<Operation>): void {
    for (const operation of taken) this.#room.leave(operation)
  }

  #send(passing: Passing): void {
    passing.send(() => this.#room.leave(passing))
  }

  #begin(channel: string, operations: ReadonlyArray<Operation>, done: () => void): void {
    try {
      if (this.#isSentAtOnce(channel, operations, done)) return
    } catch {
      // It fails in the same way below, and there it is said.
    }
    this.#slowly(channel, operations, 0, done)
  }

  /** False: something has to be asked or waited for. */
  #isSentAtOnce(channel: string, operations: ReadonlyArray<Operation>, done: () => void): boolean {
    const top = this.tops.get(channel)
    const isChecked = operations.some(({ check }) => check !== undefined)
    if (top === undefined || isChecked || !this.turns.isOurs(channel)) return false
    const message = this.#messageOf(channel, operations, top)
    if (!message.draft.isChanged) return false
    this.#append(message, (appended) => {
      if (appended._tag === "overtaken" || appended._tag === "nowhere")
        return this.#slowly(channel, operations, 1, done)
      try {
        this.#settle(message, appended)
      } catch (error) {
        this.#fail(channel, operations, FAILED)
        throw error
      } finally {
        done()
      }
    })
    return true
  }

  #messageOf(channel: string, operations: ReadonlyArray<Operation>, top: Top): Message {
    const draft = new Draft(top, this.now())
    return { channel, operations, draft, settled: operations.map(({ plan }) => plan(draft)) }
  }

  #append({ channel, operations, draft }: Message, done: (appended: Appended) => void): void {
    const { bytes, withdraw, stands } = this.outgoing(channel, draft)
    const { id } = operations[0]!
    this.logs.append(channel, bytes, draft.top.seq, id === "" ? undefined : id, (appended) => {
      if (appended._tag === "overtaken" || appended._tag === "nowhere") this.tops.forget(channel)
      try {
        if (appended._tag === "stored") stands()
        else withdraw()
      } finally {
        done(appended)
      }
    })
  }

  #settle(
    { channel, operations, draft, settled }: Message,
    appended: Exclude<Appended, Overtaken | Nowhere>
  ): void {
    if (appended._tag === "failed") return this.#fail(channel, operations, appended.error)
    if (appended._tag === "known") return operations[0]!.repeat(appended.seq)
    this.messages++
    // What another node wrote behind it may have been heard before NATS answered.
    this.tops.note(channel, { seq: appended.seq, state: draft.state })
    for (const settle of settled) settle()
    if (draft.obsolete > 0) this.fork(Effect.ignore(this.logs.purge(channel, draft.obsolete)))
  }

  /** What became of it is not known. */
  #fail(channel: string, operations: ReadonlyArray<Operation>, error: BrokerUnavailable): void {
    this.tops.forget(channel)
    for (const operation of operations) operation.fail(error)
  }

  /** @param losses how often others came first already */
  #slowly(channel: string, operations: ReadonlyArray<Operation>, losses: number, done: () => void): void {
    const fail = (error: BrokerUnavailable) => this.#fail(channel, operations, error)
    if (this.#isClosed) {
      fail(CLOSED)
      return done()
    }
    this.fork(
      this.#write(channel, operations, losses).pipe(
        Effect.onExit((exit) =>
          Effect.suspend(() => {
            if (Exit.isSuccess(exit)) return Effect.void
            const found = exit.cause.reasons.find(Cause.isFailReason)
            if (found !== undefined) return Effect.sync(() => fail(found.error))
            fail(Cause.hasInterruptsOnly(exit.cause) ? CLOSED : FAILED)
            return Cause.hasInterruptsOnly(exit.cause)
              ? Effect.void
              : Effect.logError("writing the history of a channel failed unexpectedly", exit.cause)
          })
        ),
        Effect.ignoreCause,
        // It may have come to an end before it was even forked.
        Effect.ensuring(Effect.sync(() => queueMicrotask(done)))
      )
    )
  }

  readonly #write = Effect.fnUntraced(function* (
    this: LogWriter,
    channel: string,
    all: ReadonlyArray<Operation>,
    lost: number
  ): Effect.fn.Return<void, BrokerUnavailable> {
    yield* this.turns.wait(channel)
    let operations = all
    let known = lost === 0 ? this.tops.get(channel) : undefined
    let late = TOO_LATE
    for (let losses = lost; ; losses++) {
      operations = this.#inTime(operations, late)
      // What is known of the log may be of one that is gone, and NATS say less all the time.
      if (operations.length === 0) return this.tops.forget(channel)
      const base: Base | undefined = yield* this.#bases.next(channel, operations, known, losses)
      known = undefined
      if (base === undefined) {
        losses--
        yield* Effect.sleep(NOWHERE_RETRY)
        continue
      }
      operations = base.operations
      if (operations.length === 0) return
      const message = this.#messageOf(channel, operations, base.top)
      if (!message.draft.isChanged) {
        if (base.isRead) {
          this.tops.note(channel, base.top)
          for (const settle of message.settled) settle()
          return
        }
        // What this node knows may be old.
        losses--
        continue
      }
      const appended: Appended = yield* Effect.callback<Appended>((resume) =>
        this.#append(message, (appended) => resume(Effect.succeed(appended)))
      )
      if (appended._tag === "nowhere") {
        late = NO_STREAM
        losses--
        yield* Effect.sleep(NOWHERE_RETRY)
      } else if (appended._tag !== "overtaken") return this.#settle(message, appended)
    }
  })

  /** Lets go of those whose time is over; nothing of them was done. */
  #inTime(operations: ReadonlyArray<Operation>, late = TOO_LATE): ReadonlyArray<Operation> {
    const now = this.now()
    if (operations.every(({ deadline }) => deadline > now)) return operations
    for (const operation of operations) if (operation.deadline <= now) operation.fail(late)
    return operations.filter(({ deadline }) => deadline > now)
  }
}
