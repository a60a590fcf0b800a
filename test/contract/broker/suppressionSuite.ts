import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import type { PublishOptions } from "../../../src/services/broker/Broker.ts"
import {
  type BrokerContract,
  bytesOf,
  numbersTo,
  startSubscribed,
  streamOf,
  textOf
} from "./BrokerContract.ts"

const IDEMPOTENCY_MS = 5 * 60_000

export const suppressionSuite = (contract: BrokerContract): void => {
  const stream = streamOf(contract)
  const { run, ttlMs } = contract

  /** A process that publishes and hears "news"; `heard` is what came, up to a publication that is made now. */
  const startPublishing = Effect.fnUntraced(function* (processes = 1) {
    const started = yield* startSubscribed(contract, processes, "news", "other")
    const { broker, received } = started
    const publish = (text: string, options: Partial<PublishOptions>, channel = "news") =>
      broker.publish(channel, bytesOf(text), { stream, ...options })
    const heard = Effect.gen(function* () {
      yield* broker.publish("news", bytesOf("end"), { stream: undefined })
      for (let count = 1; ; count++) {
        const texts = (yield* received.wait("news", count)).map(({ data }) => textOf(data))
        if (texts.at(-1) === "end") return texts.filter((text) => text !== "end")
      }
    })
    return { ...started, publish, heard }
  })

  describe("idempotency keys", () => {
    it("a known key is answered with the first position, and nothing is published", () =>
      run(
        Effect.gen(function* () {
          const { broker, publish, heard } = yield* startPublishing()
          const first = yield* publish("a", { idempotencyKey: "k" })
          yield* publish("b", {})
          const again = yield* publish("c", { idempotencyKey: "k" })
          expect(again).toEqual({ offset: 1, epoch: first.epoch, isSuppressed: true })
          expect((yield* publish("d", { idempotencyKey: "l" })).offset).toBe(3)
          expect(yield* heard).toEqual(["a", "b", "d"])
          const { publications } = yield* broker.history("news", { limit: -1 }, stream)
          expect(publications.map(({ data }) => textOf(data))).toEqual(["a", "b", "d"])
        })
      ))

    it("of many at once with one key, one is published, whatever process they come from", () =>
      run(
        Effect.gen(function* () {
          const { processes, heard } = yield* startPublishing(3)
          const published = yield* Effect.forEach(
            numbersTo(30),
            (turn) =>
              processes[turn % 3]!.broker.publish("news", bytesOf("once"), { stream, idempotencyKey: "k" }),
            { concurrency: "unbounded" }
          )
          expect(published.filter(({ isSuppressed }) => !isSuppressed).length).toBe(1)
          expect(new Set(published.map(({ offset, epoch }) => `${offset} ${epoch}`)).size).toBe(1)
          expect(yield* heard).toEqual(["once"])
        })
      ))

    it("a key belongs to its channel", () =>
      run(
        Effect.gen(function* () {
          const { publish } = yield* startPublishing()
          yield* publish("a", { idempotencyKey: "k" })
          expect(yield* publish("a", { idempotencyKey: "k" }, "other")).toMatchObject({
            offset: 1,
            isSuppressed: false
          })
          // Where the one ends and the other begins is not a matter of writing them together.
          yield* publish("a", { idempotencyKey: "bc" }, "a")
          expect(yield* publish("a", { idempotencyKey: "c" }, "ab")).toMatchObject({ isSuppressed: false })
        })
      ))

    it("they hold without history, too", () =>
      run(
        Effect.gen(function* () {
          const { publish, heard } = yield* startPublishing()
          const without = { stream: undefined, idempotencyKey: "k" }
          expect(yield* publish("a", without)).toEqual({ offset: 0, epoch: "", isSuppressed: false })
          expect(yield* publish("b", without)).toEqual({ offset: 0, epoch: "", isSuppressed: true })
          expect(yield* heard).toEqual(["a"])
        })
      ))

    it("any text is a key, the empty one is none", () =>
      run(
        Effect.gen(function* () {
          const { publish } = yield* startPublishing()
          for (const idempotencyKey of ["\n", " ", "ключ", "*.>", "k".repeat(2000), `${"k".repeat(1999)}l`]) {
            expect(yield* publish("a", { idempotencyKey })).toMatchObject({ isSuppressed: false })
            expect(yield* publish("a", { idempotencyKey })).toMatchObject({ isSuppressed: true })
          }
          for (const idempotencyKey of ["", undefined, ""])
            expect(yield* publish("a", { idempotencyKey })).toMatchObject({ isSuppressed: false })
        })
      ))

    it.skipIf(contract.longestPassMs < IDEMPOTENCY_MS)("after five minutes a key is new", () =>
      run(
        Effect.gen(function* () {
          const { publish, pass } = yield* startPublishing()
          yield* publish("a", { stream: undefined, idempotencyKey: "k" })
          yield* pass(IDEMPOTENCY_MS * 0.9)
          expect(yield* publish("b", { stream: undefined, idempotencyKey: "k" })).toMatchObject({
            isSuppressed: true
          })
          yield* pass(IDEMPOTENCY_MS * 0.2)
          expect(yield* publish("c", { stream: undefined, idempotencyKey: "k" })).toMatchObject({
            isSuppressed: false
          })
          expect(yield* publish("d", { stream: undefined, idempotencyKey: "k" })).toMatchObject({
            isSuppressed: true
          })
        })
      )
    )
  })

  describe("versions", () => {
    it("one that is not higher is answered with the top, and nothing is published", () =>
      run(
        Effect.gen(function* () {
          const { broker, publish, heard } = yield* startPublishing()
          const { epoch } = yield* publish("5", { version: 5 })
          yield* publish("none", {})
          expect(yield* publish("4", { version: 4 })).toEqual({ offset: 2, epoch, isSuppressed: true })
          expect(yield* publish("5 again", { version: 5 })).toEqual({ offset: 2, epoch, isSuppressed: true })
          expect(yield* publish("6", { version: 6 })).toEqual({ offset: 3, epoch, isSuppressed: false })
          expect(yield* publish("0", { version: 0 })).toMatchObject({ offset: 4, isSuppressed: false })
          expect(yield* heard).toEqual(["5", "none", "6", "0"])
          expect((yield* broker.history("news", { limit: -1 }, stream)).publications.length).toBe(4)
        })
      ))

    it("another version epoch begins anew", () =>
      run(
        Effect.gen(function* () {
          const { publish, heard } = yield* startPublishing()
          yield* publish("a 5", { version: 5, versionEpoch: "a" })
          yield* publish("b 1", { version: 1, versionEpoch: "b" })
          expect(yield* publish("b 1 again", { version: 1, versionEpoch: "b" })).toMatchObject({
            isSuppressed: true
          })
          yield* publish("b 2", { version: 2, versionEpoch: "b" })
          expect(yield* heard).toEqual(["a 5", "b 1", "b 2"])
        })
      ))

    it("of many at once what comes is always newer than what came, and ends with the newest", () =>
      run(
        Effect.gen(function* () {
          const { processes, heard } = yield* startPublishing(3)
          // 7 is no divisor of 61: every version once, in no order.
          yield* Effect.forEach(
            numbersTo(60).map((turn) => (turn * 7) % 61),
            (version) =>
              processes[version % 3]!.broker.publish("news", bytesOf(String(version)), { stream, version }),
            { concurrency: "unbounded" }
          )
          const versions = (yield* heard).map(Number)
          expect(versions).toEqual([...new Set(versions)].sort((one, other) => one - other))
          expect(versions.at(-1)).toBe(60)
        })
      ))

    it("a version is known longer than the entries, and of its channel alone", () =>
      run(
        Effect.gen(function* () {
          const { broker, publish, pass } = yield* startPublishing()
          yield* publish("3", { version: 3 })
          expect(yield* publish("1", { version: 1 }, "other")).toMatchObject({ isSuppressed: false })
          yield* pass(ttlMs * 1.5)
          expect(yield* publish("3", { version: 3 })).toMatchObject({ offset: 1, isSuppressed: true })
          yield* broker.removeHistory("news")
          expect(yield* publish("2", { version: 2 })).toMatchObject({ offset: 1, isSuppressed: true })
          expect(yield* publish("4", { version: 4 })).toMatchObject({ offset: 2, isSuppressed: false })
        })
      ))

    it("what is suppressed by its version leaves its idempotency key unused", () =>
      run(
        Effect.gen(function* () {
          const { publish } = yield* startPublishing()
          yield* publish("2", { version: 2 })
          yield* publish("1", { version: 1, idempotencyKey: "k" })
          expect(yield* publish("3", { version: 3, idempotencyKey: "k" })).toMatchObject({
            isSuppressed: false
          })
        })
      ))

    it("without history there are none", () =>
      run(
        Effect.gen(function* () {
          const { publish, heard } = yield* startPublishing()
          for (const version of [2, 1]) yield* publish(String(version), { stream: undefined, version })
          expect(yield* heard).toEqual(["2", "1"])
        })
      ))
  })
}
