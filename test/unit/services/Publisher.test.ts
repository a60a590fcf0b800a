import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import fc from "fast-check"
import { expect } from "vitest"
import { Hub, type HubMember } from "../../../src/services/Hub.ts"
import type { Broadcast, Publication } from "../../../src/services/hot/Publication.ts"
import { Publisher } from "../../../src/services/Publisher.ts"
import { type Disk, layerReceipts, makeDisk } from "../../support/receipts/receipts.ts"

/** A shard without sockets: it keeps what it takes until it is told what became of it. */
class FakeMember implements HubMember {
  readonly taken: Array<Broadcast> = []
  isFull = false

  constructor(public size: number) {}

  readonly offer = (publication: Publication): boolean => {
    if (this.isFull) return false
    this.taken.push(publication as Broadcast)
    return true
  }

  /** Is done with the oldest: all but these were written, at this time. */
  done({ dropped = 0, closed = 0, at = 0 } = {}): void {
    const written = this.size - dropped - closed
    const [first, last] = written > 0 ? [at, at + 1] : [Number.NaN, Number.NaN]
    this.taken.shift()?.delivery.add(this.size, written, dropped, first, last)
  }

  texts(): ReadonlyArray<string> {
    return this.taken.map(({ data }) => Buffer.from(data).toString())
  }
}

const join = Effect.fnUntraced(function* (...sizes: ReadonlyArray<number>) {
  const hub = yield* Hub
  const members = sizes.map((size) => new FakeMember(size))
  for (const member of members) yield* hub.join(member)
  return members
})

const broadcast = (text: string, options = {}) =>
  Effect.flatMap(Publisher, (publisher) =>
    Effect.forkChild(publisher.broadcast(text, options), { startImmediately: true })
  )

const layerPublisher = (disk: Disk) => Layer.provideMerge(Publisher.layer, layerReceipts(disk))

const test = (name: string, body: () => Effect.Effect<void, unknown, Hub | Publisher | Scope.Scope>) =>
  it.effect(name, () => Effect.flatMap(makeDisk, (disk) => Effect.provide(body(), layerPublisher(disk))))

describe("the hub", () => {
  test("counts the connections of all members, as long as they take part", () =>
    Effect.gen(function* () {
      const hub = yield* Hub
      expect(hub.size()).toBe(0)
      const [member] = yield* join(3, 4)
      const scope = yield* Scope.make()
      yield* Scope.provide(hub.join(new FakeMember(100)), scope)
      expect(hub.size()).toBe(107)
      yield* Scope.close(scope, Exit.void)
      member!.size = 5
      expect(hub.size()).toBe(9)
      expect(yield* (yield* Publisher).connections).toBe(9)
    }))

  test("hands nothing to a member that has left", () =>
    Effect.gen(function* () {
      const gone = new FakeMember(1)
      const scope = yield* Scope.make()
      yield* Scope.provide((yield* Hub).join(gone), scope)
      yield* Scope.close(scope, Exit.void)
      const receipt = yield* Fiber.join(yield* broadcast("a"))
      expect([gone.taken, receipt.eligible]).toEqual([[], 0])
    }))
})

describe("a receipt", () => {
  test("comes when all members are done, and not before", () =>
    Effect.gen(function* () {
      const members = yield* join(2, 3, 5)
      const fiber = yield* broadcast("a")
      for (const member of members) {
        expect(fiber.pollUnsafe()).toBeUndefined()
        member.done()
      }
      const receipt = yield* Fiber.join(fiber)
      expect(receipt).toMatchObject({ eligible: 10, written: 10, dropped: 0, closed: 0 })
    }))

  test("accounts for everyone: written, dropped and closed", () =>
    Effect.gen(function* () {
      const [a, b] = (yield* join(10, 20)) as [FakeMember, FakeMember]
      const fiber = yield* broadcast("a", { id: "mine" })
      a.done({ dropped: 2, closed: 1 })
      b.done({ dropped: 3 })
      expect(yield* Fiber.join(fiber)).toMatchObject({
        id: "mine",
        eligible: 30,
        written: 24,
        dropped: 5,
        closed: 1
      })
    }))

  test("tells the times, from publishing to the last write over all members", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1000)
      const [a, b] = (yield* join(1, 1)) as [FakeMember, FakeMember]
      const fiber = yield* broadcast("a")
      b.done({ at: 1020 })
      a.done({ at: 1005 })
      expect(yield* Fiber.join(fiber)).toMatchObject({
        publishedAt: 1000,
        firstWriteAt: 1005,
        lastWriteAt: 1021,
        timeToLastWriteMs: 21
      })
    }))

  test("tells the times also when a member without connections is done last", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1000)
      const [busy, empty] = (yield* join(5, 0)) as [FakeMember, FakeMember]
      const fiber = yield* broadcast("a")
      busy.done({ at: 1005 })
      empty.done()
      expect(yield* Fiber.join(fiber)).toMatchObject({
        firstWriteAt: 1005,
        lastWriteAt: 1006,
        timeToLastWriteMs: 6
      })
    }))

  test("has null for times where nobody was written to", () =>
    Effect.gen(function* () {
      const receipt = yield* Fiber.join(yield* broadcast("a"))
      expect(receipt).toMatchObject({
        eligible: 0,
        written: 0,
        firstWriteAt: null,
        lastWriteAt: null,
        timeToLastWriteMs: null
      })
    }))

  test("has a fresh id where none is given", () =>
    Effect.gen(function* () {
      const one = yield* Fiber.join(yield* broadcast("a"))
      const two = yield* Fiber.join(yield* broadcast("a"))
      expect(one.id).toMatch(/^[0-9a-f-]{36}$/)
      expect(one.id).not.toBe(two.id)
    }))
})

