/**
 * Reads histories. The last message of a log says where it stands and what counts at this moment; the publications come from the same message, from
 * what this node has heard itself, or from NATS, then once for all who read the channel at the same time.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { type Wanted, wantedOf } from "../../history/wanted.ts"
import type { ChannelPublication, StreamPosition } from "../../hot/ChannelEvent.ts"
import { BrokerUnavailable, type History, type HistoryFilter, type StreamOptions } from "../Broker.ts"
import { type ChannelLogs, topOf } from "./ChannelLogs.ts"
import type { Ears } from "./Ears.ts"
import type { Stored } from "./LogPart.ts"
import type { LogReader } from "./LogReader.ts"
import { alive, firstOf, isUseDue, type LogState } from "./LogState.ts"
import { markBefore } from "./marks.ts"
import type { LogRecord } from "./records.ts"
import type { Tops } from "./Tops.ts"

/** Readings of one history that come to nothing, as it changes meanwhile or NATS has lost it, and the time between them. */
const ATTEMPTS = 4
const RETRY = "50 millis"

/** A log that can be read: its last message. */
interface Standing {
  readonly seq: number
  readonly state: LogState
  readonly record: LogRecord
}

interface Reading {
  readonly from: number
  readonly seq: number
  readonly publications: Deferred.Deferred<ReadonlyArray<ChannelPublication>, BrokerUnavailable>
}

export class Histories {
  #isClosed = false
  /** Under way, the newest one of each channel. */
  readonly #readings = new Map<string, Reading>()

  /**
   * @param open writes down that a channel is used, and begins its log if need be
   */
  constructor(
    readonly logs: ChannelLogs,
    readonly reader: LogReader,
    readonly ears: Ears,
    readonly tops: Tops,
    readonly now: () => number,
    readonly open: (channel: string, stream: StreamOptions) => Effect.Effect<void, BrokerUnavailable>,
    readonly fork: (effect: Effect.Effect<void>) => unknown
  ) {}

  /** No reading is begun any more; those under way end with their fibers. */
  close(): void {
    this.#isClosed = true
  }

