/** The contract of src/services/history/HistoryStore.ts; what a reading gives for each filter is in the suite of the broker. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { describe, expect, it } from "vitest"
import type {
  HistoryStore,
  HistoryUnavailable,
  StreamOptions
} from "../../src/services/history/HistoryStore.ts"
import type { ChannelEvent } from "../../src/services/hot/ChannelEvent.ts"
import { Delivery } from "../../src/services/hot/Publication.ts"

export interface HistoryUnderTest {
  readonly history: HistoryStore<HistoryUnavailable>
  /** What was told, and what was answered to `noted` appends, in this order. */
  readonly told: Array<ChannelEvent>
  /** Lets time pass, and what goes on by itself come to its end. */
  readonly pass: (ms: number) => Effect.Effect<void>
  /** Ends the process that has it, and begins another one with the same store; undefined where nothing is left then. */
  readonly restart: Effect.Effect<HistoryUnderTest> | undefined
}

export interface HistoryContract {
  readonly start: Effect.Effect<HistoryUnderTest, never, Scope.Scope>
  readonly run: <A, E>(test: Effect.Effect<A, E, Scope.Scope>) => Promise<A>
  readonly isDurable: boolean
}

const TTL_MS = 10 * 60_000
const META_MS = 60 * 60_000

const bytesOf = (text: string) => new TextEncoder().encode(text)
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
const upTo = (count: number) => Array.from({ length: count }, (_, at) => at + 1)

