/**
 * The channels that this node hears: one subscription at NATS for each, however many subscribers there are. What comes goes on in the order of the
 * log; what was missed, while the connection was down or on any other way, is read from the log before anything that comes after it.
 */
import type { Msg, Subscription } from "@nats-io/transport-node"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import { Tail } from "../../history/Tail.ts"
import type { ChannelPublication } from "../../hot/ChannelEvent.ts"
import { sequenceOf } from "../../nats/Listener.ts"
import type { NatsLink } from "../../nats/NatsLink.ts"
import { BrokerUnavailable } from "../Broker.ts"
import { type ChannelLogs, topOf } from "./ChannelLogs.ts"
import { Ear, type LogMessage } from "./Ear.ts"
import type { Stored } from "./LogPart.ts"
import type { LogReader } from "./LogReader.ts"
import type { LogRecord, Origin, PassingRecord } from "./records.ts"
import { recordOfBytes } from "./records.ts"
import type { Tops } from "./Tops.ts"

/** Logs of a namespace that are looked at together. */
const SYNCS_AT_ONCE = 64
/** Attempts to read what was missed, while the connection stands, and the time between them. */
const SYNC_ATTEMPTS = 5
const SYNC_RETRY = "500 millis"
/** Time for what was seen to be ahead to come by itself. */
const GRACE = "1 second"
/** Bytes of the newest publications that are kept for readers, of all channels. */
export const TAIL_BYTES = 256 * 2 ** 20

interface Heard {
  readonly ear: Ear
  readonly subscription: Subscription
  isReady: boolean
}

/** Where what is heard goes. */
export interface Hearing {
  readonly publication: (
    channel: string,
    publication: ChannelPublication,
    epoch: string,
    origin: Origin,
    at: number,
    record: LogRecord
  ) => void
  readonly passing: (channel: string, record: PassingRecord) => void
  /** Nobody hears the channel any more. */
  readonly left: (channel: string) => void
}

export class Ears {
  /** Since start: times that something was missed and read, and messages that cannot be read. */
  syncs = 0
  unreadable = 0
  tailBytes = 0
  readonly #heard = new Map<string, Heard>()
  /** Those with a tail; who was read last stands last. */
  readonly #tails = new Set<Ear>()
  /** Those that miss something which cannot be read before the connection is back. */
  readonly #stalled = new Set<Ear>()
  /** By the namespace: each has a stream of its own, which may not answer. */
  readonly #rooms = new Map<string | undefined, Semaphore.Semaphore>()

  constructor(
    readonly link: NatsLink["Service"],
    readonly logs: ChannelLogs,
    readonly reader: LogReader,
    readonly tops: Tops,
    readonly hearing: Hearing,
    readonly fork: (effect: Effect.Effect<void>) => unknown,
    readonly interestKnown: Effect.Effect<void> = Effect.void,
    readonly tailBound = TAIL_BYTES
  ) {}

  get size(): number {
    return this.#heard.size
  }

  find(channel: string): Ear | undefined {
    const heard = this.#heard.get(channel)
    return heard?.isReady === true ? heard.ear : undefined
  }

  /** Whether what is sent now will come here. */
  hears(channel: string): boolean {
    return this.#heard.has(channel)
  }

  /**
   * Succeeds when NATS has the subscription, wherever another node publishes, and this node knows where the channel's log stands: what was
   * published before it was had is in there.
   */
  subscribe(channel: string): Effect.Effect<void, BrokerUnavailable> {
    return Effect.suspend(() => {
      const known = this.#heard.get(channel)
      if (known?.isReady === true) return Effect.void
      const heard = known ?? this.#open(channel)
      return this.link.flushed.pipe(
        Effect.andThen(this.interestKnown),
        Effect.andThen(this.#begin(channel, heard.ear)),
        Effect.tap(() =>
          Effect.sync(() => {
            heard.isReady = true
          })
        ),
        Effect.onError(() => Effect.sync(() => this.#close(channel, heard)))
      )
    })
  }

  unsubscribe(channel: string): void {
    const heard = this.#heard.get(channel)
    if (heard !== undefined) this.#close(channel, heard)
  }

  /** Looks at all of them: what they missed while the connection was down follows. */
  syncAll(): void {
    for (const { ear } of this.#heard.values()) {
      const isStalled = this.#stalled.delete(ear)
      if (isStalled) this.#run(ear)
      else this.#sync(ear)
    }
  }

  /** A reader saw where the log stands. */
  noticed(ear: Ear, stored: Stored): void {
    if (ear.isSyncing || ear.isDoubted || !isAhead(stored, ear)) return
    ear.isDoubted = true
    this.#later(() => {
      ear.isDoubted = false
      this.#syncUpTo(ear, stored)
    })
  }

  /** Begins to keep the newest publications of a channel; its reader fills in what is older. */
  keepTail(ear: Ear): Tail {
    this.#tails.delete(ear)
    this.#tails.add(ear)
    ear.tail ??= new Tail()
    return ear.tail
  }

  /** To be called when a tail was changed. @param before bytes that it had */
  tailChanged(ear: Ear, before: number): void {
    this.tailBytes += (ear.tail?.bytes ?? 0) - before
    for (const oldest of this.#tails) {
      if (this.tailBytes <= this.tailBound) return
      this.#dropTail(oldest)
    }
  }

  /** Of the channels that are heard now. */
  *all(): Generator<Ear> {
    for (const { ear } of this.#heard.values()) yield ear
  }

  /** Whether its log has more than was heard; while the connection is down nobody knows. */
  look(ear: Ear): Effect.Effect<void> {
    if (!this.link.isUp()) return Effect.void
    return Effect.ignore(Effect.map(this.logs.last(ear.channel), (stored) => this.noticed(ear, stored)))
  }

  #open(channel: string): Heard {
    const ear: Ear = new Ear(channel, {
      publication: (...args) => this.hearing.publication(channel, ...args),
      passing: (record) => this.hearing.passing(channel, record),
      missing: () => this.#run(ear),
      early: () => this.#later(() => this.#release(ear))
    })
    const subscription = this.link.listen(this.link.subjects.live(channel), (message) =>
      this.#offer(ear, message)
    )
    const heard = { ear, subscription, isReady: false }
    this.#heard.set(channel, heard)
    return heard
  }

  #close(channel: string, heard: Heard): void {
    if (this.#heard.get(channel) !== heard) return
    this.#heard.delete(channel)
    this.#stalled.delete(heard.ear)
    if (!heard.subscription.isClosed()) heard.subscription.unsubscribe()
    this.#dropTail(heard.ear)
    this.hearing.left(channel)
  }

  #begin(channel: string, ear: Ear): Effect.Effect<void, BrokerUnavailable> {
    if (this.logs.namespaceOf(channel) === undefined) return Effect.void
    return Effect.map(this.logs.last(channel), (stored) => {
      this.tops.note(channel, topOf(stored))
      ear.begin(stored)
    })
  }

