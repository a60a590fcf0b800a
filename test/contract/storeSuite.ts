/** The contract of src/services/store/Store.ts. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import fc from "fast-check"
import { expect, it } from "vitest"
import type { Key, Range, Store, Value, Write } from "../../src/services/store/Store.ts"

export interface StoreContract {
  /** An empty store. */
  readonly start: Effect.Effect<Store["Service"], never, Scope.Scope>
  readonly run: <A, E>(test: Effect.Effect<A, E, Scope.Scope>) => Promise<A>
}

const put = (key: Key, value: Value, table = "t"): Write => ({ table, key, value })
const remove = (key: Key, table = "t"): Write => ({ table, key })

/** The order of the contract, said another way than the stores say it. */
const compareParts = (a: string | number, b: string | number): number => {
  if (typeof a === "number") return typeof b !== "number" || a < b ? -1 : a > b ? 1 : 0
  return typeof b === "number" ? 1 : Buffer.compare(Buffer.from(a), Buffer.from(b))
}

const compareKeys = (a: Key, b: Key): number => {
  for (let index = 0; index < Math.min(a.length, b.length); index++) {
    const order = compareParts(a[index]!, b[index]!)
    if (order !== 0) return order
  }
  return a.length - b.length
}

/** Texts that begin alike, with the characters whose order is easily got wrong. */
const text = fc.string({
  unit: fc.constantFrom("\0", "\x01", "\x7f", "a", "b", "é", "\ud7ff", "\ue000", "\uffff", "😀"),
  maxLength: 4
})
const number = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0.5, -0.5, 2 ** 53, 1_700_000_000_000),
  fc.double({ noNaN: true })
)
const key: fc.Arbitrary<Key> = fc.array(fc.oneof(text, number), { minLength: 1, maxLength: 4 })
const sameKey = (a: Key, b: Key) => compareKeys(a, b) === 0

