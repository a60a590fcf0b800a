/** Who is in step is served together: frames are made once, and differences once for all rooms. */
import { describe, expect, it } from "vitest"
import { ChannelEvent } from "../../../../src/services/hot/ChannelEvent.ts"
import { Drain } from "../../../../src/services/hot/Drain.ts"
import { Delivery } from "../../../../src/services/hot/Publication.ts"
import { Room } from "../../../../src/services/hot/Room.ts"
import { type Subscriber, Subscription } from "../../../../src/services/hot/Subscription.ts"
import type { Wire } from "../../../../src/services/hot/Wire.ts"
import { FakeConnection, FakeFanOut } from "../../../support/FakeConnection.ts"

/** A wire that counts what it makes. */
class CountingWire implements Wire {
  readonly isStream: boolean = false
  encoded = 0
  joined = 0

  constructor(readonly index: number) {}

  encode({ publication }: ChannelEvent, isDelta: boolean, patch: Uint8Array | undefined) {
    this.encoded++
    const text = `${publication.offset}${isDelta ? (patch === undefined ? " full" : " delta") : ""}`
    return { data: Buffer.from(text), isBinary: false }
  }

  join(frames: ReadonlyArray<{ readonly data: Uint8Array; readonly isBinary: boolean }>) {
    this.joined++
    return frames.map((frame) => ({ frame, count: 1 }))
  }
}

const subscriberOf = (wire: Wire): Subscriber & { readonly connection: FakeConnection } => {
  const connection = new FakeConnection()
  return {
    connection,
    wire,
    isServedAlone: false,
    send: ({ data }) => void connection.send(data),
    insufficient: () => {
      throw new Error("nothing was missed")
    },
    inappropriate: () => {}
  }
}

const publication = (offset: number): ChannelEvent =>
  new ChannelEvent(
    "publication",
    "a",
    { offset, data: Buffer.from(`payload ${offset}`), isDelta: true, time: 0 },
    "e",
    new Delivery()
  )

/** A room with its fan-out, and the differences that were asked of it. */
const makeRoom = () => {
  const fanOut = new FakeFanOut()
  const differences: Array<string> = []
  const deltaOf = (before: Uint8Array, data: Uint8Array) => {
    differences.push(`${Buffer.from(before)} > ${Buffer.from(data)}`)
    return Buffer.from("d")
  }
  return { room: new Room("a", { fanOut, streamFanOut: fanOut, deltaOf }), fanOut, differences }
}

const join = (room: Room, wire: Wire, { isDelta = false, offset = 0 } = {}) => {
  const subscriber = subscriberOf(wire)
  const subscription = new Subscription(subscriber, room, true, false, isDelta, undefined)
  room.add(subscription)
  subscription.moveTo({ epoch: "e", offset })
  subscription.begin()
  return subscriber.connection
}

const send = (room: Room, ...events: ReadonlyArray<ChannelEvent>): void => {
  for (const { delivery } of events) delivery.expect(1)
  const courses = room.begin(events.map((event, at) => ({ event, at })))
  const drain = new Drain(
    events,
    [courses],
    () => 0,
    () => {},
    () => {}
  )
  while (drain.slice()) {}
}

describe("subscribers of one wire", () => {
  it("share what is made once, from their first publication on", () => {
    const { room, fanOut } = makeRoom()
    const wire = new CountingWire(0)
    const connections = Array.from({ length: 50 }, () => join(room, wire))
    send(room, publication(1), publication(2))
    expect([wire.encoded, fanOut.prepared]).toEqual([2, 1])
    for (const { sent } of connections) expect(sent).toEqual(["1", "2"])
  })

  it("join the others after what they are served alone", () => {
    const { room, fanOut } = makeRoom()
    const wire = new CountingWire(0)
    const early = join(room, wire)
    send(room, publication(1))
    // It knows already what the room is about to send.
    const late = join(room, wire, { offset: 2 })
    send(room, publication(2))
    expect(fanOut.slices).toEqual([1, 1])
    send(room, publication(3))
    expect(fanOut.slices).toEqual([1, 1, 2])
    expect([early.sent, late.sent]).toEqual([["1", "2", "3"], ["3"]])
    expect(wire.encoded).toBe(3)
  })
})

describe("wires", () => {
  it("have lists of their own, with and without differences", () => {
    const { room, fanOut, differences } = makeRoom()
    const [json, protobuf] = [new CountingWire(0), new CountingWire(1)]
    const plain = join(room, json)
    const delta = join(room, json, { isDelta: true })
    const other = join(room, protobuf, { isDelta: true })
    send(room, publication(1))
    send(room, publication(2))
    expect(plain.sent).toEqual(["1", "2"])
    expect(delta.sent).toEqual(["1 full", "2 delta"])
    expect(other.sent).toEqual(["1 full", "2 delta"])
    expect(differences).toEqual(["payload 1 > payload 2"])
    expect(fanOut.prepared).toBe(4)
  })

  it("of several rooms share differences, too", () => {
    const [one, other] = [makeRoom(), makeRoom()]
    const wire = new CountingWire(0)
    const connections = [one, other].map(({ room }) => join(room, wire, { isDelta: true }))
    for (const event of [publication(1), publication(2), publication(3)]) {
      send(one.room, event)
      send(other.room, event)
    }
    for (const { sent } of connections) expect(sent).toEqual(["1 full", "2 delta", "3 delta"])
    expect(one.differences.length + other.differences.length).toBe(2)
    expect(wire.encoded).toBe(3)
  })

  it("cost no difference where nobody wants one", () => {
    const { room, differences } = makeRoom()
    join(room, new CountingWire(0))
    const left = subscriberOf(new CountingWire(0))
    const subscription = new Subscription(left, room, true, false, true, undefined)
    room.add(subscription)
    room.remove(subscription)
    send(room, publication(1), publication(2))
    expect(differences).toEqual([])
    expect(room.size).toBe(1)
  })
})
