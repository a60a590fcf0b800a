/**
 * The durable streams that are in use. Those that nobody uses are forgotten, and read from the store when they are used again: memory is
 * proportional to the channels in use, and bounded.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { Store, StoreFailed } from "../../store/Store.ts"
import { DurableStream } from "./DurableStream.ts"
import { STREAMS, type StreamRecord } from "./records.ts"

export interface CacheBounds {
  /** Streams in memory. Beyond it the one that was not used for longest is forgotten. */
  readonly streams: number
  /** Bytes of all entries in memory. Beyond it the streams that were not used for longest are forgotten. */
  readonly bytes: number
}

export class OpenStreams {
  /** Entries in memory, and the bytes that they take. */
  entries = 0
  bytes = 0
  /** The least recently used one comes first. */
  readonly #streams = new Map<string, DurableStream>()
  readonly #loading = new Map<string, Deferred.Deferred<void, StoreFailed>>()

  constructor(
    readonly store: Store["Service"],
    readonly bounds: CacheBounds,
    /** Of a stream's namespace, by the name of the stream. */
    readonly generationOf: (name: string) => string
  ) {}

  get size(): number {
    return this.#streams.size
  }

  /** One that may be used at once. */
  find(name: string): DurableStream | undefined {
    const stream = this.#streams.get(name)
    return stream?.isDoubtful === true ? undefined : stream
  }

  /** The channel's stream, which stays in memory until `release`; and longer where it is used meanwhile. */
  take(name: string): Effect.Effect<DurableStream, StoreFailed> {
    return Effect.suspend(() => {
      const stream = this.find(name)
      if (stream === undefined) return Effect.andThen(this.#load(name), this.take(name))
      stream.pins++
      return Effect.succeed(stream)
    })
  }

  /** It is in use now. */
  use(stream: DurableStream, now: number): void {
    stream.usedAt = now
    this.#streams.delete(stream.name)
    this.#streams.set(stream.name, stream)
  }

  release(stream: DurableStream): void {
    stream.pins--
    if (stream.pins === 0 && stream.usedAt === undefined) this.#drop(stream)
  }

  /** Does something that may change how much of the stream is in memory. */
  change(stream: DurableStream, change: () => void): void {
    const { size, bytes } = stream.tail
    change()
    this.entries += stream.tail.size - size
    this.bytes += stream.tail.bytes - bytes
    if (this.bytes > this.bounds.bytes) this.#makeRoom(stream)
  }

  /** Forgets those that were not used since. @param keep is asked whether one has to stay */
  dropUnused(since: number, keep: (stream: DurableStream) => boolean): void {
    for (const stream of this.#streams.values()) {
      if (stream.usedAt !== undefined && stream.usedAt >= since) return
      if (stream.pins === 0 && !keep(stream)) this.#drop(stream)
    }
  }

  /** Everyone who needs it waits for one reading. */
  #load(name: string): Effect.Effect<void, StoreFailed> {
    const loading = this.#loading.get(name)
    if (loading !== undefined) return Deferred.await(loading)
    const loaded = Deferred.makeUnsafe<void, StoreFailed>()
    this.#loading.set(name, loaded)
    return this.store.get(STREAMS, [name]).pipe(
      Effect.map((value) => this.#loaded(name, value as StreamRecord | undefined)),
      Effect.onExit((exit) =>
        Effect.sync(() => {
          this.#loading.delete(name)
          Deferred.doneUnsafe(loaded, exit)
        })
      ),
      // Others wait for it, too.
      Effect.uninterruptible
    )
  }

  #loaded(name: string, record: StreamRecord | undefined): void {
    const known = this.#streams.get(name)
    if (known !== undefined) return this.change(known, () => known.verify(record))
    if (this.#streams.size >= this.bounds.streams) this.#dropOldest()
    this.#streams.set(name, new DurableStream(name, record, this.generationOf(name)))
  }

  #dropOldest(): void {
    for (const stream of this.#streams.values()) {
      if (stream.pins > 0) continue
      this.#drop(stream)
      return
    }
  }

  #drop(stream: DurableStream): void {
    if (!this.#streams.delete(stream.name)) return
    this.entries -= stream.tail.size
    this.bytes -= stream.tail.bytes
  }

  #makeRoom(own: DurableStream): void {
    for (const stream of this.#streams.values()) {
      if (this.bytes <= this.bounds.bytes) return
      if (stream !== own && stream.pins === 0) this.#drop(stream)
    }
    if (this.bytes > this.bounds.bytes) this.change(own, () => own.tail.clear())
  }
}