  readonly read = Effect.fnUntraced(function* (
    this: Histories,
    channel: string,
    filter: HistoryFilter,
    stream: StreamOptions
  ): Effect.fn.Return<History, BrokerUnavailable> {
    const known = filter.mayBeOld === true ? this.#asHeard(channel, stream) : undefined
    if (known !== undefined) return { ...known, publications: [] }
    let before: number | undefined
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const standing = yield* this.#stand(channel, stream)
      const { state } = standing
      const { offset, epoch } = state
      const wanted = wantedOf(state, firstOf(state, this.now()), filter)
      const found = yield* this.#find(channel, standing, wanted)
      if (found !== undefined)
        return { offset, epoch, publications: filter.isReverse === true ? found.reverse() : found }
      // It has not changed meanwhile: what is missing is gone, and who comes back sees by the offset that there is a gap.
      if (standing.seq === before && filter.since !== undefined) return { offset, epoch, publications: [] }
      before = standing.seq
      yield* Effect.sleep(RETRY)
    }
    return yield* Effect.fail(
      new BrokerUnavailable({ detail: "the history of the channel cannot be read as it is now" })
    )
  })

  /** Where the log stood when something of it was heard last; undefined: it has to be asked. */
  #asHeard(channel: string, stream: StreamOptions): StreamPosition | undefined {
    const heard = this.ears.find(channel)?.heard
    const state = alive(this.tops.get(channel)?.state, this.now())
    if (heard === undefined || state === undefined || heard.epoch !== state.epoch) return undefined
    this.#use(channel, state, stream)
    return { epoch: heard.epoch, offset: heard.offset }
  }

  /** Writes down that it is used, if that is due. */
  #use(channel: string, state: LogState, stream: StreamOptions): void {
    if (isUseDue(state, this.now(), stream)) this.fork(Effect.ignore(this.open(channel, stream)))
  }

  /** Where the log stands; it is begun if there is none. */
  readonly #stand = Effect.fnUntraced(function* (
    this: Histories,
    channel: string,
    stream: StreamOptions
  ): Effect.fn.Return<Standing, BrokerUnavailable> {
    for (let attempt = 1; ; attempt++) {
      const stored = yield* this.logs.last(channel)
      this.tops.note(channel, topOf(stored))
      const ear = this.ears.find(channel)
      if (ear !== undefined) this.ears.noticed(ear, stored)
      const { seq, record } = stored
      const state = alive(record?.state, this.now())
      if (state !== undefined && record !== undefined) {
        this.#use(channel, state, stream)
        return { seq, state, record }
      }
      if (attempt === ATTEMPTS)
        return yield* Effect.fail(
          new BrokerUnavailable({ detail: "the history of the channel cannot be begun" })
        )
      yield* this.open(channel, stream)
    }
  })

  /** Oldest first, and the caller's own; undefined: they changed meanwhile. */
  readonly #find = Effect.fnUntraced(function* (
    this: Histories,
    channel: string,
    standing: Standing,
    { from, to }: Wanted
  ): Effect.fn.Return<Array<ChannelPublication> | undefined, BrokerUnavailable> {
    if (from > to) return []
    const newest = newestOf(standing)
    const heard = this.#heard(channel, standing, newest, from)
    if (heard !== undefined) return between(heard, from, to)
    if (from >= (newest[0]?.offset ?? Number.POSITIVE_INFINITY)) return between(newest, from, to)
    const read = yield* this.#shared(channel, standing, from)
    // What is read ends with the log's last publication, or the log changed meanwhile.
    return read.at(-1)?.offset === standing.state.offset ? between(read, from, to) : undefined
  })

  /** What this node has heard, and the last message, where nothing is missing between them and `from` is there. */
  #heard(
    channel: string,
    { state }: Standing,
    newest: ReadonlyArray<ChannelPublication>,
    from: number
  ): ReadonlyArray<ChannelPublication> | undefined {
    const ear = this.ears.find(channel)
    if (ear?.tail?.first === undefined || ear.heard?.epoch !== state.epoch) return undefined
    this.ears.keepTail(ear)
    // The same objects for all readers, where all of them are there: what is made of them for one serves the others, too.
    const isWhole = ear.heard.offset >= state.offset
    const before = isWhole ? state.offset : (newest[0]?.offset ?? state.offset + 1) - 1
    if (ear.tail.first > from || ear.heard.offset < before) return undefined
    const own = ear.tail.between(from, before)
    return isWhole ? own : [...own, ...newest]
  }

  /** The publications that count, from `from` on or earlier: one reading for all who ask at the same place of the log. */
  #shared(
    channel: string,
    standing: Standing,
    from: number
  ): Effect.Effect<ReadonlyArray<ChannelPublication>, BrokerUnavailable> {
    return Effect.suspend(() => {
      if (this.#isClosed) return Effect.fail(new BrokerUnavailable({ detail: "the service ends" }))
      const known = this.#readings.get(channel)
      if (known !== undefined && known.seq === standing.seq && known.from <= from)
        return Deferred.await(known.publications)
      // Others who hear the channel want other parts of it: they all find them then.
      const isHeard = this.ears.find(channel) !== undefined
      return Deferred.await(
        this.#begin(channel, standing, isHeard ? standing.state.first : from).publications
      )
    })
  }

  #begin(channel: string, standing: Standing, from: number): Reading {
    const reading: Reading = { from, seq: standing.seq, publications: Deferred.makeUnsafe() }
    this.#readings.set(channel, reading)
    const done = Effect.sync(() => {
      if (this.#readings.get(channel) === reading) this.#readings.delete(channel)
    })
    this.fork(
      this.#readFrom(channel, standing, from).pipe(
        Deferred.into(reading.publications),
        Effect.ensuring(done),
        Effect.asVoid
      )
    )
    return reading
  }

  #readFrom(
    channel: string,
    standing: Standing,
    from: number
  ): Effect.Effect<ReadonlyArray<ChannelPublication>, BrokerUnavailable> {
    const { state } = standing
    const after = { offset: from - 1, seq: markBefore(state.marks, from)?.seq ?? 0 }
    const beginTail = this.#tailed(channel, state)
    return Effect.map(this.reader.read({ channel, after, last: standing }), (messages) => {
      const publications = wholeEnd(messages, state, from)
      beginTail(publications)
      return publications
    })
  }

  /** From now on what is heard is kept; what is read is put before it. */
  #tailed(channel: string, state: LogState): (publications: ReadonlyArray<ChannelPublication>) => void {
    const ear = this.ears.find(channel)
    if (ear === undefined) return () => {}
    const isNew = ear.tail === undefined || ear.tail.size === 0
    const tail = this.ears.keepTail(ear)
    const known = ear.heard
    if (!isNew || known?.epoch !== state.epoch) return () => {}
    return (publications) => {
      const older = publications.filter(({ offset }) => offset <= known.offset)
      const isWhole =
        older.at(-1)?.offset === known.offset && ear.tail === tail && ear.heard?.epoch === state.epoch
      if (!isWhole || (tail.first ?? ear.heard!.offset + 1) !== known.offset + 1) return
      const before = tail.bytes
      tail.prepend(older)
      this.ears.tailChanged(ear, before)
    }
  }
}

/** Those of the last message that count. */
const newestOf = ({ record }: Standing): ReadonlyArray<ChannelPublication> =>
  record.entries.map(({ publication }) => publication)

/** @param publications without a gap */
const between = (
  publications: ReadonlyArray<ChannelPublication>,
  from: number,
  to: number
): Array<ChannelPublication> => {
  const first = publications[0]?.offset ?? to + 1
  return to < first ? [] : publications.slice(Math.max(0, from - first), to - first + 1)
}

/** The last publications of a log without a gap, from `from` on: where NATS has lost some, those before them do not help. */
const wholeEnd = (
  messages: ReadonlyArray<Stored>,
  { epoch, offset }: LogState,
  from: number
): ReadonlyArray<ChannelPublication> => {
  const found: Array<ChannelPublication> = []
  let next = offset
  for (const { record } of messages.toReversed()) {
    if (record?.state.epoch !== epoch) continue
    for (const { publication } of record.entries.toReversed()) {
      if (publication.offset > next) continue
      if (publication.offset !== next || next < from) return found.reverse()
      found.push(publication)
      next--
    }
  }
  return found.reverse()
}
