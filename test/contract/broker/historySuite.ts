import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import type { HistoryFilter } from "../../../src/services/broker/Broker.ts"
import {
  type BrokerContract,
  bytesOf,
  numbersTo,
  startSubscribed,
  streamOf,
  textOf
} from "./BrokerContract.ts"

/** Ten are published, five are kept: 6 to 10. `OWN` stands for the stream's epoch. */
const OWN = "own"
const filters: ReadonlyArray<readonly [HistoryFilter, ReadonlyArray<number>]> = [
  [{ limit: 0 }, []],
  [{ limit: -1 }, [6, 7, 8, 9, 10]],
  [{ limit: 2 }, [6, 7]],
  [{ limit: 5 }, [6, 7, 8, 9, 10]],
  [{ limit: 100 }, [6, 7, 8, 9, 10]],
  [{ limit: -1, isReverse: true }, [10, 9, 8, 7, 6]],
  [{ limit: 2, isReverse: true }, [10, 9]],
  [{ limit: 0, isReverse: true }, []],
  [{ limit: -1, since: { offset: 7, epoch: OWN } }, [8, 9, 10]],
  [{ limit: 1, since: { offset: 7, epoch: OWN } }, [8]],
  [{ limit: 0, since: { offset: 7, epoch: OWN } }, []],
  [{ limit: -1, since: { offset: 5, epoch: OWN } }, [6, 7, 8, 9, 10]],
  [{ limit: -1, since: { offset: 10, epoch: OWN } }, []],
  [{ limit: -1, since: { offset: 2, epoch: OWN } }, [6, 7, 8, 9, 10]],
  [{ limit: -1, since: { offset: 0, epoch: OWN } }, [6, 7, 8, 9, 10]],
  [{ limit: -1, since: { offset: 99, epoch: OWN } }, []],
  [{ limit: -1, since: { offset: Number.MAX_SAFE_INTEGER, epoch: OWN } }, []],
  [{ limit: -1, since: { offset: 9, epoch: OWN }, isReverse: true }, [8, 7, 6]],
  [{ limit: 2, since: { offset: 9, epoch: OWN }, isReverse: true }, [8, 7]],
  [{ limit: -1, since: { offset: 99, epoch: OWN }, isReverse: true }, [10, 9, 8, 7, 6]],
  [{ limit: -1, since: { offset: 6, epoch: OWN }, isReverse: true }, []],
  [{ limit: -1, since: { offset: 0, epoch: OWN }, isReverse: true }, []],
  [{ limit: -1, since: { offset: 7, epoch: "" } }, [8, 9, 10]],
  [{ limit: -1, since: { offset: 9, epoch: "" }, isReverse: true }, [8, 7, 6]],
  [{ limit: -1, since: { offset: 7, epoch: "another" } }, []],
  [{ limit: -1, since: { offset: 9, epoch: "another" }, isReverse: true }, []]
]

