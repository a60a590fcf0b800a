/**
 * History that outlives the process, over a `Store`: an append stands when it is on disk, and is told then. Streams in use stand in memory with
 * the newest of their entries, so that most readings do not touch the store.
 */
import * as Effect from "effect/Effect"
import type { ChannelEvent, ChannelPublication } from "../../hot/ChannelEvent.ts"
import type { Store, StoreFailed } from "../../store/Store.ts"
import {
  type EntryOptions,
  type History,
  type HistoryFilter,
  type HistoryStore,
  HistoryUnavailable,
  type Published,
  type StreamOptions
} from "../HistoryStore.ts"
import { type DurableStream, type Found, historyOf } from "./DurableStream.ts"
import type { Generations } from "./Generations.ts"
import { type CacheBounds, OpenStreams } from "./OpenStreams.ts"
import * as Operations from "./operations.ts"
import { DUE, ENTRIES, entryOf, minuteOf, storedName } from "./records.ts"
import { type Operation, type WaitingBounds, Writer } from "./Writer.ts"

export interface DurableBounds extends CacheBounds {
  readonly waiting: WaitingBounds
}

export const durableBounds: DurableBounds = {
  streams: 500_000,
  bytes: 2 ** 28,
  waiting: { operations: 65_536, bytes: 2 ** 26 }
}

/** Entries that are read in one turn of the event loop: about 1 ms. */
const READ_TURN = 256
/** Of a stream's entries, those that one reading brings to memory for the next: bytes of their data. */
const MAX_CACHED_READING = 2 ** 22
/** A reading that is made anew so often gives up: the stream ends again and again, or the store lacks what it should have. */
const MAX_ATTEMPTS = 8
/** Streams and keys that one turn of the sweep looks at. */
const SWEEP_TURN = 256
/** How long after its last use a stream leaves memory. */
const UNUSED_MS = 5 * 60_000

export class DurableHistory implements HistoryStore, Operations.Told {
  publications = 0
  suppressed = 0
  readonly streams: OpenStreams
  readonly writer: Writer

  /**
   * @param tell is given each entry when it is on disk, those of one stream in the order of their offsets
   * @param now milliseconds since the epoch
   * @param failed is told of each commit that failed
   */
  constructor(
    readonly store: Store["Service"],
    readonly tell: (event: ChannelEvent) => void,
    readonly now: () => number,
    failed: (detail: string) => Effect.Effect<void>,
    readonly generations: Generations,
    bounds: DurableBounds = durableBounds
  ) {
    this.streams = new OpenStreams(store, bounds, (name) => generations.of(name))
    this.writer = new Writer(this.streams, now, failed, bounds.waiting)
  }

  append = (
    channel: string,
    data: Uint8Array,
    stream: StreamOptions,
    options: EntryOptions
  ): Effect.Effect<Published, HistoryUnavailable> =>
    this.#do((resume) => Operations.append(channel, storedName(channel), data, stream, options, this, resume))

  read = (
    channel: string,
    filter: HistoryFilter,
    stream: StreamOptions
  ): Effect.Effect<History, HistoryUnavailable> =>
    Effect.suspend(() => {
      const name = storedName(channel)
      const known = this.streams.find(name)
      const read = known && this.#readHere(known, filter, stream)
      return read === undefined ? this.#readThere(name, filter, stream) : Effect.succeed(read)
    })

  clear = (channel: string): Effect.Effect<void, HistoryUnavailable> =>
    this.#do((resume) => Operations.clear(storedName(channel), resume))

  /** Tells an event of a channel: behind its publications that are on their way to the disk. */
  follow(event: ChannelEvent): void {
    const name = this.writer.isIdle ? undefined : storedName(event.channel)
    if (name === undefined || !this.writer.isPending(name)) this.tell(event)
    else this.writer.add(Operations.follow(name, () => this.tell(event)))
  }

  /** Removes what is over from the store, and what nobody uses from memory. Ends when nothing more is due. */
  readonly sweep: Effect.Effect<void, HistoryUnavailable> = Effect.suspend(() => this.#sweep())

  /** What memory has of it; undefined where something is missing there. */
  #readHere(stream: DurableStream, filter: HistoryFilter, options: StreamOptions): History | undefined {
    const now = this.now()
    const found = stream.alive(now) && stream.look(filter, now)
    if (found === undefined || found.missing !== undefined) return undefined
    this.#use(stream, options, now)
    return historyOf(found, [], filter.isReverse === true)
  }

