import { it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import { describe, expect } from "vitest"
import { BrokerUnavailable } from "../../../../src/services/broker/Broker.ts"
import { AckRoutes } from "../../../../src/services/cluster/AckRoutes.ts"
import type { NodeCalls } from "../../../../src/services/cluster/NodeCalls.ts"
import { MAX_ACKNOWLEDGEABLE } from "../../../../src/services/receipts/AckDesk.ts"

const DONE = Effect.succeed({ _tag: "Done" as const })
const AWAY = Effect.fail(new BrokerUnavailable({ detail: "away" }))

const MAX_WITHIN = 600_000

/** What nodes were told, and what they answer, one after the other; then that it is done. */
const world = Effect.fnUntraced(function* (
  answers: Array<Effect.Effect<unknown, BrokerUnavailable>> = [],
  others = 2
) {
  const told: Array<readonly [node: string, counts: unknown]> = []
  const calls = {
    ask: (node: string, { counts }: { readonly counts: unknown }) =>
      Effect.suspend(() => {
        told.push([node, counts])
        return answers.shift() ?? DONE
      })
  } as unknown as NodeCalls["Service"]
  return { told, routes: yield* AckRoutes.make(calls, () => others, MAX_WITHIN) }
})

describe("acknowledgements of other nodes' receipts", () => {
  it.effect("are told to these together, and others are not taken", () =>
    Effect.gen(function* () {
      const { told, routes } = yield* world()
      routes.open("r", "a", { life: 1, within: 60_000 })
      routes.open("s", "b", { life: 1, within: 60_000 })
      expect([routes.add("r", 1), routes.add("r", 2), routes.add("s", 1), routes.add("own", 1)]).toEqual([
        true,
        true,
        true,
        false
      ])
      yield* TestClock.adjust("100 millis")
      expect(told).toEqual([
        ["a", [["r", 3]]],
        ["b", [["s", 1]]]
      ])
      routes.add("r", 1)
      yield* TestClock.adjust("100 millis")
      expect(told.slice(2)).toEqual([["a", [["r", 1]]]])
    })
  )

  it.effect("are told more seldom where very many nodes may tell the same one", () =>
    Effect.gen(function* () {
      const { told, routes } = yield* world([], 5000)
      routes.open("r", "a", { life: 1, within: 60_000 })
      for (let times = 0; times < 100; times++) {
        routes.add("r", 1)
        yield* TestClock.adjust("100 millis")
      }
      expect(told.map(([, counts]) => counts)).toEqual(Array.from({ length: 5 }, () => [["r", 20]]))
    })
  )

  it.effect(
    "are told again to a node that does not answer, with those that came meanwhile, and never twice",
    () =>
      Effect.gen(function* () {
        const { told, routes } = yield* world([AWAY])
        routes.open("r", "a", { life: 1, within: 60_000 })
        routes.add("r", 1)
        yield* TestClock.adjust("100 millis")
        routes.add("r", 1)
        yield* TestClock.adjust("1 minute")
        expect(told.slice(1)).toEqual([["a", [["r", 2]]]])
      })
  )

  it.effect("are given up when the node is gone, and when their time is over", () =>
    Effect.gen(function* () {
      const { told, routes } = yield* world([
        Effect.succeed(undefined),
        ...Array.from({ length: 30 }, () => AWAY)
      ])
      routes.open("r", "a", { life: 1, within: 10_000 })
      routes.add("r", 1)
      yield* TestClock.adjust("10 seconds")
      expect(told.length).toBe(1)
      routes.add("r", 1)
      yield* TestClock.adjust("1 hour")
      // Once a second until five seconds after the end.
      expect(told.length).toBeLessThan(10)
    })
  )

  it.effect("of too many receipts, and of those whose time is over, are not taken", () =>
    Effect.gen(function* () {
      const { routes } = yield* world()
      routes.open("oldest", "a", { life: 1, within: 60_000 })
      for (let at = 0; at < MAX_ACKNOWLEDGEABLE; at++) routes.open(`r${at}`, "a", { life: 1, within: 60_000 })
      expect([routes.add("oldest", 1), routes.add("r0", 1)]).toEqual([false, true])
      yield* TestClock.adjust("2 minutes")
      routes.open("new", "a", { life: 1, within: 600_000 })
      expect([routes.add("r1", 1), routes.add("new", 1)]).toEqual([false, true])
    })
  )

  it.effect("have their time by this node's clock, the same for all publications of a receipt", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(5_000_000)
      const { routes } = yield* world()
      // The clock of their node is an hour behind, or ahead.
      for (const life of [1_400_000, 8_600_000]) {
        const id = `of ${life}`
        const until = (yield* Clock.currentTimeMillis) + 60_000
        expect(routes.open(id, "a", { life, within: 60_000 })).toBe(until)
        yield* TestClock.adjust(1000)
        expect(routes.open(id, "a", { life, within: 59_500 })).toBe(until)
        // Its id is used again.
        expect(routes.open(id, "a", { life: life + 1, within: 60_000 })).toBe(until + 1000)
        expect(routes.open(id, "b", { life: life + 1, within: 59_000 })).toBe(until)
      }
    })
  )

  it.effect("have no more time than any receipt has, whatever their node says", () =>
    Effect.gen(function* () {
      const { routes } = yield* world()
      for (const within of [MAX_WITHIN + 1, Number.POSITIVE_INFINITY])
        expect(routes.open(`for ${within}`, "a", { life: 1, within })).toBe(MAX_WITHIN)
    })
  )

  it.effect("are its own again when this node publishes under the same id", () =>
    Effect.gen(function* () {
      const { routes } = yield* world()
      routes.open("r", "a", { life: 1, within: 60_000 })
      routes.close("r")
      expect(routes.add("r", 1)).toBe(false)
    })
  )

  it.effect("leave nothing behind for nodes that were told all, or are gone", () =>
    Effect.gen(function* () {
      const { told, routes } = yield* world([DONE, Effect.succeed(undefined), AWAY])
      for (const node of ["a", "b", "c"]) {
        routes.open(node, node, { life: 1, within: 60_000 })
        routes.add(node, 1)
      }
      expect(routes.telling).toBe(3)
      yield* TestClock.adjust("100 millis")
      expect(told.map(([node]) => node)).toEqual(["a", "b", "c"])
      expect(routes.telling).toBe(1)
      yield* TestClock.adjust("2 seconds")
      expect(told.slice(3)).toEqual([["c", [["c", 1]]]])
      expect(routes.telling).toBe(0)
    })
  )
})
