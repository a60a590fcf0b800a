import { it as effectIt } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { dashboardChannels } from "../../../src/protocol/dashboard.ts"
import { Hub, type HubMember } from "../../../src/services/Hub.ts"
import { countChannels, Largest, LargestChannels } from "../../../src/services/LargestChannels.ts"

describe("the largest of many", () => {
  it("are those at the beginning of all in order, whatever the order in which they come", () => {
    const counts = fc.uniqueArray(fc.tuple(fc.stringMatching(/^[a-z]{1,4}$/), fc.nat(20)), {
      selector: ([name]) => name,
      maxLength: 200
    })
    fc.assert(
      fc.property(counts, fc.integer({ min: 1, max: 30 }), (counts, limit) => {
        const largest = new Largest(limit)
        for (const [channel, count] of counts) largest.add(channel, count)
        const sorted = counts
          .filter(([, count]) => count > 0)
          .sort(([a, one], [b, two]) => two - one || (a < b ? -1 : 1))
        expect(largest.all()).toEqual(sorted.slice(0, limit))
      })
    )
  })
})

describe("the largest channels of a process", () => {
  const shard = (sizes: Readonly<Record<string, number>>): HubMember => ({
    size: 0,
    offer: () => true,
    subscribers: (channel) => sizes[channel] ?? 0
  })

  const listen = (hub: Hub["Service"], sizes: Readonly<Record<string, number>>) => {
    const member = shard(sizes)
    for (const channel of Object.keys(sizes)) hub.listen(channel, member)
  }

  const layer = Layer.provideMerge(LargestChannels.layerHere, Hub.layer)

  effectIt.effect("are summed over its shards, without the server's own", () =>
    Effect.gen(function* () {
      const hub = yield* Hub
      listen(hub, { a: 3, b: 1, [dashboardChannels.overview]: 50 })
      listen(hub, { a: 1, b: 4, c: 2, [dashboardChannels.actors]: 50 })
      const { find } = yield* LargestChannels
      expect(yield* find(2)).toEqual([
        ["b", 5],
        ["a", 4]
      ])
      expect(yield* find(10)).toHaveLength(3)
      expect(countChannels(hub, Object.values(dashboardChannels))).toBe(3)
    }).pipe(Effect.provide(layer))
  )

  effectIt.live("leave the event loop to others between parts of a long list", () =>
    Effect.gen(function* () {
      const hub = yield* Hub
      listen(hub, Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`c${i}`, i])))
      const { find } = yield* LargestChannels
      let turns = 0
      const count = () => {
        turns++
        handle = setImmediate(count)
      }
      let handle = setImmediate(count)
      const found = yield* find(1)
      clearImmediate(handle)
      expect(found).toEqual([["c19999", 19_999]])
      expect(turns).toBeGreaterThanOrEqual(15)
    }).pipe(Effect.provide(layer))
  )
})
