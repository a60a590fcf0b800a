/** Starts with one configuration after the other: what was published while a namespace was not durable is never missed silently. */
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import { expect } from "vitest"
import { durableNamespaces } from "../../../../../src/services/channels/durableNamespaces.ts"
import { configWith } from "../../../../support/configurations.ts"
import { startDurable } from "../../../../support/store/histories.ts"
import { WeakStore } from "../../../../support/store/WeakStore.ts"

const stream = { size: 10, ttlMs: 600_000, metaTtlMs: 3_600_000, isDurable: true }
const DURABLE = { historySize: 10, historyTtl: "10 minutes", history: { durable: true } } as const

/** What the configuration says of the namespaces "orders", "news" and "". */
type Names = ReadonlyArray<"orders" | "news" | "">

const namespaces = (durable: Names, namespaceBoundary = ":") =>
  durableNamespaces(
    configWith({
      channels: {
        namespaceBoundary,
        withoutNamespace: durable.includes("") ? DURABLE : {},
        namespaces: ["orders", "news"].map((name) => ({
          name,
          ...DURABLE,
          history: { durable: durable.includes(name as "orders") }
        }))
      }
    }).channels
  )

const LONG = `orders:${"x".repeat(500)}`
const CHANNELS = ["orders:1", "$orders:2", LONG, "news:1", "plain"]

/** One start of the server, in which it does this, and its end. */
const life = <A, E>(
  weak: WeakStore,
  named: ReturnType<typeof namespaces>,
  body: (one: Effect.Success<ReturnType<typeof startDurable>>) => Effect.Effect<A, E>
) =>
  Effect.scoped(
    Effect.gen(function* () {
      const one = yield* startDurable(weak.layer, {}, named)
      const answer = yield* body(one)
      yield* one.end
      return answer
    })
  )

const publishAll = (weak: WeakStore, named: ReturnType<typeof namespaces>) =>
  life(weak, named, ({ durable }) =>
    Effect.forEach(CHANNELS, (channel) => durable.append(channel, new Uint8Array(1), stream, {}))
  )

/** Which channels go on where they were, for a client that was away meanwhile. */
const goingOn = Effect.fnUntraced(function* (
  weak: WeakStore,
  named: ReturnType<typeof namespaces>,
  before: ReadonlyArray<{ readonly epoch: string }>
) {
  return yield* life(weak, named, ({ durable }) =>
    Effect.map(
      Effect.forEach(CHANNELS, (channel) => durable.read(channel, { limit: -1 }, stream)),
      (histories) =>
        CHANNELS.filter((_, at) => {
          const { epoch, offset, publications } = histories[at]!
          const isSame = epoch === before[at]!.epoch
          expect([offset, publications.length]).toEqual(isSame ? [1, 1] : [0, 0])
          return isSame
        })
    )
  )
})

const idle = (weak: WeakStore, named: ReturnType<typeof namespaces>) => life(weak, named, () => Effect.void)

const ALL: Names = ["orders", "news", ""]

describe("a namespace that was not durable for a while", () => {
  it.effect("has new streams afterwards, and no other one has", () =>
    Effect.gen(function* () {
      const weak = new WeakStore()
      const before = yield* publishAll(weak, namespaces(ALL))
      expect(yield* goingOn(weak, namespaces(ALL), before)).toEqual(CHANNELS)
      yield* idle(weak, namespaces(["news", ""]))
      expect(yield* goingOn(weak, namespaces(ALL), before)).toEqual(["news:1", "plain"])
    })
  )

  it.effect("so have channels without a namespace", () =>
    Effect.gen(function* () {
      const weak = new WeakStore()
      const before = yield* publishAll(weak, namespaces(ALL))
      yield* idle(weak, namespaces(["orders", "news"]))
      // Of a name that is too long for the store nobody knows the namespace.
      expect(yield* goingOn(weak, namespaces(ALL), before)).toEqual(["orders:1", "$orders:2", "news:1"])
    })
  )

  it.effect("its new streams go on over further starts, and end with the next such time", () =>
    Effect.gen(function* () {
      const weak = new WeakStore()
      yield* publishAll(weak, namespaces(ALL))
      yield* idle(weak, namespaces([]))
      yield* idle(weak, namespaces([]))
      const again = yield* publishAll(weak, namespaces(ALL))
      expect(again.every(({ offset }) => offset === 1)).toBe(true)
      expect(yield* goingOn(weak, namespaces(ALL), again)).toEqual(CHANNELS)
      expect(yield* goingOn(weak, namespaces(ALL), again)).toEqual(CHANNELS)
      yield* idle(weak, namespaces([]))
      expect(yield* goingOn(weak, namespaces(ALL), again)).toEqual([])
    })
  )

  it.effect("one that is durable for the first time ends no stream of others", () =>
    Effect.gen(function* () {
      const weak = new WeakStore()
      const before = yield* publishAll(weak, namespaces(["orders"]))
      expect(yield* goingOn(weak, namespaces(ALL), before)).toEqual(CHANNELS)
    })
  )

  it.effect("another way of writing namespaces ends all streams", () =>
    Effect.gen(function* () {
      const weak = new WeakStore()
      const before = yield* publishAll(weak, namespaces(ALL))
      yield* idle(weak, namespaces(ALL, "/"))
      expect(yield* goingOn(weak, namespaces(ALL), before)).toEqual([])
    })
  )

  it.effect("what the disk could not take at the start is written by the sweep", () =>
    Effect.gen(function* () {
      const weak = new WeakStore()
      const before = yield* publishAll(weak, namespaces(ALL))
      weak.commits = "fail"
      yield* life(weak, namespaces([]), ({ pass }) =>
        Effect.suspend(() => {
          weak.commits = "work"
          return pass(60_000)
        })
      )
      expect(yield* goingOn(weak, namespaces(ALL), before)).toEqual([])
    })
  )

  it.effect("the entries of the old stream go from the store", () =>
    Effect.gen(function* () {
      const weak = new WeakStore()
      yield* publishAll(weak, namespaces(ALL))
      yield* idle(weak, namespaces([]))
      yield* publishAll(weak, namespaces(ALL))
      expect(weak.store.count("history.entries")).toBe(2 * CHANNELS.length)
      yield* life(weak, namespaces(ALL), ({ pass }) =>
        Effect.andThen(TestClock.adjust("2 hours"), pass(60_000))
      )
      expect([weak.store.count("history.entries"), weak.store.count("history.streams")]).toEqual([0, 0])
    })
  )
})

describe("the store", () => {
  it.effect("is not written to where no namespace ever was durable", () =>
    Effect.gen(function* () {
      const weak = new WeakStore()
      yield* idle(weak, namespaces([]))
      expect(weak.committed).toEqual([])
    })
  )

  it.effect("is written to once where the configuration stays as it is", () =>
    Effect.gen(function* () {
      const weak = new WeakStore()
      for (let start = 0; start < 3; start++) yield* idle(weak, namespaces(ALL))
      expect(weak.committed).toHaveLength(1)
    })
  )
})
