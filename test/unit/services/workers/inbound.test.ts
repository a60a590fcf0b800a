import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { describe, expect } from "vitest"
import { Hub, type HubMember } from "../../../../src/services/Hub.ts"
import type { Broadcast, Publication } from "../../../../src/services/hot/Publication.ts"
import { publishHere } from "../../../../src/services/workers/inbound.ts"
import type { Delivered, FromWorker } from "../../../../src/services/workers/messages.ts"

const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

/** A shard that is done when the test says so. */
class SlowShard implements HubMember {
  readonly taken: Array<Broadcast> = []

  constructor(readonly size: number) {}

  readonly offer = (publication: Publication): boolean => {
    this.taken.push(publication as Broadcast)
    return true
  }

  done(at: number, dropped = 0): void {
    this.taken.shift()?.delivery.add(this.size, this.size - dropped, dropped, at, at + 1)
  }
}

const test = (name: string, body: () => Effect.Effect<void, unknown, Hub | Scope.Scope>) =>
  it.effect(name, () => Effect.provide(body(), Hub.layer))

/** Publishes into a hub with shards of these sizes; `told` has what went back, message by message. */
const begin = Effect.fnUntraced(function* (...sizes: ReadonlyArray<number>) {
  const hub = yield* Hub
  const shards = sizes.map((size) => new SlowShard(size))
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

describe("publications of the primary in a worker", () => {
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
        [{ id: 7, eligible: 5, written: 4, dropped: 1, closed: 0, firstWriteAt: 10, lastWriteAt: 21 }]
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
      const none = { eligible: 0, written: 0, dropped: 0, closed: 0 }
      expect(told).toEqual([[{ id: 1, ...none, firstWriteAt: Number.NaN, lastWriteAt: Number.NaN }]])
    }))
})