  #offer(ear: Ear, message: Msg): void {
    const record = recordOfBytes(message.data)
    const seq = sequenceOf(message)
    const before = ear.tail?.bytes ?? 0
    if (record === undefined || (record.kind === "log" && seq === 0)) this.unreadable++
    else if (record.kind !== "log") ear.offerPassing(record)
    else {
      this.tops.note(ear.channel, { seq, state: record.state })
      ear.offerLog({ seq, record })
    }
    this.tailChanged(ear, before)
  }

  #dropTail(ear: Ear): void {
    this.#tails.delete(ear)
    this.tailBytes -= ear.tail?.bytes ?? 0
    ear.tail = undefined
  }

  /** When what was seen to be ahead has had its time to come. */
  #later(then: () => void): void {
    this.fork(Effect.andThen(Effect.sleep(GRACE), Effect.sync(then)))
  }

  #syncUpTo(ear: Ear, stored: Stored): void {
    if (isAhead(stored, ear)) this.#sync(ear)
  }

  #release(ear: Ear): void {
    if (ear.held > 0) this.#sync(ear)
  }

  #sync(ear: Ear): void {
    if (ear.isSyncing || ear.heard === undefined) return
    ear.isSyncing = true
    this.#run(ear)
  }

  #run(ear: Ear): void {
    const namespace = this.logs.namespaceOf(ear.channel)
    const room = this.#rooms.get(namespace) ?? Semaphore.makeUnsafe(SYNCS_AT_ONCE)
    this.#rooms.set(namespace, room)
    this.fork(room.withPermit(this.#catchUp(ear)))
  }

  #isGone(ear: Ear): boolean {
    return this.#heard.get(ear.channel)?.ear !== ear
  }

  /** Reads what is missing, and lets what came meanwhile follow. While the connection is down it waits for the next look. */
  readonly #catchUp = Effect.fnUntraced(function* (this: Ears, ear: Ear) {
    for (let attempt = 1; ; attempt++) {
      if (this.#isGone(ear)) return
      const isDone = yield* Effect.match(this.#readMissing(ear), {
        onFailure: () => false,
        onSuccess: () => true
      })
      if (this.#isGone(ear)) return
      if (!isDone && attempt < SYNC_ATTEMPTS && this.link.isUp()) {
        yield* Effect.sleep(SYNC_RETRY)
        continue
      }
      if (!isDone && !this.link.isUp()) return void this.#stalled.add(ear)
      const before = ear.tail?.bytes ?? 0
      const isBehind = ear.release()
      this.tailChanged(ear, before)
      if (!isBehind) return
    }
  })

  readonly #readMissing = Effect.fnUntraced(function* (
    this: Ears,
    ear: Ear
  ): Effect.fn.Return<void, BrokerUnavailable> {
    const { channel } = ear
    const last = yield* this.logs.last(channel)
    const state = last.record?.state
    const { heard } = ear
    if (heard === undefined || !isAhead(last, ear)) return
    this.syncs++
    if (heard.epoch !== "" && heard.epoch !== (state?.epoch ?? "")) ear.restart()
    const known = ear.heard!
    if (state === undefined || last.record === undefined) return
    const isOnlyLast = state.offset - last.record.entries.length <= known.offset
    const messages: ReadonlyArray<Stored> = isOnlyLast
      ? [last]
      : yield* this.reader.read({ channel, after: known, last })
    if (this.#isGone(ear)) return
    const before = ear.tail?.bytes ?? 0
    ear.takeMissing(messages.filter((one): one is LogMessage => one.record?.state.epoch === state.epoch))
    this.tailChanged(ear, before)
    if (ear.heard!.seq < last.seq)
      return yield* Effect.fail(new BrokerUnavailable({ detail: "a history was purged while it was read" }))
  })
}

/** Whether the log, which ended so, has something that was not heard: more of it, or another life. */
const isAhead = ({ seq, record }: Stored, { heard }: Ear): boolean =>
  heard === undefined || seq > heard.seq || (record?.state.epoch ?? "") !== heard.epoch
