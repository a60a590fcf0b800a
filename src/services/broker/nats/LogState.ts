/**
 * The log of a channel: what its messages at NATS say of it, as a state machine.
 *
 * Each message carries publications and the state after them. Whoever publishes knows the last message's state, works out the next one with a
 * `Draft`, and has it stored only if the known message is still the last one. So all nodes agree on every offset without talking to
 * each other, and what counts is decided by the state, never by what the server happens to keep.
 */
import { makeEpoch } from "../../history/epoch.ts"
import type { EntryOptions, Published, StreamOptions } from "../../history/HistoryStore.ts"
import { publicationOf } from "../../history/publicationOf.ts"
import type { ChannelPublication, StreamPosition } from "../../hot/ChannelEvent.ts"
import type { Delivery } from "../../hot/Publication.ts"
import { type Mark, markBefore, marked, withoutGone } from "./marks.ts"

/** Where a log stands after a message. Times are milliseconds since the epoch, by the clock of the node that wrote it. */
export interface LogState extends StreamPosition {
  /** Offset of the oldest entry that counts; one above `offset` where none does. */
  readonly first: number
  readonly entriesUntil: number
  /** Not used until then, it is over: the channel begins another one. */
  readonly until: number
  readonly version: number
  readonly versionEpoch: string
  /** Where the messages before this one stand, oldest first. */
  readonly marks: ReadonlyArray<Mark>
}

/** The last message of a channel. */
export interface Top {
  /** In its stream at NATS; 0: there is none. */
  readonly seq: number
  /** Undefined: there is no log, or it cannot be read. */
  readonly state: LogState | undefined
}

/** A use that is written down later than this part of `metaTtl` after the one before; a log is kept longer by as much. */
const USE_STEP = 8
/** Uses that are written down between two publications, at most, while what is before them counts. */
export const usesBetween = ({ ttlMs, metaTtlMs }: Pick<StreamOptions, "ttlMs" | "metaTtlMs">): number =>
  Math.min(USE_STEP + 1, Math.ceil((USE_STEP * ttlMs) / metaTtlMs))

/** What counts no more is let go of when it is so many publications, or this part of the history's size. */
const PURGE_STEP = 500
const PURGES_PER_HISTORY = 4

/** The state, unless it is over. */
export const alive = (state: LogState | undefined, now: number): LogState | undefined =>
  state !== undefined && state.until > now ? state : undefined

/** Offset of the oldest entry that counts now; one above the state's offset where none does. */
export const firstOf = ({ first, offset, entriesUntil }: LogState, now: number): number =>
  entriesUntil > now ? first : offset + 1

/** Whether a use now is to be written down. */
export const isUseDue = ({ until }: LogState, now: number, { metaTtlMs }: StreamOptions): boolean =>
  until < now + metaTtlMs

const keptUntil = (now: number, { metaTtlMs }: StreamOptions): number =>
  Math.ceil(now + metaTtlMs + metaTtlMs / USE_STEP)

/** Those of the message that follows. Where there were none, all that counts is in the last message, at that sequence. */
const marksAfter = ({ marks, first, offset }: LogState, seq: number): ReadonlyArray<Mark> =>
  marked(marks.length === 0 ? [{ offset: first - 1, seq: seq - 1 }] : marks, { offset, seq })

/** The next message of a log, while it is put together. */
export class Draft {
  readonly entries: Array<ChannelPublication> = []
  /** What is to become of each entry here. */
  readonly deliveries: Array<Delivery | undefined> = []
  /** Ids of their keys, of those that have to say it. */
  readonly keys: Array<string | undefined> = []
  /** Whether there is anything to be written. */
  isChanged = false
  /** Messages up to this sequence hold nothing that counts any more; 0: nothing new of this kind. */
  obsolete = 0
  #state: LogState | undefined

  /** @param now milliseconds since the epoch */
  constructor(
    readonly top: Top,
    readonly now: number
  ) {
    const known = alive(top.state, now)
    this.#state = known && { ...known, marks: marksAfter(known, top.seq) }
  }

  /** Undefined: there is no log. */
  get state(): LogState | undefined {
    return this.#state
  }

  /** It is used: begun if need be. */
  open(stream: StreamOptions): LogState {
    const known = this.#state
    if (known === undefined) {
      this.obsolete = this.top.seq
      return this.#change({
        ...{ epoch: makeEpoch(), offset: 0, first: 1, entriesUntil: 0, version: 0, versionEpoch: "" },
        ...{ until: keptUntil(this.now, stream), marks: [] }
      })
    }
    return isUseDue(known, this.now, stream)
      ? this.#change({ ...known, until: this.#until(known, stream) })
      : known
  }

  /** @param key id of its idempotency key, where it is to say it */
  publish(data: Uint8Array, stream: StreamOptions, options: EntryOptions, key?: string): Published {
    const known = this.open(stream)
    const { version = 0, versionEpoch = "" } = options
    if (version !== 0 && versionEpoch === known.versionEpoch && version <= known.version)
      return { offset: known.offset, epoch: known.epoch, isSuppressed: true }
    const offset = known.offset + 1
    this.entries.push(publicationOf(offset, data, options, this.now))
    this.deliveries.push(options.delivery)
    this.keys.push(key)
    const first = Math.max(firstOf(known, this.now), offset - stream.size + 1)
    const entriesUntil = Math.ceil(this.now + stream.ttlMs)
    this.#letGo(known, first, stream.size)
    this.#change({
      ...known,
      ...(version === 0 ? {} : { version, versionEpoch }),
      ...{ offset, first, entriesUntil },
      until: Math.max(entriesUntil, this.#until(known, stream)),
      marks: withoutGone(known.marks, first)
    })
    return { offset, epoch: known.epoch, isSuppressed: false }
  }

  /** Lets go of all entries; the position stays. */
  clear(): void {
    const known = this.#state
    if (known === undefined || firstOf(known, this.now) > known.offset) return
    this.obsolete = this.top.seq
    this.#change({ ...known, first: known.offset + 1, marks: known.marks.slice(-1) })
  }

  #until({ until }: LogState, stream: StreamOptions): number {
    return Math.max(until, keptUntil(this.now, stream))
  }

  #letGo(known: LogState, first: number, size: number): void {
    const step = Math.max(PURGE_STEP, Math.ceil(size / PURGES_PER_HISTORY))
    if (Math.floor(first / step) === Math.floor(known.first / step)) return
    this.obsolete = Math.max(this.obsolete, markBefore(known.marks, first)?.seq ?? 0)
  }

  #change(state: LogState): LogState {
    this.isChanged = true
    this.#state = state
    return state
  }
}
