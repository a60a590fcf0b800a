import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { expect, it } from "vitest"
import type { ClientInfo } from "../../../src/protocol/centrifuge/messages.ts"
import {
  type BrokerContract,
  bytesOf,
  numbersTo,
  startSubscribed,
  streamOf,
  textOf
} from "./BrokerContract.ts"

const PUBLISHERS = 20
const EACH = 10
/** Publications after a late subscriber has read the history. */
const LATER = 50

export const publishSuite = (contract: BrokerContract): void => {
  const stream = streamOf(contract)
  const { run } = contract

  it("publications get the offsets 1, 2, 3 of one epoch, and come in this order", () =>
    run(
      Effect.gen(function* () {
        const { broker, received } = yield* startSubscribed(contract, 1, "news")
        const published = []
        for (const text of ["a", "b", "c"])
          published.push(yield* broker.publish("news", bytesOf(text), { stream }))
        const { epoch } = published[0]!
        expect(epoch).toMatch(/^\S+$/)
        expect(published).toEqual([1, 2, 3].map((offset) => ({ offset, epoch, isSuppressed: false })))
        const events = yield* received.wait("news", 3)
        expect(
          events.map(({ kind, channel, publication, epoch: of }) => [kind, channel, publication.offset, of])
        ).toEqual([1, 2, 3].map((offset) => ["publication", "news", offset, epoch]))
        expect(events.map(({ data }) => textOf(data))).toEqual(["a", "b", "c"])
      })
    ))

  it("a publication comes as it was published, to the subscribers and in the history of every process", () =>
    run(
      Effect.gen(function* () {
        const { broker, processes } = yield* startSubscribed(contract, 2, "news")
        const info: ClientInfo = {
          user: "42",
          client: "c-1",
          connInfo: bytesOf('{"a": 1}'),
          chanInfo: bytesOf("[]")
        }
        const tags = { ticker: "BTC", "": "empty", long: "ü".repeat(100) }
        yield* broker.publish("news", bytesOf("full"), { stream, info, tags, isDelta: true })
        yield* broker.publish("news", bytesOf("bare"), { stream })
        for (const { broker: own, received } of processes) {
          const events = (yield* received.wait("news", 2)).map(({ publication }) => publication)
          const { publications } = yield* own.history("news", { limit: -1 }, stream)
          for (const [full, bare] of [events, publications]) {
            expect(full).toMatchObject({ tags, isDelta: true })
            expect(full!.info).toMatchObject({ user: "42", client: "c-1" })
            expect([textOf(full!.info!.connInfo!), textOf(full!.info!.chanInfo!)]).toEqual(['{"a": 1}', "[]"])
            expect(bare).toMatchObject({ isDelta: false })
            expect([bare!.info, bare!.tags]).toEqual([undefined, undefined])
            expect(full!.time).toBeLessThanOrEqual(bare!.time)
            expect(Number.isInteger(full!.time)).toBe(true)
          }
        }
      })
    ))

  it.each([
    ["empty", new Uint8Array(0)],
    ["every byte", Uint8Array.from({ length: 256 }, (_, byte) => byte)],
    ["64 KiB", Uint8Array.from({ length: 65_536 }, (_, at) => (at * 31) % 251)],
    ["a part of something larger", new Uint8Array(10_000).fill(7).subarray(5000, 5100)]
  ])("data passes unchanged: %s", (_, data) =>
    run(
      Effect.gen(function* () {
        const { broker, received } = yield* startSubscribed(contract, 1, "news")
        yield* broker.publish("news", data, { stream })
        const [event] = yield* received.wait("news", 1)
        expect(Buffer.compare(event!.data, data)).toBe(0)
        const { publications } = yield* broker.history("news", { limit: 1 }, stream)
        expect(Buffer.compare(publications[0]!.data, data)).toBe(0)
      })
    )
  )

  it("channels have streams of their own", () =>
    run(
      Effect.gen(function* () {
        const { broker } = yield* startSubscribed(contract, 1)
        yield* broker.publish("a", bytesOf("1"), { stream })
        yield* broker.publish("a", bytesOf("2"), { stream })
        expect((yield* broker.publish("b", bytesOf("1"), { stream })).offset).toBe(1)
        expect((yield* broker.history("a", { limit: -1 }, stream)).publications.length).toBe(2)
        expect((yield* broker.history("b", { limit: -1 }, stream)).publications.length).toBe(1)
      })
    ))

  it("without history there is no position, and nothing is kept", () =>
    run(
      Effect.gen(function* () {
        const { broker, processes } = yield* startSubscribed(contract, 2, "now")
        for (const text of ["a", "b"]) {
          const published = yield* broker.publish("now", bytesOf(text), { stream: undefined })
          expect(published).toEqual({ offset: 0, epoch: "", isSuppressed: false })
        }
        for (const { received } of processes) {
          const events = yield* received.wait("now", 2)
          expect(
            events.map(({ data, publication, epoch }) => [textOf(data), publication.offset, epoch])
          ).toEqual([
            ["a", 0, ""],
            ["b", 0, ""]
          ])
        }
        expect(yield* broker.history("now", { limit: -1 }, stream)).toMatchObject({
          offset: 0,
          publications: []
        })
      })
    ))

  it("of many publishers in many processes, each process gets all, in the order of the offsets", () =>
    run(
      Effect.gen(function* () {
        const { broker, processes } = yield* startSubscribed(contract, 3, "busy")
        const publish = (publisher: number) =>
          Effect.forEach(numbersTo(EACH), (turn) =>
            Effect.map(
              processes[publisher % 3]!.broker.publish("busy", bytesOf(`${publisher}.${turn}`), { stream }),
              ({ offset }) => [offset, `${publisher}.${turn}`] as const
            )
          )
        const published = yield* Effect.forEach(numbersTo(PUBLISHERS), publish, { concurrency: "unbounded" })
        const byOffset = new Map(published.flat())
        const offsets = numbersTo(PUBLISHERS * EACH)
        expect([...byOffset.keys()].sort((one, other) => one - other)).toEqual(offsets)
        const expected = offsets.map((offset) => [offset, byOffset.get(offset)])
        for (const { received } of processes) {
          const events = yield* received.wait("busy", offsets.length)
          expect(events.map(({ publication, data }) => [publication.offset, textOf(data)])).toEqual(expected)
        }
        const { publications } = yield* broker.history("busy", { limit: -1 }, stream)
        expect(publications.map(({ offset, data }) => [offset, textOf(data)])).toEqual(expected)
        for (const own of published) {
          const order = own.map(([offset]) => offset)
          expect(order).toEqual([...order].sort((one, other) => one - other))
        }
      })
    ))

  it("joins and leaves come in order with the publications, have no offset and are not kept", () =>
    run(
      Effect.gen(function* () {
        const { broker, processes } = yield* startSubscribed(contract, 2, "news")
        const info: ClientInfo = { user: "42", client: "c-1" }
        yield* broker.announce("join", "news", info)
        yield* broker.publish("news", bytesOf("a"), { stream })
        yield* broker.announce("leave", "news", info)
        for (const { received } of processes) {
          const events = yield* received.wait("news", 3)
          expect(events.map(({ kind, publication }) => [kind, publication.offset])).toEqual([
            ["join", 0],
            ["publication", 1],
            ["leave", 0]
          ])
          for (const event of [events[0]!, events[2]!]) {
            expect(event.publication.info).toMatchObject(info)
            expect([event.epoch, event.data.length]).toEqual(["", 0])
          }
        }
        expect((yield* broker.history("news", { limit: -1 }, stream)).publications.length).toBe(1)
      })
    ))

  it("after subscribing nothing is missed: the history and what comes then are without a gap", () =>
    run(
      Effect.gen(function* () {
        const { broker, processes } = yield* startSubscribed(contract, 2)
        const late = processes[1]!
        let isIn = false
        const publishing = yield* Effect.forkChild(
          Effect.gen(function* () {
            let last = 0
            for (let more = LATER; more > 0; yield* Effect.yieldNow) {
              last = (yield* broker.publish("busy", bytesOf("a"), { stream })).offset
              if (isIn) more--
            }
            return last
          })
        )
        // It comes while publications are under way.
        while ((yield* broker.history("busy", { limit: 0 }, stream)).offset < 10) yield* Effect.yieldNow
        yield* late.broker.subscribe("busy")
        const { offset, publications } = yield* late.broker.history("busy", { limit: -1 }, stream)
        isIn = true
        const from = Math.max(1, offset - stream.size + 1)
        expect(publications.map((publication) => publication.offset)).toEqual(numbersTo(offset, from))
        const last = yield* Fiber.join(publishing)
        let behind: ReadonlyArray<number> = []
        for (let count = 0; behind.at(-1) !== last; count++) {
          const events = yield* late.received.wait("busy", count)
          behind = events.map(({ publication }) => publication.offset).filter((at) => at > offset)
        }
        expect(behind).toEqual(numbersTo(last, offset + 1))
      })
    ))

  it("a channel may be left and subscribed to again", () =>
    run(
      Effect.gen(function* () {
        const { broker, received } = yield* startSubscribed(contract, 1, "news")
        yield* broker.unsubscribe("news")
        yield* broker.unsubscribe("news")
        yield* broker.unsubscribe("unknown")
        yield* broker.subscribe("news")
        yield* broker.publish("news", bytesOf("a"), { stream })
        const [event] = yield* received.wait("news", 1)
        expect(textOf(event!.data)).toBe("a")
      })
    ))
}