describe("a receipt of worker processes", () => {
  /** A worker process as the hub sees it: its part carries its name. */
  class FakeWorker extends FakeMember {
    constructor(
      readonly name: string,
      size: number
    ) {
      super(size)
    }

    override done({ dropped = 0, closed = 0, at = 0 } = {}): void {
      const written = this.size - dropped - closed
      const [firstWriteAt, lastWriteAt] = written > 0 ? [at, at + 1] : [Number.NaN, Number.NaN]
      const counts = { eligible: this.size, written, slow: 0, mailbox: dropped, firstWriteAt, lastWriteAt }
      this.taken.shift()?.delivery.addWorker({ worker: this.name, ...counts })
    }
  }

  test("has the part of each, and its totals are their sums", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1000)
      const hub = yield* Hub
      const workers = [new FakeWorker("worker-0", 10), new FakeWorker("worker-1", 5)]
      for (const worker of workers) yield* hub.join(worker)
      const fiber = yield* broadcast("a")
      workers[1]!.done({ closed: 5 })
      workers[0]!.done({ dropped: 2, closed: 1, at: 1005 })
      const receipt = yield* Fiber.join(fiber)
      expect(receipt.workers).toEqual([
        {
          worker: "worker-1",
          eligible: 5,
          written: 0,
          dropped: 0,
          drops: { slow: 0, mailbox: 0 },
          closed: 5,
          firstWriteAt: null,
          lastWriteAt: null,
          timeToLastWriteMs: null
        },
        {
          worker: "worker-0",
          eligible: 10,
          written: 7,
          dropped: 2,
          drops: { slow: 0, mailbox: 2 },
          closed: 1,
          firstWriteAt: 1005,
          lastWriteAt: 1006,
          timeToLastWriteMs: 6
        }
      ])
      expect(receipt).toMatchObject({ eligible: 15, written: 7, dropped: 2, closed: 6, lastWriteAt: 1006 })
    }))

  test("has no parts where one process serves", () =>
    Effect.gen(function* () {
      const [member] = (yield* join(3)) as [FakeMember]
      const fiber = yield* broadcast("a")
      member.done()
      expect((yield* Fiber.join(fiber)).workers).toEqual([])
    }))

  test("says how many connections were lost since the broadcast before, once", () =>
    Effect.gen(function* () {
      const hub = yield* Hub
      hub.lose(3)
      hub.lose(4)
      const one = yield* broadcast("a")
      const two = yield* broadcast("b")
      hub.lose(1)
      const three = yield* broadcast("c")
      const lost = (yield* Effect.forEach([one, two, three], Fiber.join)).map((receipt) => receipt.lost)
      expect(lost).toEqual([7, 0, 1])
    }))

  test("says it also where one without a receipt came first", () =>
    Effect.gen(function* () {
      const publisher = yield* Publisher
      yield* Effect.map(Hub, (hub) => hub.lose(5))
      publisher.broadcastUnsafe(Buffer.from("a"), false)
      expect((yield* Fiber.join(yield* broadcast("b"))).lost).toBe(5)
    }))
})