export const storeSuite = ({ start, run }: StoreContract): void => {
  const withStore = <A, E>(test: (store: Store["Service"]) => Effect.Effect<A, E, Scope.Scope>) =>
    run(Effect.flatMap(start, test))

  it("what is committed is there, until it is written anew or removed", () =>
    withStore((store) =>
      Effect.gen(function* () {
        expect(yield* store.get("t", ["a"])).toBeUndefined()
        yield* store.commit([put(["a"], 1)])
        expect(yield* store.get("t", ["a"])).toBe(1)
        yield* store.commit([put(["a"], "two")])
        expect(yield* store.get("t", ["a"])).toBe("two")
        expect(yield* store.count("t")).toBe(1)
        yield* store.commit([remove(["a"])])
        expect(yield* store.get("t", ["a"])).toBeUndefined()
        expect(yield* store.count("t")).toBe(0)
        // Nothing is there to be removed.
        yield* store.commit([remove(["a"]), remove(["a"], "never written")])
        yield* store.commit([])
        expect(yield* store.count("never written")).toBe(0)
        expect(yield* store.range("never written", {})).toEqual([])
      })
    ))

  it("tables have keys of their own", () =>
    withStore((store) =>
      Effect.gen(function* () {
        yield* store.commit([put(["a"], 1, "t"), put(["a"], 2, "u"), put(["b"], 3, "u")])
        expect(yield* store.range("t", {})).toEqual([[["a"], 1]])
        expect(yield* store.range("u", {})).toEqual([
          [["a"], 2],
          [["b"], 3]
        ])
        expect([yield* store.count("t"), yield* store.count("u")]).toEqual([1, 2])
      })
    ))

  it("values come back as they were, bytes too", () =>
    withStore((store) =>
      Effect.gen(function* () {
        const pooled = Buffer.from("--bytes in a larger piece of memory--").subarray(2, 7)
        const values: ReadonlyArray<Value> = [
          ...[
            "",
            "text",
            "\0 and 😀",
            "x".repeat(100_000),
            0,
            -1,
            0.1,
            2 ** 40,
            -(2 ** 33),
            Number.MAX_SAFE_INTEGER
          ],
          ...[1e300, true, false, null, [], {}, [1, [2, [3]]], [undefined, null]],
          { a: 1, b: { c: [null, undefined], d: undefined }, "": "empty", "with space": 1, constructor: 1 },
          { bytes: new Uint8Array([0, 1, 255]), none: new Uint8Array(0), pooled },
          ...[new Uint8Array([1, 2, 3]), new Uint8Array(0), new Uint8Array(300_000).fill(7)]
        ]
        yield* store.commit(values.map((value, index) => put([index], value)))
        const plain = (value: Value): unknown =>
          value instanceof Uint8Array
            ? ["bytes", ...value]
            : Array.isArray(value)
              ? value.map(plain)
              : typeof value === "object" && value !== null
                ? Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]))
                : value
        for (const [index, value] of values.entries())
          expect(plain(yield* store.get("t", [index]))).toStrictEqual(plain(value))
        const all = yield* store.range("t", {})
        expect(all.map(([, value]) => plain(value))).toStrictEqual(values.map(plain))
      })
    ))

  it("a value that was read stays as it is when others are read and written", () =>
    withStore((store) =>
      Effect.gen(function* () {
        yield* store.commit([
          put(["a"], { bytes: new Uint8Array(1000).fill(1) }),
          put(["b"], new Uint8Array(1000).fill(2))
        ])
        const a = (yield* store.get("t", ["a"])) as { readonly bytes: Uint8Array }
        const [, b] = (yield* store.range("t", { from: ["b"] }))[0]!
        yield* store.commit([
          put(["a"], { bytes: new Uint8Array(1000).fill(3) }),
          put(["b"], new Uint8Array(1000).fill(4))
        ])
        yield* store.get("t", ["a"])
        yield* store.range("t", {})
        expect([...new Set(a.bytes), ...new Set(b as Uint8Array)]).toEqual([1, 2])
      })
    ))

  it("the writes of one commit happen in their order, and are seen together", () =>
    withStore((store) =>
      Effect.gen(function* () {
        yield* store.commit([put(["a"], 1), remove(["a"]), put(["a"], 2), put(["b"], 1), remove(["b"])])
        expect(yield* store.range("t", {})).toEqual([[["a"], 2]])
        // Somebody who looks all the time sees each pair alike.
        const commits = Effect.forEach(
          Array.from({ length: 200 }, (_, index) => index),
          (index) => store.commit([put(["x"], index), put(["y"], index, "u")]),
          { concurrency: 7, discard: true }
        )
        let isOver = false
        const looks = Effect.gen(function* () {
          while (!isOver) {
            const [x, y] = [yield* store.get("t", ["x"]), yield* store.get("u", ["y"])]
            expect(x).toBe(y)
            yield* Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))
          }
        })
        yield* Effect.all([Effect.tap(commits, () => Effect.sync(() => (isOver = true))), looks], {
          concurrency: 2
        })
        expect(yield* store.get("t", ["x"])).toBe(199)
      })
    ))

  it("commits happen in the order of their calls, however many are under way", () =>
    withStore((store) =>
      Effect.gen(function* () {
        const ended: Array<number> = []
        yield* Effect.forEach(
          Array.from({ length: 500 }, (_, index) => index),
          (index) =>
            Effect.tap(store.commit([put(["last"], index), put([index], index)]), () =>
              Effect.gen(function* () {
                ended.push(index)
                // What has succeeded is there at once.
                expect(yield* store.get("t", [index])).toBe(index)
              })
            ),
          { concurrency: "unbounded", discard: true }
        )
        expect(ended).toEqual([...ended].sort((a, b) => a - b))
        expect(yield* store.get("t", ["last"])).toBe(499)
        expect(yield* store.count("t")).toBe(501)
      })
    ))

  it("a key or a value that cannot be kept is a defect, and its commit changes nothing, nor any other", () =>
    withStore((store) =>
      Effect.gen(function* () {
        const cycle: { self?: unknown } = {}
        cycle.self = cycle
        const impossible = [put(["x".repeat(2000)], 1), put([Number.NaN], 1), put([], 1)]
        for (const write of impossible) {
          const both = yield* Effect.all(
            [
              Effect.exit(store.commit([put(["before"], 1), write, put(["behind"], 1)])),
              Effect.exit(store.commit([put(["other"], 1)]))
            ],
            { concurrency: 2 }
          )
          expect(both.map(({ _tag }) => _tag)).toEqual(["Failure", "Success"])
          expect(String(both[0])).toContain("Die")
          expect(yield* store.range("t", {})).toEqual([[["other"], 1]])
        }
        expect(String(yield* Effect.exit(store.get("t", [Number.NaN])))).toContain("Die")
      })
    ))

  it("ranges have ends, a direction and a limit", () =>
    withStore((store) =>
      Effect.gen(function* () {
        yield* store.commit([1, 2, 3, 5].map((n) => put([n], n)))
        const range = (range: Range) =>
          Effect.map(store.range("t", range), (found) => found.map(([, n]) => n))
        expect(yield* range({})).toEqual([1, 2, 3, 5])
        expect(yield* range({ from: [2], to: [5] })).toEqual([2, 3])
        expect(yield* range({ from: [2], to: [5], isReverse: true })).toEqual([3, 2])
        expect(yield* range({ isReverse: true })).toEqual([5, 3, 2, 1])
        expect(yield* range({ to: [4], isReverse: true, limit: 2 })).toEqual([3, 2])
        expect(yield* range({ from: [4] })).toEqual([5])
        expect(yield* range({ from: [4], to: [4] })).toEqual([])
        expect(yield* range({ from: [5], to: [1] })).toEqual([])
        expect(yield* range({ from: [5], to: [1], isReverse: true })).toEqual([])
        expect(yield* range({ limit: 0 })).toEqual([])
        expect(yield* range({ limit: 1 })).toEqual([1])
        expect(yield* range({ limit: 9, isReverse: true })).toEqual([5, 3, 2, 1])
      })
    ))

  it("a part of a key stands before all keys that begin with it", () =>
    withStore((store) =>
      Effect.gen(function* () {
        const keys: ReadonlyArray<Key> = [["a"], ["a", 1], ["a", 2, "x"], ["a", "b"], ["a\0"], ["aa"], ["b"]]
        yield* store.commit(keys.map((key) => put(key, 0)).reverse())
        const found = (range: Range) => Effect.map(store.range("t", range), (all) => all.map(([key]) => key))
        expect(yield* found({})).toEqual(keys)
        expect(yield* found({ from: ["a"], to: ["a\0"] })).toEqual(keys.slice(0, 4))
        expect(yield* found({ from: ["a", 2] })).toEqual(keys.slice(2))
        expect(yield* found({ from: [] })).toEqual(keys)
      })
    ))

  it("any keys are kept apart, in their order, in any range", () =>
    withStore((store) =>
      Effect.promise(() =>
        fc.assert(
          fc.asyncProperty(
            fc.array(key, { minLength: 1, maxLength: 30 }),
            fc.record(
              { from: key, to: key, isReverse: fc.boolean(), limit: fc.nat(10) },
              { requiredKeys: [] }
            ),
            async (keys, range) => {
              const before = await run(store.range("t", {}))
              await run(
                store.commit([...before.map(([key]) => remove(key)), ...keys.map((key) => put(key, key))])
              )
              const expected = keys
                .filter((key, index) => keys.findIndex((other) => sameKey(key, other)) === index)
                .sort(compareKeys)
              const all = await run(store.range("t", {}))
              expect(all.length).toBe(expected.length)
              expect(all.every(([key], index) => sameKey(key, expected[index]!))).toBe(true)
              const inRange = expected.filter(
                (key) =>
                  (range.from === undefined || compareKeys(key, range.from) >= 0) &&
                  (range.to === undefined || compareKeys(key, range.to) < 0)
              )
              if (range.isReverse === true) inRange.reverse()
              const found = await run(store.range("t", range))
              expect(found.map(([key]) => key.map((part) => (part === 0 ? 0 : part)))).toEqual(
                inRange.slice(0, range.limit).map((key) => key.map((part) => (part === 0 ? 0 : part)))
              )
            }
          ),
          { numRuns: 200 }
        )
      )
    ))

  it("large commits and long ranges are whole", () =>
    withStore((store) =>
      Effect.gen(function* () {
        const count = 60_000
        const commits = [0, 1, 2].map((part) =>
          store.commit(Array.from({ length: count }, (_, index) => put([index * 3 + part], { index, part })))
        )
        const last = [0, 1, 2].map((part) => store.commit([put(["last"], part, "u")]))
        const inOrder = commits.flatMap((commit, part) => [commit, last[part]!])
        yield* Effect.all(inOrder, { concurrency: "unbounded", discard: true })
        expect(yield* store.get("u", ["last"])).toBe(2)
        expect(yield* store.count("t")).toBe(3 * count)
        const all = yield* store.range("t", {})
        expect(all.length).toBe(3 * count)
        expect(all.every(([key], index) => key[0] === index)).toBe(true)
      })
    ))
}