export const historySuite = (contract: BrokerContract): void => {
  const stream = streamOf(contract)
  const { run } = contract

  it.each(filters)("of ten publications, five kept, %j gives %j", (filter, expected) =>
    run(
      Effect.gen(function* () {
        const { broker, processes } = yield* startSubscribed(contract, 2)
        const five = streamOf(contract, 5)
        let epoch = ""
        for (const number of numbersTo(10))
          epoch = (yield* broker.publish("news", bytesOf(String(number)), { stream: five })).epoch
        const own: HistoryFilter =
          filter.since?.epoch === OWN ? { ...filter, since: { offset: filter.since.offset, epoch } } : filter
        for (const process of processes) {
          const history = yield* process.broker.history("news", own, five)
          expect(history).toMatchObject({ offset: 10, epoch })
          expect(history.publications.map(({ offset, data }) => [offset, textOf(data)])).toEqual(
            expected.map((offset) => [offset, String(offset)])
          )
        }
      })
    )
  )

  it("reading an unknown stream begins it: offset 0, and the epoch of what is published then", () =>
    run(
      Effect.gen(function* () {
        const { broker, processes } = yield* startSubscribed(contract, 2)
        const begun = yield* broker.history("new", { limit: -1 }, stream)
        expect(begun).toMatchObject({ offset: 0, publications: [] })
        expect(begun.epoch).toMatch(/^\S+$/)
        expect((yield* processes[1]!.broker.history("new", { limit: 0 }, stream)).epoch).toBe(begun.epoch)
        expect(yield* broker.publish("new", bytesOf("a"), { stream })).toMatchObject({
          offset: 1,
          epoch: begun.epoch
        })
      })
    ))

  it("many that begin a stream at once begin the same one", () =>
    run(
      Effect.gen(function* () {
        const { processes } = yield* startSubscribed(contract, 3)
        const positions = yield* Effect.forEach(
          numbersTo(30),
          (reader) => processes[reader % 3]!.broker.history("new", { limit: 0 }, stream),
          { concurrency: "unbounded" }
        )
        expect(new Set(positions.map(({ epoch }) => epoch)).size).toBe(1)
      })
    ))

  it("a reading is of one moment: it ends with its own position, and has no gap", () =>
    run(
      Effect.gen(function* () {
        const { broker, processes } = yield* startSubscribed(contract, 2)
        const seven = streamOf(contract, 7)
        const publishing = Effect.forEach(numbersTo(100), (turn) =>
          Effect.andThen(broker.publish("busy", bytesOf(String(turn)), { stream: seven }), Effect.yieldNow)
        )
        const reading = Effect.gen(function* () {
          const tops: Array<number> = []
          while (tops.at(-1) !== 100) {
            const { offset, publications } = yield* processes[1]!.broker.history("busy", { limit: -1 }, seven)
            expect(publications.map((publication) => publication.offset)).toEqual(
              offset === 0 ? [] : numbersTo(offset, Math.max(1, offset - 6))
            )
            tops.push(offset)
            yield* Effect.yieldNow
          }
          return tops
        })
        const [, tops] = yield* Effect.all([publishing, reading], { concurrency: "unbounded" })
        expect(tops).toEqual([...tops].sort((one, other) => one - other))
        expect(new Set(tops).size, "the test never reads in between").toBeGreaterThan(2)
      })
    ))

  it("what is kept follows the size that a publication comes with", () =>
    run(
      Effect.gen(function* () {
        const { broker } = yield* startSubscribed(contract, 1)
        const kept = Effect.map(broker.history("news", { limit: -1 }, stream), ({ publications }) =>
          publications.map(({ offset }) => offset)
        )
        const publish = (size: number) =>
          broker.publish("news", bytesOf("a"), { stream: streamOf(contract, size) })
        for (const _ of numbersTo(6)) yield* publish(4)
        expect(yield* kept).toEqual([3, 4, 5, 6])
        yield* publish(2)
        expect(yield* kept).toEqual([6, 7])
        for (const _ of numbersTo(10)) yield* publish(9)
        expect(yield* kept).toEqual(numbersTo(17, 9))
        yield* publish(1)
        expect(yield* kept).toEqual([18])
      })
    ))

  describe("removal", () => {
    it("takes the entries, and the position stays", () =>
      run(
        Effect.gen(function* () {
          const { broker, processes } = yield* startSubscribed(contract, 2)
          yield* broker.publish("news", bytesOf("a"), { stream })
          const { epoch } = yield* broker.publish("news", bytesOf("b"), { stream })
          yield* processes[1]!.broker.removeHistory("news")
          expect(yield* broker.history("news", { limit: -1 }, stream)).toEqual({
            offset: 2,
            epoch,
            publications: []
          })
          expect(yield* broker.publish("news", bytesOf("c"), { stream })).toMatchObject({ offset: 3, epoch })
          const { publications } = yield* broker.history("news", { limit: -1 }, stream)
          expect(publications.map(({ offset }) => offset)).toEqual([3])
        })
      ))

    it("of a channel that has none, and of another channel, changes nothing", () =>
      run(
        Effect.gen(function* () {
          const { broker } = yield* startSubscribed(contract, 1)
          yield* broker.removeHistory("unknown")
          yield* broker.publish("news", bytesOf("a"), { stream })
          yield* broker.removeHistory("unknown")
          expect((yield* broker.history("news", { limit: -1 }, stream)).publications.length).toBe(1)
        })
      ))
  })

  describe("times", () => {
    const { ttlMs, metaTtlMs } = contract

    it("entries end some time after the last publication, and the position stays", () =>
      run(
        Effect.gen(function* () {
          const { broker, pass } = yield* startSubscribed(contract, 1)
          const kept = Effect.map(
            broker.history("news", { limit: -1 }, stream),
            (history) => history.publications.length
          )
          yield* broker.publish("news", bytesOf("a"), { stream })
          yield* pass(ttlMs * 0.75)
          const { epoch } = yield* broker.publish("news", bytesOf("b"), { stream })
          yield* pass(ttlMs * 0.75)
          expect(yield* kept).toBe(2)
          yield* pass(ttlMs * 0.5)
          expect(yield* broker.history("news", { limit: -1 }, stream)).toEqual({
            offset: 2,
            epoch,
            publications: []
          })
          expect(yield* broker.publish("news", bytesOf("c"), { stream })).toMatchObject({ offset: 3, epoch })
          expect(yield* kept).toBe(1)
        })
      ))

    it("a stream that is not used for its time begins anew, with another epoch", () =>
      run(
        Effect.gen(function* () {
          const { broker, pass } = yield* startSubscribed(contract, 1)
          yield* broker.publish("news", bytesOf("a"), { stream })
          const before = yield* broker.publish("news", bytesOf("b"), { stream })
          yield* pass(metaTtlMs * 1.25)
          const after = yield* broker.publish("news", bytesOf("c"), { stream })
          expect(after.offset).toBe(1)
          expect(after.epoch).not.toBe(before.epoch)
          const { publications } = yield* broker.history("news", { limit: -1 }, stream)
          expect(publications.map(({ data }) => textOf(data))).toEqual(["c"])
        })
      ))

    it("publishing and reading are use", () =>
      run(
        Effect.gen(function* () {
          const { broker, pass } = yield* startSubscribed(contract, 1)
          const { epoch } = yield* broker.history("news", { limit: 0 }, stream)
          yield* pass(metaTtlMs * 0.75)
          yield* broker.publish("news", bytesOf("a"), { stream })
          yield* pass(metaTtlMs * 0.75)
          yield* broker.history("news", { limit: 0 }, stream)
          yield* pass(metaTtlMs * 0.75)
          expect(yield* broker.history("news", { limit: 0 }, stream)).toMatchObject({ offset: 1, epoch })
        })
      ))
  })
}
