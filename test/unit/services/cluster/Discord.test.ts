import * as Duration from "effect/Duration"
import { describe, expect, it } from "vitest"
import { Discord } from "../../../../src/services/cluster/Discord.ts"
import { KnownNodes } from "../../../../src/services/cluster/KnownNodes.ts"
import { sharedConfiguration } from "../../../../src/services/cluster/sharedConfiguration.ts"
import { natsConfig } from "../../../support/nats/natsLink.ts"

const TICK_MS = 1000
const beat = (uid: string, name: string, configuration?: string) => ({
  ...{ uid, name, version: "1", server: "one", connections: 0, nextMs: TICK_MS },
  ...(configuration === undefined ? {} : { configuration })
})

/** A node called "me" that is configured "x". */
const node = () => {
  const known = new KnownNodes(TICK_MS)
  return { known, discord: new Discord({ name: "me", configuration: "x" }, known) }
}

/** So many ticks, in each of which these are heard. */
const pass = (known: KnownNodes, ticks: number, ...beats: ReadonlyArray<ReturnType<typeof beat>>) => {
  for (let tick = 0; tick < ticks; tick++) {
    known.passed()
    for (const one of beats) known.heard(one)
  }
}

describe("nodes that are configured otherwise", () => {
  it("are told by name, in the log once for each that comes", () => {
    const { known, discord } = node()
    known.heard(beat("1", "alike", "x"))
    known.heard(beat("2", "silent"))
    expect([discord.problems(), discord.news()]).toEqual([[], []])
    known.heard(beat("3", "b", "y"))
    expect(discord.news()).toEqual([expect.stringMatching(/^node b is configured otherwise/)])
    known.heard(beat("4", "c", "z"))
    expect(discord.news()).toEqual([expect.stringMatching(/^node c is configured otherwise/)])
    expect(discord.news()).toEqual([])
    expect(discord.problems()).toEqual([expect.stringMatching(/^nodes configured otherwise .*: b, c$/)])
    known.lose("3")
    known.lose("4")
    expect([discord.problems(), discord.news()]).toEqual([[], []])
    known.heard(beat("3", "b", "y"))
    expect(discord.news().length).toBe(1)
  })

  it("are named as far as a line takes them", () => {
    const { known, discord } = node()
    for (let at = 0; at < 25; at++) known.heard(beat(String(at), `n${at}`, "y"))
    expect(discord.problems()).toEqual([expect.stringMatching(/: n0, .*, n19 and 5 more$/)])
  })
})

describe("a name that several nodes have", () => {
  it("is a problem when it is this node's own", () => {
    const { known, discord } = node()
    pass(known, 1, beat("1", "me"))
    expect(discord.problems()).toEqual([])
    pass(known, 2, beat("1", "me"))
    expect(discord.news()).toEqual([expect.stringMatching(/^several nodes are called me:/)])
    expect(discord.news()).toEqual([])
    expect(discord.problems()).toEqual([expect.stringMatching(/^several nodes have one name.*: me$/)])
  })

  it("is a problem when two others have it, whoever came first", () => {
    const { known, discord } = node()
    pass(known, 10, beat("1", "b"), beat("9", "c"))
    pass(known, 1, beat("2", "b"), beat("1", "b"))
    pass(known, 1, beat("1", "b"))
    expect(discord.problems()).toEqual([])
    pass(known, 2, beat("2", "b"), beat("1", "b"))
    expect(discord.problems()).toEqual([expect.stringMatching(/: b$/)])
  })

  it("is none while the former life of one that was started again has not been missed", () => {
    const { known, discord } = node()
    pass(known, 10, beat("1", "b"))
    // What was on its way when it was killed.
    pass(known, 1, beat("2", "b"), beat("1", "b"))
    for (let tick = 0; tick < 20; tick++) {
      pass(known, 1, beat("2", "b"))
      expect(discord.problems()).toEqual([])
    }
    expect([...known.nodes.keys()]).toEqual(["2"])
  })
})

describe("what nodes are to share", () => {
  const config = (settings: Parameters<typeof natsConfig>[1], channels: object = {}) => {
    const whole = natsConfig([{ url: "nats://127.0.0.1:1" }], settings)
    return { ...whole, channels: { ...whole.channels, ...channels } }
  }
  const same = sharedConfiguration(config({}))
  const history = (historySize: number, seconds: number) =>
    config(
      {},
      {
        withoutNamespace: {
          ...config({}).channels.withoutNamespace,
          ...{ historySize, historyTtl: Duration.seconds(seconds) }
        }
      }
    )

  it("is the same whatever else is configured", () =>
    expect(sharedConfiguration(config({ token: "secret", reconnectWait: 1 }))).toBe(same))

  it.each([
    ["replicas", config({ replicas: 3 })],
    ["storage", config({ storage: "memory" })],
    ["where namespaces end", config({}, { namespaceBoundary: "/" })]
  ])("is not with other %s", (_, other) => expect(sharedConfiguration(other)).not.toBe(same))

  it("is not with another history, in size or in time", () => {
    const all = [history(10, 60), history(11, 60), history(10, 61)].map(sharedConfiguration)
    expect(new Set([same, ...all]).size).toBe(4)
  })
})
