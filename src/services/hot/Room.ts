/**
 * HOT PATH. The subscribers of one channel in one shard.
 *
 * Guarantees: each subscriber gets the publications in the order of their offsets, each at most once; one that follows the position and missed
 * something is told so instead of getting what comes after the gap. Frames are built once for all who take the same.
 */
import type { ChannelEvent, StreamPosition } from "./ChannelEvent.ts"
import { type Course, sliceSize } from "./Drain.ts"
import type { FanOut } from "./FanOut.ts"
import { LateBatch } from "./LateBatch.ts"
import type { Frame } from "./Publication.ts"
import { RoomList } from "./RoomList.ts"
import { smallArray } from "./SlotList.ts"
import type { Subscription } from "./Subscription.ts"
import { encodeOnce, UNFIT, type Wire } from "./Wire.ts"

/** What the rooms of a process share. */
export interface RoomOptions {
  /** Fan-out of connections that have frames, and of those that take bytes as they are. */
  readonly fanOut: FanOut
  readonly streamFanOut: FanOut
  /** The difference to the publication before; undefined where it is not smaller. */
  readonly deltaOf: (previous: Uint8Array, data: Uint8Array) => Uint8Array | undefined
}

/** Served one by one: what they take is theirs alone. */
const NO_WIRE: Wire = { index: -1, isStream: false, encode: () => undefined, join: () => [] }

/** One event of a drain, with its place there. */
export interface Turn {
  readonly event: ChannelEvent
  readonly at: number
}

/** An event that is being sent. */
export interface Step extends Turn {
  /** Those in step have it already. */
  readonly isKnown: boolean
  /** The publication before it, and the difference to that; undefined where there is none. */
  readonly before: ChannelEvent | undefined
  readonly patch: Uint8Array | undefined
}

export class Room {
  /** What has been sent to those in step; -1 while that is not known. */
  offset = -1
  epoch = ""
  readonly #late = new RoomList(NO_WIRE, false, false)
  readonly #lists: Array<RoomList> = smallArray()
  /** Subscribers who follow no position. */
  #unpositioned = 0
  /** Those who agreed to deltas. */
  #deltas = 0
  /** The last publication with an offset: what deltas are relative to. */
  #previous: ChannelEvent | undefined

  constructor(
    readonly channel: string,
    readonly options: RoomOptions
  ) {}

  get size(): number {
    return this.#lists.reduce((sum, list) => sum + list.size, this.#late.size)
  }

  /** A new subscriber, who holds back what comes until `Subscription.begin`. */
  add(subscription: Subscription): void {
    this.#late.add(subscription)
    this.#count(subscription, 1)
  }

  remove(subscription: Subscription): void {
    if (subscription.list?.remove(subscription) === true) this.#count(subscription, -1)
  }

