import * as Effect from "effect/Effect"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { ChannelPublication } from "../../../../src/services/hot/ChannelEvent.ts"
import {
  formatPosition,
  formatPositions,
  parseSince,
  positionAt,
  readPositionAt
} from "../../../../src/services/sessions/since.ts"
import { makeWorld } from "../../../support/sessions/SessionWorld.ts"

const entries = (text: string, ...channels: ReadonlyArray<string>) => {
  const since = parseSince(text, channels)
  return since instanceof Map ? [...since] : since
}

describe("a position as text", () => {
  it.each([
    ["abcdefgh:12", ["a"], [["a", { epoch: "abcdefgh", offset: 12 }]]],
    ["e:0", ["a"], [["a", { epoch: "e", offset: 0 }]]],
    ["a=e:1", ["a"], [["a", { epoch: "e", offset: 1 }]]],
    ["a=e:1", ["a", "b"], [["a", { epoch: "e", offset: 1 }]]],
    [
      "ns:a=e:1&b%26=f:2",
      ["ns:a", "b&"],
      [
        ["ns:a", { epoch: "e", offset: 1 }],
        ["b&", { epoch: "f", offset: 2 }]
      ]
    ],
    ["0", ["a"], { ms: 0 }],
    ["1700000000000", ["a", "b"], { ms: 1_700_000_000_000 }]
  ])("%s of %j", (text, channels, expected) => {
    expect(entries(text, ...channels)).toEqual(expected)
  })

  it.each([
    ["e:1", ["a", "b"]],
    ["e:", ["a"]],
    [":1", ["a"]],
    ["e:-1", ["a"]],
    ["e:1.5", ["a"]],
    ["e:1234567890123456", ["a"]],
    ["hello", ["a"]],
    ["a=e:1&b=x", ["a", "b"]],
    ["&", ["a"]],
    ["-5", ["a"]],
    ["", ["a"]]
  ])("not: %s of %j", (text, channels) => {
    expect(parseSince(text, channels)).toBeUndefined()
  })

  it("reads as it was written", () => {
    const position = fc.record({
      epoch: fc.stringMatching(/^[a-zA-Z]{8}$/),
      offset: fc.nat(2 ** 40)
    })
    fc.assert(
      fc.property(fc.dictionary(fc.string({ minLength: 1 }), position, { minKeys: 2 }), (positions) => {
        const all = Object.entries(positions)
        const channels = all.map(([channel]) => channel)
        expect(entries(formatPositions(all), ...channels)).toEqual(all)
        expect(entries(formatPosition(all[0]![1]), channels[0]!)).toEqual([all[0]])
      })
    )
  })
})

const at = (offset: number, time: number): ChannelPublication => ({
  offset,
  time,
  data: Buffer.alloc(0),
  isDelta: false
})

describe("the position at a time", () => {
  const top = { epoch: "e", offset: 9 }
  const newest = [at(9, 900), at(8, 800), at(7, 700)]

  it.each([
    ["after all of them", 901, newest, top],
    ["at the newest one", 900, newest, { epoch: "e", offset: 8 }],
    ["between two", 850, newest, { epoch: "e", offset: 8 }],
    ["before all that are left", 700, newest, { epoch: "_", offset: 0 }],
    ["of what is kept, where nothing is left: nothing was published since", 400, [], top],
    ["before what is kept, where nothing is left", 399, [], { epoch: "_", offset: 0 }],
    ["before the first one", 50, [at(2, 200), at(1, 100)], { epoch: "e", offset: 0 }]
  ])("%s", (_, ms, read, expected) => {
    expect(positionAt(ms, read, top, 400)).toEqual(expected)
  })

  it("is the begin of a stream that has nothing yet", () => {
    expect(positionAt(1, [], { epoch: "e", offset: 0 }, 400)).toEqual({ epoch: "e", offset: 0 })
  })

  it("is read from the broker, as far back as is recovered", () =>
    Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const { broker } = yield* makeWorld()
          const stream = { size: 10, ttlMs: 60_000, metaTtlMs: 60_000 }
          for (let n = 0; n < 5; n++) yield* broker.publish("a", Buffer.from("1"), { stream })
          const soon = Date.now() + 60_000
          const { epoch } = yield* broker.history("a", { limit: 0 }, stream)
          expect(yield* readPositionAt(broker, "a", soon, stream, 3, soon)).toEqual({ epoch, offset: 5 })
          expect(yield* readPositionAt(broker, "a", 0, stream, 3, soon)).toEqual({ epoch: "_", offset: 0 })
          expect(yield* readPositionAt(broker, "a", 0, stream, 4, soon)).toEqual({ epoch, offset: 0 })
        })
      )
    ))
})
