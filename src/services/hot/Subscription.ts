/**
 * HOT PATH. One connection's part in one channel.
 *
 * A subscription is in step with its room, or late. In step, it stands in one of the room's lists and takes the same frames as everyone there,
 * without being looked at. Late, it is served one by one: while it recovers and holds back what comes, while its position is ahead of what
 * the room has sent, before its first whole payload where it agreed to deltas, and always where it has a filter.
 */
import type { ChannelEvent, ChannelPublication, StreamPosition } from "./ChannelEvent.ts"
import type { Connection } from "./Connection.ts"
import type { Frame } from "./Publication.ts"
import type { Room } from "./Room.ts"
import type { RoomList } from "./RoomList.ts"
import type { Slotted } from "./SlotList.ts"
import { encodeOnce, UNFIT, type Wire } from "./Wire.ts"

/** Who is subscribed: a client session, or a raw connection with channels. */
export interface Subscriber {
  readonly connection: Connection
  readonly wire: Wire
  /** What it is written differs from what others are: it is served one by one, always. */
  readonly isServedAlone: boolean
  send(frame: Frame): void
  /** Publications were missed; the client has to be told. It leaves the room. */
  insufficient(subscription: Subscription): void
  /** A publication came that its wire cannot carry. */
  inappropriate(): void
}

/** Events that wait while a subscription reads history; who falls further behind has to begin again. */
const MAX_HELD = 4096
/** Events after which a join that is known was lost on its way, or is told once more: to wait for ever would cost more. */
const MAX_JOIN_WAIT = 256

export class Subscription implements Slotted {
  slot = -1
  /** Where it stands in its room. */
  list: RoomList | undefined
  /** What it has seen of the stream; kept up to date while it is late only. */
  offset = 0
  epoch = ""
  /** Id of a client whose join it has been told of already, and which is still to come. */
  #joined: string | undefined
  /** Events after which it does not wait for that any more. */
  #patience = 0
  /** What comes before it begins; undefined from then on. */
  #held: Array<ChannelEvent> | undefined = []
  /** More came than may be held. */
  #hasOverflown = false

  /**
   * @param isPositioned whether missing a publication is to be told
   * @param hearsJoins whether it is told who joins and leaves
   * @param isDelta whether its payloads are written as deltas
   * @param filter what its publications have to match
   */
  constructor(
    readonly subscriber: Subscriber,
    readonly room: Room,
    readonly isPositioned: boolean,
    readonly hearsJoins: boolean,
    readonly isDelta: boolean,
    readonly filter: ((tags: ChannelPublication["tags"]) => boolean) | undefined
  ) {}

  /** It agreed to deltas, and has no payload yet that one could be relative to. */
  needsWhole = true

  /**
   * Served one by one: what the room sends now. Whether it was a publication that was sent.
   * @param patch the difference to the publication that was sent last
   */
  take(event: ChannelEvent, patch?: Uint8Array | undefined): boolean {
    if (this.#held === undefined)
      return (this.#joined === undefined || !this.#isOld(event)) && this.#send(event, patch)
    if (this.#held.length < MAX_HELD) this.#held.push(event)
    else this.#hasOverflown = true
    return false
  }

  /** It has been told that this client joined: when that comes, it is not told again. */
  knowsJoin(client: string): void {
    this.#joined = client
    this.#patience = MAX_JOIN_WAIT
  }

  /** That join, or the leave of an earlier subscription of the same client, which was on its way before. */
  #isOld({ kind, publication }: ChannelEvent): boolean {
    const isOld = kind !== "publication" && publication.info?.client === this.#joined
    if ((isOld && kind === "join") || --this.#patience === 0) this.#joined = undefined
    return isOld
  }

  /** It goes on from here: what the position covers is not sent. */
  moveTo({ offset, epoch }: StreamPosition): void {
    this.offset = offset
    this.epoch = epoch
  }

  get hasBegun(): boolean {
    return this.#held === undefined
  }

  /** To be called when the client has been told of it: sends what was missed and what was held back, and joins the others once in step. */
  begin(missed: ReadonlyArray<ChannelEvent> = []): void {
    const held = this.#held ?? []
    this.#held = undefined
    if (this.#hasOverflown && this.isPositioned) return this.subscriber.insufficient(this)
    for (const event of [...missed, ...held]) {
      // It may have ended at the event before.
      if (this.list !== undefined) this.#send(event)
    }
    this.room.promote(this)
  }

  /** Whether it has seen just what the room has sent. */
  get isInStep(): boolean {
    const { room, subscriber } = this
    if (!this.hasBegun || this.filter !== undefined || subscriber.isServedAlone) return false
    if ((this.isDelta && this.needsWhole) || this.#joined !== undefined) return false
    return !this.isPositioned || (this.offset === room.offset && this.epoch === room.epoch)
  }

  #send(event: ChannelEvent, patch?: Uint8Array | undefined): boolean {
    const { subscriber } = this
    const isPublication = event.kind === "publication"
    if (isPublication) {
      if (!this.#follows(event)) return false
      if (this.filter?.(event.publication.tags) === false) return false
    } else if (!this.hearsJoins) return false
    const encoded = encodeOnce(event, subscriber.wire, this.isDelta, this.isDelta ? patch : undefined)
    if (encoded === UNFIT) subscriber.inappropriate()
    else if (encoded !== undefined) subscriber.send(encoded)
    // No difference is relative to what stands in no history.
    if (isPublication) this.needsWhole = event.publication.offset === 0
    return isPublication
  }

  /** Whether the publication is the next for it; it leaves where one is missing. */
  #follows({ publication: { offset }, epoch }: ChannelEvent): boolean {
    if (offset === 0 || !this.isPositioned) return true
    if (this.epoch === "") this.epoch = epoch
    if (epoch === this.epoch && offset <= this.offset) return false
    if (epoch !== this.epoch || offset !== this.offset + 1) {
      this.subscriber.insufficient(this)
      return false
    }
    this.offset = offset
    return true
  }
}