export const historySuite = ({ start, run, isDurable }: HistoryContract): void => {
  const stream: StreamOptions = { size: 100, ttlMs: TTL_MS, metaTtlMs: META_MS, isDurable }
  const append = ({ history }: HistoryUnderTest, text: string, channel = "news") =>
    history.append(channel, bytesOf(text), stream, {})
  const texts = ({ history }: HistoryUnderTest, channel = "news") =>
    Effect.map(history.read(channel, { limit: -1 }, stream), ({ publications }) =>
      publications.map(({ data }) => textOf(data))
    )

  describe("an append", () => {
    it("is told before it succeeds, with its delivery", () =>
      run(
        Effect.gen(function* () {
          const { history, told } = yield* start
          const delivery = new Delivery()
          const published = yield* history.append("news", bytesOf("a"), stream, { delivery, isDelta: true })
          expect(told.length).toBe(1)
          const [{ publication, epoch, delivery: own }] = told as [ChannelEvent]
          expect({ offset: publication.offset, epoch, isSuppressed: false }).toEqual(published)
          expect(publication.isDelta).toBe(true)
          expect(own).toBe(delivery)
        })
      ))

    it("that is suppressed is not told, and its delivery is not touched", () =>
      run(
        Effect.gen(function* () {
          const { history, told } = yield* start
          const options = { idempotencyKey: "k", version: 3, versionEpoch: "v" }
          yield* history.append("news", bytesOf("a"), stream, options)
          for (const again of [
            options,
            { ...options, idempotencyKey: "" },
            { ...options, idempotencyKey: "l" }
          ]) {
            const delivery = new Delivery()
            const answer = yield* history.append("news", bytesOf("b"), stream, { ...again, delivery })
            expect(answer).toMatchObject({ offset: 1, isSuppressed: true })
          }
          expect(told.length).toBe(1)
        })
      ))

    it("of many at once has an offset of its own, and they are told in the order of the offsets", () =>
      run(
        Effect.gen(function* () {
          const { history, told } = yield* start
          const each = upTo(300)
          const published = yield* Effect.forEach(
            each,
            (number) => history.append(`c${number % 3}`, bytesOf(String(number)), stream, {}),
            { concurrency: "unbounded" }
          )
          for (const channel of ["c0", "c1", "c2"]) {
            const own = told.filter((event) => event.channel === channel)
            expect(own.map(({ publication }) => publication.offset)).toEqual(upTo(100))
            const answered = new Map(
              each
                .filter((number) => `c${number % 3}` === channel)
                .map((number) => [published[number - 1]!.offset, String(number)])
            )
            for (const { publication, data } of own)
              expect(answered.get(publication.offset)).toBe(textOf(data))
          }
        })
      ))
  })

  describe("an entry", () => {
    it("stays as it was told, whatever becomes of the bytes that the caller's bytes were a part of", () =>
      run(
        Effect.gen(function* () {
          const { history } = yield* start
          const request = bytesOf("0123456789".repeat(100))
          yield* history.append("news", request.subarray(10, 20), stream, {})
          const { publications } = yield* history.read("news", { limit: 1 }, stream)
          expect(publications[0]!.data.buffer.byteLength).toBe(10)
        })
      ))

    it("of names that look alike is each channel's own", () =>
      run(
        Effect.gen(function* () {
          const { history } = yield* start
          const long = "x".repeat(3000)
          const names = [
            "a",
            "=a",
            "#a",
            "a\0",
            "a\0b",
            "",
            "\ud800",
            "\ud801",
            "\ufffd",
            `${long}1`,
            `${long}2`,
            "ä",
            "😀"
          ]
          for (const name of names)
            yield* history.append(name, bytesOf(`of ${name}`), stream, { idempotencyKey: name })
          for (const name of names) {
            const { offset, publications } = yield* history.read(name, { limit: -1 }, stream)
            expect([offset, publications.map(({ data }) => textOf(data))]).toEqual([
              1,
              [textOf(bytesOf(`of ${name}`))]
            ])
          }
        })
      ))
  })

  describe("a stream", () => {
    it("of 10,000 entries is read whole, in either direction, and from the middle", () =>
      run(
        Effect.gen(function* () {
          const { history } = yield* start
          const large = { ...stream, size: 10_000 }
          const numbers = upTo(10_500)
          yield* Effect.forEach(
            numbers,
            (number) => history.append("news", bytesOf(String(number)), large, {}),
            {
              concurrency: 1000
            }
          )
          const offsets = (filter: Parameters<HistoryStore["read"]>[1]) =>
            Effect.map(history.read("news", filter, large), ({ publications }) =>
              publications.map(({ offset }) => offset)
            )
          const kept = numbers.slice(500)
          expect(yield* offsets({ limit: -1 })).toEqual(kept)
          expect(yield* offsets({ limit: -1, isReverse: true })).toEqual([...kept].reverse())
          const since = { offset: 5000, epoch: "" }
          expect(yield* offsets({ limit: 3, since })).toEqual([5001, 5002, 5003])
          expect(yield* offsets({ limit: 3, since, isReverse: true })).toEqual([4999, 4998, 4997])
        })
      ))

    it("that is cleared while it is read gives the entries, or none", () =>
      run(
        Effect.gen(function* () {
          const under = yield* start
          for (const number of upTo(50)) yield* append(under, String(number))
          const { history } = under
          const readings = Effect.all(
            upTo(20).map(() => Effect.andThen(Effect.yieldNow, texts(under))),
            { concurrency: "unbounded" }
          )
          const [lengths] = yield* Effect.all(
            [Effect.map(readings, (all) => all.map(({ length }) => length)), history.clear("news")],
            { concurrency: "unbounded" }
          )
          expect(lengths.every((length) => length === 0 || length === 50)).toBe(true)
          expect(yield* history.read("news", { limit: -1 }, stream)).toMatchObject({
            offset: 50,
            publications: []
          })
          yield* append(under, "51")
          expect(yield* texts(under)).toEqual(["51"])
        })
      ))

    it("that is not known is not begun by being cleared", () =>
      run(
        Effect.gen(function* () {
          const { history } = yield* start
          yield* history.clear("news")
          const begun = yield* history.read("news", { limit: 0 }, stream)
          yield* history.clear("news")
          expect(yield* history.read("news", { limit: 0 }, stream)).toEqual(begun)
        })
      ))
  })

  describe.runIf(isDurable)("after a restart", () => {
    const restarted = ({ restart }: HistoryUnderTest) => restart!

    it("streams go on: position, epoch, entries with all that was said of them", () =>
      run(
        Effect.gen(function* () {
          const before = yield* start
          const info = { user: "42", client: "c", connInfo: bytesOf("{}"), chanInfo: bytesOf("[]") }
          const tags = { a: "b" }
          yield* before.history.append("news", bytesOf("full"), stream, { info, tags, isDelta: true })
          const { epoch } = yield* append(before, "bare")
          const after = yield* restarted(before)
          const read = yield* after.history.read("news", { limit: -1 }, stream)
          expect(read).toMatchObject({ offset: 2, epoch })
          expect(read.publications.map(({ data }) => textOf(data))).toEqual(["full", "bare"])
          expect(read.publications).toEqual(before.told.map(({ publication }) => publication))
          expect(yield* append(after, "next")).toEqual({ offset: 3, epoch, isSuppressed: false })
          expect(yield* texts(after)).toEqual(["full", "bare", "next"])
          expect(after.told.length).toBe(1)
        })
      ))

    it("a stream that was only read has its epoch", () =>
      run(
        Effect.gen(function* () {
          const before = yield* start
          const begun = yield* before.history.read("news", { limit: 0 }, stream)
          const after = yield* restarted(before)
          expect(yield* after.history.read("news", { limit: 0 }, stream)).toEqual(begun)
        })
      ))

    it("idempotency keys and versions are known", () =>
      run(
        Effect.gen(function* () {
          const before = yield* start
          const options = { idempotencyKey: "schedule:1:2", version: 5, versionEpoch: "v" }
          const { epoch } = yield* before.history.append("news", bytesOf("a"), stream, options)
          const after = yield* restarted(before)
          const known = { offset: 1, epoch, isSuppressed: true }
          expect(
            yield* after.history.append("news", bytesOf("a"), stream, { idempotencyKey: "schedule:1:2" })
          ).toEqual(known)
          expect(
            yield* after.history.append("news", bytesOf("b"), stream, { version: 5, versionEpoch: "v" })
          ).toEqual(known)
          expect(after.told).toEqual([])
        })
      ))

    it("what was cleared stays so, and what is over is over", () =>
      run(
        Effect.gen(function* () {
          const before = yield* start
          yield* append(before, "a")
          const { epoch } = yield* append(before, "b", "other")
          yield* before.history.clear("news")
          const after = yield* restarted(before)
          expect(yield* texts(after)).toEqual([])
          expect(yield* texts(after, "other")).toEqual(["b"])
          yield* after.pass(TTL_MS)
          const last = yield* restarted(after)
          expect(yield* last.history.read("other", { limit: -1 }, stream)).toEqual({
            offset: 1,
            epoch,
            publications: []
          })
          yield* last.pass(META_MS)
          const { epoch: next, offset } = yield* last.history.read("other", { limit: -1 }, stream)
          expect(offset).toBe(0)
          expect(next).not.toBe(epoch)
        })
      ))

    it("a key is known as long as its publication stands in the history, and five minutes at least", () =>
      run(
        Effect.gen(function* () {
          const before = yield* start
          const small = { ...stream, size: 1 }
          const repeat = ({ history }: HistoryUnderTest) =>
            Effect.map(
              history.append("news", bytesOf("a"), small, { idempotencyKey: "k" }),
              ({ isSuppressed }) => isSuppressed
            )
          expect(yield* repeat(before)).toBe(false)
          yield* before.pass(9 * 60_000)
          const after = yield* restarted(before)
          expect(yield* repeat(after)).toBe(true)
          // Another one takes its place: the five minutes are over, too.
          yield* after.history.append("news", bytesOf("b"), small, {})
          expect(yield* repeat(after)).toBe(false)
          yield* after.history.append("news", bytesOf("c"), small, {})
          yield* after.pass(5 * 60_000 - 1)
          expect(yield* repeat(yield* restarted(after))).toBe(true)
        })
      ))

    it("long streams are read whole", () =>
      run(
        Effect.gen(function* () {
          const before = yield* start
          const large = { ...stream, size: 2000 }
          yield* Effect.forEach(
            upTo(2100),
            (number) => before.history.append("news", bytesOf(String(number)), large, {}),
            { concurrency: "unbounded" }
          )
          const after = yield* restarted(before)
          const { publications } = yield* after.history.read(
            "news",
            { limit: 500, since: { offset: 1000, epoch: "" } },
            large
          )
          expect(publications.map(({ offset }) => offset)).toEqual(upTo(1500).slice(1000))
          yield* after.history.append("news", bytesOf("last"), large, {})
          const all = yield* after.history.read("news", { limit: -1 }, large)
          expect(all.publications.map(({ offset }) => offset)).toEqual(upTo(2101).slice(101))
        })
      ))
  })
}
