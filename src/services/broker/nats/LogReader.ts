/**
 * Reads parts of logs in the way that costs least. A few messages are asked for one by one, as marks say where they stand; more of them are read with
 * a consumer, for which NATS looks at all messages of the stream from there on; and where many parts wait, as when everyone comes back at once, one
 * consumer reads the stream for all of them.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type { NatsLink } from "../../nats/NatsLink.ts"
import { readStream } from "../../nats/readStream.ts"
import { BrokerUnavailable } from "../Broker.ts"
import type { ChannelLogs } from "./ChannelLogs.ts"
import { askingCost, consumerCost, type LogPart, type Stored } from "./LogPart.ts"
import { Lot, lotOf, type Waiting } from "./Lot.ts"
import { NEAR } from "./marks.ts"
import { Sweep } from "./Sweep.ts"

type Messages = ReadonlyArray<Stored>

const CLOSED = new BrokerUnavailable({ detail: "the service ends" })

/** Readings of a stream under way: each has a leader of its own, and one that does not answer keeps no other waiting. */
const READINGS_AT_ONCE = 16
/** Parts that somebody waits for, read now or later. */
export const MAX_WAITING = 20_000

/** What is read of one stream. */
interface Line {
  /** By length and place; who was served last stands last. */
  readonly lots: Map<string, Lot>
  underWay: number
}

export class LogReader {
  /** By the stream: one for each namespace. */
  readonly #lines = new Map<string, Line>()
  #waiting = 0
  #isClosed = false

  constructor(
    readonly link: NatsLink["Service"],
    readonly logs: ChannelLogs,
    readonly fork: (effect: Effect.Effect<void>) => unknown
  ) {}

  get waiting(): number {
    return this.#waiting
  }

  /** Oldest first. Those that are gone are missing; where the last ones are, it was purged meanwhile. */
  read(part: LogPart): Effect.Effect<Messages, BrokerUnavailable> {
    return Effect.suspend(() => {
      if (this.#isClosed) return Effect.fail(CLOSED)
      if (this.#waiting >= MAX_WAITING) {
        const detail = `${this.#waiting} readings of histories wait for NATS already`
        return Effect.fail(new BrokerUnavailable({ detail }))
      }
      this.#waiting++
      const found: Waiting["found"] = Deferred.makeUnsafe()
      const line = this.#lineOf(part)
      const leave = this.#add(line, { part, found })
      this.#next(line)
      const done = Effect.sync(() => this.#waiting--)
      return Deferred.await(found).pipe(
        Effect.onInterrupt(() => leave),
        Effect.ensuring(done)
      )
    })
  }

  /** Nothing is begun any more, and what waits is refused. */
  close(): void {
    this.#isClosed = true
    for (const { lots } of this.#lines.values()) {
      for (const lot of lots.values())
        for (const { found } of lot.empty()) Deferred.doneUnsafe(found, Effect.fail(CLOSED))
      lots.clear()
    }
  }

  #lineOf({ channel }: LogPart): Line {
    const stream = this.logs.streamOf(channel)
    const line = this.#lines.get(stream) ?? { lots: new Map(), underWay: 0 }
    this.#lines.set(stream, line)
    return line
  }

  /** What it answers is for who waits no more. */
  #add({ lots }: Line, one: Waiting): Effect.Effect<void> {
    const key = lotOf(one.part)
    const lot = lots.get(key) ?? new Lot()
    lots.set(key, lot)
    const rest = lot.sweep === undefined ? one : lot.sweep.join(one)
    if (rest === undefined) return Effect.void
    lot.add(rest)
    return Effect.sync(() => void lot.remove(rest))
  }

  #next(line: Line): void {
    const { lots } = line
    for (const [key, lot] of lots) {
      if (line.underWay >= READINGS_AT_ONCE) return
      if (lot.sweep !== undefined) continue
      lots.delete(key)
      const taken = lot.take()
      if (taken.length === 0) continue
      // Behind the others: the loop, which follows the map as it changes, comes to it again.
      lots.set(key, lot)
      this.#begin(line, lot, taken)
    }
  }

  #begin(line: Line, lot: Lot, taken: ReadonlyArray<Waiting>): void {
    const [first, second] = taken
    line.underWay++
    const done = Effect.sync(() => {
      line.underWay--
      // What is forked may end at once: from here it would go as deep as there are parts.
      queueMicrotask(() => this.#next(line))
    })
    const reading = second === undefined ? this.#one(first!) : this.#sweep(line, lot, taken)
    this.fork(Effect.ensuring(reading, done))
  }

  #one({ part, found }: Waiting): Effect.Effect<void> {
    const asking = askingCost(part) <= consumerCost(part) ? this.#ask(part) : Effect.succeed(undefined)
    return asking.pipe(
      Effect.flatMap((messages) => (messages === undefined ? this.#consume(part) : Effect.succeed(messages))),
      Deferred.into(found),
      Effect.asVoid
    )
  }

  /** Follows the marks back; undefined where that leads nowhere. */
  readonly #ask = Effect.fnUntraced(function* (
    this: LogReader,
    { channel, after, last }: LogPart
  ): Effect.fn.Return<Messages | undefined, BrokerUnavailable> {
    const found = [last]
    for (;;) {
      const marks = found[0]!.record?.state.marks
      if (marks === undefined) return undefined
      const near = marks.slice(-NEAR)
      // A mark that does not lie before its message is none of ours.
      const wanted = near.filter(
        ({ seq, offset }) => seq > after.seq && offset > after.offset && seq < found[0]!.seq
      )
      const asked = yield* Effect.forEach(wanted, ({ seq }) => this.logs.at(channel, seq), {
        concurrency: "unbounded"
      })
      const kept = asked.slice(asked.findLastIndex(({ seq }) => seq === 0) + 1)
      found.unshift(...kept)
      const isBeforeGone = kept.length < asked.length
      const isAtBeginning = wanted.length < near.length
      if (isBeforeGone || isAtBeginning) return found
      // Marks go back as far as publications count, and this part goes further.
      if (near.length < NEAR) return undefined
    }
  })

  #consume({ channel, after, last }: LogPart): Effect.Effect<Messages, BrokerUnavailable> {
    return Effect.suspend(() => {
      const found: Array<Stored> = []
      const reading = {
        stream: this.logs.streamOf(channel),
        subject: this.logs.subjectOf(channel),
        from: after.seq + 1,
        to: () => last.seq
      }
      this.logs.reads++
      return Effect.as(
        readStream(this.link, reading, (seq, _, data) => {
          if (seq <= last.seq) found.push(this.logs.read(seq, data))
        }),
        found
      )
    })
  }

  #sweep(line: Line, lot: Lot, taken: ReadonlyArray<Waiting>): Effect.Effect<void> {
    const sweep = new Sweep(this.logs, taken)
    lot.sweep = sweep
    const end = (exit: Exit.Exit<void, BrokerUnavailable>) =>
      Effect.sync(() => {
        lot.sweep = undefined
        for (const one of sweep.end(exit))
          if (this.#isClosed) Deferred.doneUnsafe(one.found, Effect.fail(CLOSED))
          else this.#add(line, one)
      })
    const { channel } = taken[0]!.part
    const reading = {
      stream: this.logs.streamOf(channel),
      subject: this.logs.patternOf(channel),
      from: sweep.after + 1,
      to: () => sweep.last
    }
    this.logs.reads++
    return readStream(this.link, reading, (seq, subject, data) => sweep.offer(seq, subject, data)).pipe(
      Effect.onExit(end),
      Effect.ignore
    )
  }
}
