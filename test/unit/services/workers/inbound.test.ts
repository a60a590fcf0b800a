import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { describe, expect } from "vitest"
import { Hub, type HubMember } from "../../../../src/services/Hub.ts"
import { ChannelEvent } from "../../../../src/services/hot/ChannelEvent.ts"
import { DeliveryWatch } from "../../../../src/services/hot/DeliveryWatch.ts"
import { type Broadcast, Delivery, type Publication } from "../../../../src/services/hot/Publication.ts"
import { outgoing, publishHere } from "../../../../src/services/workers/inbound.ts"
import type { Delivered, FromWorker } from "../../../../src/services/workers/messages.ts"

const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

/** A shard that is done when the test says so. */
class SlowShard implements HubMember {
  readonly taken: Array<Broadcast> = []

  constructor(
    readonly size: number,
    readonly name = ""
  ) {}

  readonly offer = (publication: Publication): boolean => {
    this.taken.push(publication as Broadcast)
    return true
  }

  done(at: number, dropped = 0): void {
    this.taken.shift()?.delivery.add(this.size, this.size - dropped, dropped, at, at + 1, this.name)
  }
}

const test = (name: string, body: () => Effect.Effect<void, unknown, Hub | Scope.Scope>) =>
  it.effect(name, () => Effect.provide(body(), Hub.layer))

/** Publishes into a hub with shards of these sizes; `told` has what went back, message by message. */
const begin = Effect.fnUntraced(function* (...sizes: ReadonlyArray<number>) {
  const hub = yield* Hub
  const shards = sizes.map((size, i) => new SlowShard(size, `shard-${i}`))
  for (const shard of shards) yield* hub.join(shard)
  const told: Array<ReadonlyArray<Delivered>> = []
  const publish = publishHere(hub, (message: FromWorker) => {
    if (message._tag === "Delivered") told.push(message.deliveries)
  })
  return { shards, told, publish }
})

const publication = (id: number, text: string, isBinary = false) => ({
  id,
  data: Buffer.from(text),
  isBinary
})

describe("what happens in channels", () => {
  const info = { user: "u", client: "c", connInfo: Uint8Array.of(123, 125), chanInfo: undefined }
  const entry = {
    offset: 7,
    data: Uint8Array.of(0, 255),
    info,
    tags: { a: "b" },
    isDelta: true,
    time: 1_700_000_000_000
  }

  test("arrives in the hub of a worker as it entered that of the primary, for those who listen alone", () =>
    Effect.gen(function* () {
      const { shards, publish } = yield* begin(1, 1)
      const hub = yield* Hub
      hub.listen("news", shards[0]!)
      const event = new ChannelEvent("publication", "news", entry, "epoch", new Delivery())
      const join = new ChannelEvent(
        "join",
        "news",
        { ...entry, offset: 0, data: new Uint8Array() },
        "",
        new Delivery()
      )
      publish([
        { id: 1, ...outgoing(event) },
        { id: 2, ...outgoing(join) }
      ])
      expect(shards[1]!.taken).toEqual([])
      const [first, second] = shards[0]!.taken as ReadonlyArray<unknown> as ReadonlyArray<ChannelEvent>
      expect(first).toMatchObject({ kind: "publication", channel: "news", epoch: "epoch" })
      expect(first!.publication).toEqual(entry)
      expect(second).toMatchObject({ kind: "join", channel: "news", publication: { offset: 0, info } })
    }))

  test("does not keep the whole message that it came in", () =>
    Effect.gen(function* () {
      const { shards, publish } = yield* begin(1)
      ;(yield* Hub).listen("news", shards[0]!)
      const whole = Buffer.alloc(100_000, "1")
      const part = {
        ...entry,
        data: whole.subarray(5, 10),
        info: { ...info, connInfo: whole.subarray(0, 2) }
      }
      publish([{ id: 1, ...outgoing(new ChannelEvent("publication", "news", part, "", new Delivery())) }])
      const [event] = shards[0]!.taken as ReadonlyArray<unknown> as ReadonlyArray<ChannelEvent>
      const { data, info: kept } = event!.publication
      expect([String(Buffer.from(data)), String(Buffer.from(kept!.connInfo!))]).toEqual(["11111", "11"])
      for (const { buffer } of [data, kept!.connInfo!]) expect(buffer.byteLength).toBeLessThan(100)
    }))
})

describe("publications of the primary in a worker", () => {
  test("that are watched tell of each shard", () =>
    Effect.gen(function* () {
      const { shards, told, publish } = yield* begin(2, 3)
      const delivery = new Delivery()
      delivery.watch = new DeliveryWatch()
      publish([
        { id: 1, ...outgoing({ data: Buffer.from("a"), isBinary: false, delivery }) },
        { id: 2, ...outgoing({ data: Buffer.from("b"), isBinary: false, delivery: new Delivery() }) }
      ])
      for (const shard of shards) {
        shard.done(10)
        shard.done(20)
      }
      yield* turn
      const [[watched, plain]] = told as [[Delivered, Delivered]]
      expect(
        watched.shards?.map(({ shard, eligible, lastWriteAt }) => [shard, eligible, lastWriteAt])
      ).toEqual([
        ["shard-0", 2, 11],
        ["shard-1", 3, 11]
      ])
      expect(plain).not.toHaveProperty("shards")
    }))

  test("enter the hub in order, and their counts go back when all shards are done", () =>
    Effect.gen(function* () {
      const { shards, told, publish } = yield* begin(2, 3)
      publish([publication(7, "a"), publication(8, "b", true)])
      for (const { taken } of shards)
        expect(taken.map(({ data, isBinary }) => [`${data}`, isBinary])).toEqual([
          ["a", false],
          ["b", true]
        ])
      shards[0]!.done(10)
      yield* turn
      expect(told).toEqual([])
      shards[1]!.done(20, 1)
      yield* turn
      expect(told).toEqual([
        [{ id: 7, eligible: 5, written: 4, slow: 1, mailbox: 0, firstWriteAt: 10, lastWriteAt: 21 }]
      ])
    }))

  test("that are done in one turn go back in one message, whatever their order", () =>
    Effect.gen(function* () {
      const { shards, told, publish } = yield* begin(1)
      publish([publication(1, "a"), publication(2, "b"), publication(3, "c")])
      for (let i = 0; i < 3; i++) shards[0]!.done(i)
      yield* turn
      expect(told.map((message) => message.map(({ id }) => id))).toEqual([[1, 2, 3]])
    }))

  test("are answered also where there is no connection: with zeros, and no times", () =>
    Effect.gen(function* () {
      const { told, publish } = yield* begin()
      publish([publication(1, "a")])
      yield* turn
      const none = { eligible: 0, written: 0, slow: 0, mailbox: 0 }
      expect(told).toEqual([[{ id: 1, ...none, firstWriteAt: Number.NaN, lastWriteAt: Number.NaN }]])
    }))
})