describe("a member whose mailbox is full", () => {
  test("counts as dropped, and delays nobody", () =>
    Effect.gen(function* () {
      const [full, well] = (yield* join(7, 3)) as [FakeMember, FakeMember]
      full.isFull = true
      const fiber = yield* broadcast("a")
      well.done({ at: 5 })
      expect(yield* Fiber.join(fiber)).toMatchObject({
        eligible: 10,
        written: 3,
        dropped: 7,
        closed: 0,
        lastWriteAt: 6
      })
    }))

  test("does not keep a receipt waiting when all are full", () =>
    Effect.gen(function* () {
      for (const member of yield* join(7, 3)) member.isFull = true
      expect(yield* Fiber.join(yield* broadcast("a"))).toMatchObject({ eligible: 10, dropped: 10 })
    }))
})

describe("what is published", () => {
  test("reaches every member in the order of the calls", () =>
    Effect.gen(function* () {
      const members = yield* join(1, 1)
      const publisher = yield* Publisher
      yield* broadcast("a")
      publisher.broadcastUnsafe(Buffer.from("b"), false)
      yield* broadcast("c")
      for (const member of members) expect(member.texts()).toEqual(["a", "b", "c"])
    }))

  test("goes out to the end when the one who waits for its receipt gives up", () =>
    Effect.gen(function* () {
      const [member] = (yield* join(2)) as [FakeMember]
      const fiber = yield* broadcast("a")
      yield* Fiber.interrupt(fiber)
      member.done()
      expect((yield* Publisher).totals).toMatchObject({ broadcasts: 1, written: 2 })
    }))

  test("is text, or binary where that is asked for", () =>
    Effect.gen(function* () {
      const [member] = (yield* join(1)) as [FakeMember]
      yield* broadcast("ä")
      yield* broadcast("b", { isBinary: true })
      expect(member.taken.map(({ data, isBinary }) => [Buffer.from(data).toString("hex"), isBinary])).toEqual(
        [
          ["c3a4", false],
          ["62", true]
        ]
      )
    }))

  test("as text must be UTF-8: bytes that are not fail, and reach nobody", () =>
    Effect.gen(function* () {
      const [member] = (yield* join(1)) as [FakeMember]
      const publisher = yield* Publisher
      const error = yield* Effect.flip(publisher.broadcast(Uint8Array.of(0x61, 0xff, 0x62)))
      expect(error).toMatchObject({ _tag: "NotUtf8", bytes: 3 })
      expect(error.message).toBe("these 3 bytes are not UTF-8; publish them as binary")
      expect(member.taken).toEqual([])
      expect(publisher.totals.broadcasts).toBe(0)
      yield* Effect.forkChild(publisher.broadcast(Uint8Array.of(0xff), { isBinary: true }), {
        startImmediately: true
      })
      expect(member.taken).toHaveLength(1)
    }))
})

describe("the totals", () => {
  test("add up all broadcasts that are done, with and without a receipt", () =>
    Effect.gen(function* () {
      const [member] = (yield* join(10)) as [FakeMember]
      const publisher = yield* Publisher
      yield* broadcast("a")
      publisher.broadcastUnsafe(Buffer.from("b"), false)
      expect(publisher.totals.broadcasts).toBe(0)
      member.done({ dropped: 1 })
      member.done({ closed: 2 })
      expect(publisher.totals).toMatchObject({ broadcasts: 2, written: 17, slow: 1, mailbox: 0, closed: 2 })
    }))
})

it("any broadcasts over any members: each receipt accounts for everyone, in any order of completion", async () => {
  const member = fc.record({ size: fc.nat(50), isFull: fc.boolean() })
  const given = fc.tuple(
    fc.array(member, { maxLength: 5 }),
    fc.integer({ min: 1, max: 5 }),
    fc.array(fc.nat(99))
  )
  await fc.assert(
    fc.asyncProperty(given, ([shapes, broadcasts, order]) =>
      Effect.gen(function* () {
        const members = yield* join(...shapes.map(({ size }) => size))
        members.forEach((member, i) => {
          member.isFull = shapes[i]!.isFull
        })
        const fibers = []
        for (let i = 0; i < broadcasts; i++) fibers.push(yield* broadcast(String(i)))
        for (const pick of order) members[pick % Math.max(1, members.length)]?.done({ dropped: 0 })
        for (const member of members) while (member.taken.length > 0) member.done()
        const size = shapes.reduce((sum, shape) => sum + shape.size, 0)
        const full = shapes.reduce((sum, shape) => sum + (shape.isFull ? shape.size : 0), 0)
        for (const fiber of fibers)
          expect(yield* Fiber.join(fiber)).toMatchObject({
            eligible: size,
            written: size - full,
            dropped: full
          })
      }).pipe(
        Effect.provide(Layer.unwrap(Effect.map(makeDisk, layerPublisher))),
        Effect.scoped,
        Effect.runPromise
      )
    )
  )
})
