import { describe, expect, it } from "vitest"
import { nodeLoad } from "../../../src/capacity/nodeLoad.ts"
import { planInput } from "../../support/capacity/planInput.ts"

// Each figure by hand, from the formulas of docs/capacity.md and the figures there.
const input = planInput({
  connections: 1000,
  rate: 2,
  clients: "raw",
  session: "1000 seconds",
  channels: { rate: 30, subscribers: 2 },
  node: { cores: 3 }
})
const load = nodeLoad(input, 3)
const used = (name: string) => load.resources.find((one) => one.name === name)!.used
const has = (name: string) => load.resources.find((one) => one.name === name)!.has

/** Beats of two others, and what an idle primary does. */
const OTHERS = 2 * 5 + 12_000

/** Of two subscribers, a node of three has one with a chance of 5/9. */
const HEARD = (30 * 5) / 9

describe("what one of three nodes carries", () => {
  it("is its share of connections, the larger one, and what these hear", () => {
    expect(load.connections).toBe(334)
    expect(load.messages).toBeCloseTo(2 * 334 + (30 * 2) / 3, 9)
    expect(load.publications).toBeCloseTo(2 + HEARD, 9)
  })

  it("is CPU of its two workers", () => {
    const idle = 334 * (20 / 25 + 65 / 1000)
    expect(used("cores of workers")).toBeCloseTo(((668 + 20) * 11.903 + HEARD * 26 + idle) / 1e6, 12)
    expect(has("cores of workers")).toBeCloseTo(2 * 0.7, 12)
  })

  it("is CPU of its primary", () => {
    const broadcasts = 2 * (1.5 + 2 * 4.1)
    const ofChannels = HEARD * (1.5 + 4.1)
    const accepted = (32 / 3) * (21.8 + 2)
    const connecting = (334 / 1000) * 4.1
    expect(used("core of the primary")).toBeCloseTo(
      (broadcasts + ofChannels + accepted + connecting + OTHERS) / 1e6,
      12
    )
  })

  it("is CPU of its primary for clients whose channel is new to it, where that keeps history", () => {
    const primary = (changes: object) =>
      nodeLoad({ ...input, rate: 0, channels: { ...input.channels, rate: 0, ...changes } }, 3).resources.find(
        (one) => one.name === "core of the primary"
      )!.used
    const coming = 334 / 1000
    expect(primary({})).toBeCloseTo((coming * 4.1 + OTHERS) / 1e6, 12)
    expect(primary({ history: true })).toBeCloseTo((coming * (4.1 + 420) + OTHERS) / 1e6, 12)
    // Of 300 subscribers a node has a hundred in the same channel: three nodes read it.
    expect(primary({ history: true, subscribers: 300 })).toBeCloseTo(
      (coming * (4.1 + 4.2) + OTHERS) / 1e6,
      12
    )
  })

  it("is memory of its processes and its connections", () => {
    const MB = 1024 * 1024
    const bytes = 100 * MB + 2 * 30 * MB + 334 * (1.28 * 1024 + 5 * 1024 + 0.1 * 4096)
    expect(used("memory of a node")).toBeCloseTo(bytes / 1024 ** 3, 9)
  })

  it("is bytes to its connections and pings, and those that acknowledge them", () => {
    const pings = (334 / 25) * 4 * 90
    expect(load.out).toBeCloseTo((668 + 20) * (200 + 4 + 90) + pings, 6)
    const fromNats = (2 + HEARD) * (200 + 68 + 31)
    expect(load.in).toBeCloseTo(fromNats + (32 / 3) * (200 + 90) + (668 + 20) * 90 + pings, 6)
    expect(used("network out")).toBeCloseTo((load.out * 8) / 1e9, 12)
    expect(used("network in")).toBeCloseTo((load.in * 8) / 1e9, 12)
  })

  it("is a file for each connection, and a time of its workers for a broadcast", () => {
    expect(used("open files")).toBe(334)
    expect(has("open files")).toBe(2 * (1_048_576 - 512))
    expect(used("time of a broadcast")).toBeCloseTo((334 * 11.903e-6) / 2, 12)
    expect(has("time of a broadcast")).toBe(60)
  })

  it("is less where more messages leave in one write", () => {
    const deep = nodeLoad({ ...input, depth: 10, channels: { ...input.channels, rate: 0 } }, 3)
    const cores = deep.resources.find((one) => one.name === "cores of workers")!
    expect(cores.used).toBeCloseTo((668 * (1.18 + 0.103) + 334 * (20 / 25 + 65 / 1000)) / 1e6, 12)
    // Ten messages of 204 bytes are two packets.
    expect(deep.out).toBeCloseTo(668 * (204 + 0.2 * 90) + (334 / 25) * 4 * 90, 6)
  })
})
