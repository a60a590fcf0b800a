/**
 * One channel in one shard without clock, sockets or fibers: a stream that gives offsets, a mailbox that can overflow, drains whose slices
 * are taken one by one, and clients that check everything they are sent. What a test does with it, it does step by step.
 */
import { deltaOf } from "../../../src/protocol/fossilDelta.ts"
import { ChannelEvent, type ChannelPublication } from "../../../src/services/hot/ChannelEvent.ts"
import { Drain } from "../../../src/services/hot/Drain.ts"
import { Delivery } from "../../../src/services/hot/Publication.ts"
import { Room } from "../../../src/services/hot/Room.ts"
import { FakeFanOut } from "../FakeConnection.ts"
import { type ClientKind, RoomClient } from "./RoomClient.ts"

const CHANNEL = "news"
/** Events that wait for the next drain; more are lost. */
const MAILBOX = 6

/** Much alike, so that differences are small. */
const dataOf = (epoch: string, offset: number): Buffer =>
  Buffer.from(`${epoch}:${offset} ${"the same words again and again ".repeat(4)}`)

export class RoomWorld {
  epoch = "a"
  readonly history: Array<ChannelPublication> = []
  #mailbox: Array<ChannelEvent> = []
  #room: Room | undefined
  #drain: Drain | undefined
  readonly clients: Array<RoomClient> = []
  /** Whether anything happened that a client may have to be told of. */
  isLossy = false
  /** Publications without an offset have numbers of their own. */
  #passed = 0

  publish({ isDelta = true, tag = "x", hasHistory = true } = {}): void {
    const offset = hasHistory ? this.history.length + 1 : 0
    const data = hasHistory ? dataOf(this.epoch, offset) : dataOf("passed", ++this.#passed)
    const publication = { offset, data, isDelta, tags: { tag }, time: 0 }
    if (hasHistory) this.history.push(publication)
    this.#offer(
      new ChannelEvent("publication", CHANNEL, publication, hasHistory ? this.epoch : "", delivery())
    )
    for (const client of this.clients) client.wasPublished(publication)
  }

  /** The stream begins anew. */
  restart(): void {
    this.epoch = String.fromCharCode(this.epoch.charCodeAt(0) + 1)
    this.history.length = 0
    this.isLossy = true
  }

  join(): void {
    const info = { user: "u", client: "c" }
    const publication = { offset: 0, data: Buffer.alloc(0), info, isDelta: false, time: 0 }
    this.#offer(new ChannelEvent("join", CHANNEL, publication, "", delivery()))
  }

  #offer(event: ChannelEvent): void {
    if (this.#mailbox.length < MAILBOX) this.#mailbox.push(event)
    else {
      this.isLossy = true
      for (const client of this.clients) client.mayMiss = true
    }
  }

  /** Takes what waits, up to so many, and sends to `sliceSize` clients at a time. */
  beginDrain(most: number, sliceSize: number): void {
    if (this.#drain !== undefined || this.#mailbox.length === 0) return
    const events = this.#mailbox.splice(0, most)
    const room = this.#room
    const courses = () =>
      room === undefined
        ? []
        : [room.begin(events.map((event, at) => ({ event, at }))).map((course) => ({ ...course, sliceSize }))]
    const drain = new Drain(
      events,
      courses(),
      () => 0,
      () => {},
      () => {
        this.#drain = undefined
      }
    )
    this.#drain = drain
  }

  slice(): void {
    this.#drain?.slice()
  }

  subscribe(kind: ClientKind): void {
    this.#room ??= new Room(CHANNEL, { fanOut: new FakeFanOut(), streamFanOut: new FakeFanOut(), deltaOf })
    this.clients.push(new RoomClient(kind, this.#room, this.#left))
  }

  /** Takes the next of its steps to a subscription: reads history, then begins. @param since where it was before; undefined: nowhere */
  settle(client: RoomClient, since: number | undefined): void {
    client.settle({ epoch: this.epoch, offset: this.history.length }, this.history, since)
  }

  readonly #left = (room: Room): void => {
    if (room.size === 0 && this.#room === room) this.#room = undefined
  }

  /** Everything that is under way comes to its end. */
  finish(): void {
    for (const client of this.clients) while (client.isSettling) this.settle(client, undefined)
    while (this.#mailbox.length > 0 || this.#drain !== undefined) {
      this.beginDrain(MAILBOX, 1)
      while (this.#drain !== undefined) this.slice()
    }
    this.#checkPositions()
  }

  /** As the server does from time to time. */
  #checkPositions(): void {
    const top = { epoch: this.epoch, offset: this.history.length }
    for (const subscription of this.#room?.behind(top) ?? [])
      subscription.subscriber.insufficient(subscription)
  }
}

const delivery = (): Delivery => {
  const one = new Delivery()
  one.expect(1)
  return one
}