  #readThere(
    name: string,
    filter: HistoryFilter,
    options: StreamOptions
  ): Effect.Effect<History, HistoryUnavailable> {
    return Effect.acquireUseRelease(
      this.streams.take(name),
      (stream) => this.#readStream(stream, filter, options),
      (stream) => Effect.sync(() => this.streams.release(stream))
    ).pipe(Effect.catchTag("StoreFailed", unavailable))
  }

  /**
   * Its answer is of the moment at which it finds out what is missing in memory. What was kept then is in the store when it is read right
   * away; a long reading lets others go on in between, who may remove entries before it has come to them: then it is made anew, in one go.
   */
  readonly #readStream = Effect.fnUntraced(function* (
    this: DurableHistory,
    stream: DurableStream,
    filter: HistoryFilter,
    options: StreamOptions
  ) {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const now = this.now()
      if (stream.alive(now) === undefined) {
        yield* this.#do<void>((resume) => Operations.begin(stream.name, options, resume))
        continue
      }
      const found = stream.look(filter, now)
      const turn = attempt === 0 ? READ_TURN : Number.POSITIVE_INFINITY
      const older = yield* this.#fetch(stream.name, found, turn)
      if (older === undefined) continue
      this.#use(stream, options, now)
      this.#keep(stream, found, older)
      return historyOf(found, older, filter.isReverse === true)
    }
    return yield* new HistoryUnavailable({ detail: "the stream changes faster than it can be read" })
  })

  /** What is missing in memory; undefined where it is not there any more. */
  readonly #fetch = Effect.fnUntraced(function* (
    this: DurableHistory,
    name: string,
    { record: { base }, missing }: Found,
    turn: number
  ) {
    const found: Array<ChannelPublication> = []
    if (missing === undefined) return found
    for (let at = missing.from; at <= missing.to; at += turn) {
      if (at > missing.from) yield* Effect.yieldNow
      const end = Math.min(missing.to + 1, at + turn)
      const entries = yield* this.store.range(ENTRIES, { from: [name, base + at], to: [name, base + end] })
      for (const [key, value] of entries) found.push(entryOf(value, (key[1] as number) - base))
      if (entries.length < end - at) return undefined
    }
    return found
  })

  /** Keeps what was read for the next reading, where it goes on to what is in memory. */
  #keep(stream: DurableStream, { record }: Found, older: ReadonlyArray<ChannelPublication>): void {
    if (stream.record === undefined || stream.record.epoch !== record.epoch) return
    const { first, offset } = stream.record
    const next = stream.tail.first ?? offset + 1
    const kept = older.filter((one) => one.offset >= first && one.offset < next)
    const bytes = kept.reduce((sum, { data }) => sum + data.byteLength, 0)
    if (kept.at(-1)?.offset !== next - 1 || bytes > MAX_CACHED_READING) return
    this.streams.change(stream, () => stream.tail.prepend(kept))
  }

  #use(stream: DurableStream, options: StreamOptions, now: number): void {
    this.streams.use(stream, now)
    if (stream.touch(now, options)) this.#writeTouch(stream)
  }

  #writeTouch(stream: DurableStream): void {
    stream.isTouching = true
    this.writer.add(
      Operations.touch(stream.name, stream.until, () => {
        stream.isTouching = false
      })
    )
  }

  readonly #sweep = Effect.fnUntraced(function* (this: DurableHistory) {
    const now = this.now()
    this.streams.dropUnused(now - UNUSED_MS, (stream) => {
      const isUnwritten = stream.saved !== undefined && stream.until - stream.saved.until > UNUSED_MS
      if (isUnwritten && !stream.isTouching) this.#writeTouch(stream)
      return isUnwritten
    })
    yield* Effect.catchTag(this.generations.save, "StoreFailed", unavailable)
    while (true) {
      const range = this.store.range(DUE, { to: [minuteOf(now) + 1], limit: SWEEP_TURN })
      const due = yield* Effect.catchTag(range, "StoreFailed", unavailable)
      if (due.length === 0) return
      yield* Effect.forEach(
        due,
        ([[minute, name, key]]) => this.#lookAt(minute as number, name as string, key as string | undefined),
        { concurrency: "unbounded", discard: true }
      )
    }
  })

  readonly #lookAt = Effect.fnUntraced(function* (
    this: DurableHistory,
    minute: number,
    name: string,
    key: string | undefined
  ) {
    const look =
      key === undefined
        ? this.#do<boolean>((resume) => Operations.look(name, minute, resume))
        : this.#do<boolean>((resume) => Operations.lookAtKey(name, key, minute, resume))
    while (!(yield* look));
  })

  #do<A>(operation: (resume: (outcome: Effect.Effect<A, HistoryUnavailable>) => void) => Operation) {
    return Effect.callback<A, HistoryUnavailable>((resume) => this.writer.add(operation(resume)))
  }
}

const unavailable = ({ message }: StoreFailed): Effect.Effect<never, HistoryUnavailable> =>
  Effect.fail(new HistoryUnavailable({ detail: message }))