  #count({ isPositioned, isDelta }: Subscription, change: 1 | -1): void {
    if (!isPositioned) this.#unpositioned += change
    if (isDelta) this.#deltas += change
  }

  /** Puts a late subscriber among the others if it is in step. */
  promote(subscription: Subscription): void {
    const { list, isPositioned, offset, epoch } = subscription
    // What the others are being sent just now it is to get before it joins them.
    if (list !== this.#late || list.isUnswept(subscription)) return
    // The first one that knows where the stream stands tells the room, unless others may still wait for what lies before that.
    if (isPositioned && this.offset < 0 && this.#unpositioned === 0) {
      this.offset = offset
      this.epoch = epoch
    }
    if (!subscription.isInStep) return
    list.remove(subscription)
    this.#listFor(subscription).add(subscription)
  }

  /** Begins to send: moves the room's position on, tells those who missed something, and gives what is to be visited. */
  begin(turns: ReadonlyArray<Turn>): ReadonlyArray<Course> {
    const steps = turns.map((turn) => this.#advance(turn))
    const fresh = steps.filter(({ isKnown }) => !isKnown)
    const courses = this.#lists
      .map((list) => this.#course(list, fresh))
      .filter((course) => course !== undefined)
    if (this.#late.size > 0) {
      this.#late.beginSweep()
      courses.push({
        list: this.#late,
        connections: this.#late.connections,
        batch: new LateBatch(this.#late, steps),
        publicationsOf: turns.map(({ at }) => [at]),
        sliceSize: sliceSize(turns.map(({ event }) => event))
      })
    }
    return courses
  }

  /** Who follows the position of the stream and has not come so far. */
  behind({ epoch, offset }: StreamPosition): ReadonlyArray<Subscription> {
    const isBehind = (at: StreamPosition) => at.epoch !== epoch || at.offset < offset
    const late = this.#late.items.filter(
      (subscription) => subscription.isPositioned && subscription.hasBegun && isBehind(subscription)
    )
    return isBehind(this) ? [...this.#positioned(), ...late] : late
  }

  /** Those in step who follow the position. */
  #positioned(): ReadonlyArray<Subscription> {
    return this.#lists.flatMap(({ items }) => items.filter(({ isPositioned }) => isPositioned))
  }

  /** Takes note of the position and of what deltas are relative to, and tells those who missed something. */
  #advance({ event, at }: Turn): Step {
    const { kind, epoch } = event
    const { offset } = event.publication
    const whole = { event, at, isKnown: false, before: undefined, patch: undefined }
    if (kind !== "publication") return whole
    if (offset === 0) {
      // It is in nobody's history: what comes next is not told as a difference to it.
      this.#previous = undefined
      return whole
    }
    if (epoch === this.epoch && offset <= this.offset) return { ...whole, isKnown: true }
    if (this.offset >= 0 && (epoch !== this.epoch || offset !== this.offset + 1)) {
      for (const subscription of this.#positioned()) subscription.subscriber.insufficient(subscription)
      this.#previous = undefined
    }
    this.offset = offset
    this.epoch = epoch
    const before = this.#previous
    this.#previous = event
    return { ...whole, before, patch: before && this.#patch(before, event) }
  }

  /** Made once for all rooms, and used only where the publication before it was sent. */
  #patch(before: ChannelEvent, event: ChannelEvent): Uint8Array | undefined {
    if (!event.publication.isDelta || this.#deltas === 0) return undefined
    if (event.patch === undefined) event.patch = this.options.deltaOf(before.data, event.data) ?? null
    return event.patch ?? undefined
  }

  /** One visit of a list; undefined where nobody in it is told anything. */
  #course(list: RoomList, turns: ReadonlyArray<Step>): Course | undefined {
    if (list.size === 0) return undefined
    const frames: Array<Frame> = []
    const publications: Array<number> = []
    for (const { event, at, patch } of turns) {
      if (event.kind !== "publication" && !list.hearsJoins) continue
      const encoded = encodeOnce(event, list.wire, list.isDelta, list.isDelta ? patch : undefined)
      if (encoded === UNFIT) for (const { subscriber } of [...list.items]) subscriber.inappropriate()
      else if (encoded !== undefined) {
        frames.push(encoded)
        publications.push(at)
      }
    }
    if (frames.length === 0 || list.size === 0) return undefined
    const joined = list.wire.join(frames)
    const publicationsOf: Array<ReadonlyArray<number>> = []
    for (const { count } of joined) publicationsOf.push(publications.splice(0, count))
    const written = joined.map(({ frame }) => frame)
    const fanOut = list.wire.isStream ? this.options.streamFanOut : this.options.fanOut
    list.beginSweep()
    return {
      list,
      connections: list.connections,
      batch: fanOut.prepare(written),
      publicationsOf,
      sliceSize: sliceSize(written)
    }
  }

  #listFor({ subscriber: { wire }, isDelta, hearsJoins }: Subscription): RoomList {
    const found = this.#lists.find(
      (list) => list.wire === wire && list.isDelta === isDelta && list.hearsJoins === hearsJoins
    )
    if (found !== undefined) return found
    const list = new RoomList(wire, isDelta, hearsJoins)
    this.#lists.push(list)
    return list
  }
}
