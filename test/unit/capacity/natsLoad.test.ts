import { describe, expect, it } from "vitest"
import { natsLoad } from "../../../src/capacity/natsLoad.ts"
import { planInput } from "../../support/capacity/planInput.ts"

// Each figure by hand, from the formulas of docs/capacity.md and the figures there.
const channels = { rate: 30, subscribers: 2, history: true }
const load = natsLoad(planInput({ connections: 1000, rate: 2, channels }), 10, 3)
const used = (name: string) => load.resources.find((one) => one.name === name)!.used

/** Of ten nodes, so many have one of two subscribers. */
const LISTENING = 10 * (1 - 0.9 ** 2)
const LIVE = 200 + 68 + 31
const KEPT = 200 + 135 + 175
const BEAT = 225 + 31

/** Each client comes once an hour, to a channel that its node has not; and nodes look at their hundred channels every ten seconds. */
const READS = (1000 / 3600) * 2 + 100

describe("what three NATS servers carry between ten nodes", () => {
  it("is broadcasts to all nodes, publications to those that listen, and beats of each to each", () => {
    expect(load.publications).toBe(2 + 30 + 10)
    expect(load.deliveries).toBeCloseTo(2 * 10 + 30 * LISTENING + 100, 9)
    expect(load.beats).toBe(100)
  })

  it("is CPU of each server: what comes in, its part of the copies, those to other servers, and what it keeps", () => {
    const routed = (2 + 10) * 2 + 30 * LISTENING
    const copies = (2 * 10 + 30 * LISTENING + 100 + routed) / 3
    expect(used("cores of a NATS server")).toBeCloseTo(
      (42 * 11 + copies * 7 + (30 * 75) / 3 + READS * 130) / 1e6,
      12
    )
    expect(used("streams of NATS")).toBe(30)
  })

  it("is bytes of each server, those that it keeps sent to the others, too", () => {
    const delivered = 20 * LIVE + 30 * LISTENING * KEPT + 100 * BEAT
    const routed = (2 * LIVE + 10 * BEAT) * 2 + 30 * LISTENING * KEPT
    expect(load.stored).toBeCloseTo(30 * KEPT, 9)
    expect(load.out).toBeCloseTo((delivered + routed) / 3 + 30 * KEPT, 6)
    expect(load.in).toBeCloseTo((2 * LIVE + 30 * KEPT + 10 * BEAT + routed) / 3 + 30 * KEPT, 6)
  })

  it("is reading, memory and disk of channels: 500 of two clients each, which a node has once", () => {
    expect(load.channels).toMatchObject({ subscriptions: 1000, subjects: 500, kept: 18_000 })
    expect(load.channels.reads).toBeCloseTo(READS, 9)
    expect(load.channels.lookSeconds).toBe(10)
    expect(used("cores of leaders of streams")).toBeCloseTo((READS * 130) / 1e6, 12)
    const memory = 1000 * 850 + 500 * 660 + 17_500 * 160
    expect(used("memory of a NATS server")).toBeCloseTo(memory / 2 ** 30, 12)
    expect(used("disk of a NATS server")).toBeCloseTo((18_000 * (KEPT + 120)) / 2 ** 30, 12)
  })

  it("is no more of channels than there are publications in them, and than they keep", () => {
    const kept = (changes: object) =>
      natsLoad(planInput({ connections: 1000, channels: { ...channels, ...changes } }), 10, 3).channels
    expect(kept({ size: 10 }).kept).toBe(5000)
    // What is known of a channel stays when its publications are gone.
    expect(kept({ ttl: "1 second" }).kept).toBe(500)
    expect(kept({ rate: 0 })).toMatchObject({ subjects: 0, kept: 0, subscriptions: 1000 })
    // Every node has a channel that all share.
    expect(kept({ subscribers: 1000 })).toMatchObject({ subscriptions: 10, subjects: 1 })
  })

  it("is spread over more servers where there are more streams, and is nothing to keep without history", () => {
    const spread = natsLoad(planInput({ connections: 1000, channels: { ...channels, namespaces: 2 } }), 10, 6)
    expect(spread.stored).toBeCloseTo((30 * 3 * KEPT) / 6, 9)
    const passing = natsLoad(
      planInput({ connections: 1000, channels: { ...channels, history: false } }),
      10,
      3
    )
    expect(passing.stored).toBe(0)
    const streams = passing.resources.filter(({ name }) => /stream|disk/.test(name))
    expect(streams.map((one) => one.used)).toEqual([0, 0, 0])
  })
})
