import * as Result from "effect/Result"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { natsLoad } from "../../../src/capacity/natsLoad.ts"
import { interest, nodeLoad } from "../../../src/capacity/nodeLoad.ts"
import { MAX_HEARD_BEATS, type PlanInput } from "../../../src/capacity/PlanInput.ts"
import { growth, type Plan, plan } from "../../../src/capacity/plan.ts"
import { fits, shareOf } from "../../../src/capacity/Resource.ts"
import { anyInput, planInput } from "../../support/capacity/planInput.ts"

const planned = (settings: object): Plan => Result.getOrThrow(plan(planInput(settings)))

const numbersIn = (value: unknown): ReadonlyArray<number> => {
  if (typeof value === "number") return [value]
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(numbersIn) : []
}

/** Machines that an input needs; none suffice is more than any. */
const machines = (input: PlanInput) =>
  Result.match(plan(input), {
    onFailure: () => ({ nodes: Number.POSITIVE_INFINITY, servers: Number.POSITIVE_INFINITY }),
    onSuccess: ({ nodes, nats }) => ({ nodes: nodes.count, servers: nats?.servers ?? 0 })
  })

const RUNS = { numRuns: 300 }

describe("a plan", () => {
  it("has only finite numbers, none below 0, and so has the reason where there is none", () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const result = plan(input)
        const numbers = numbersIn(Result.isSuccess(result) ? result.success : result.failure.resource)
        expect(numbers.length).toBeGreaterThan(1)
        for (const number of numbers) expect(number).toBeGreaterThanOrEqual(0)
        for (const number of numbers) expect(Number.isFinite(number)).toBe(true)
      }),
      RUNS
    )
  })

  it("carries its load without the spares, and would not with a node less", () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const result = plan(input)
        if (Result.isFailure(result)) return
        const { nodes } = result.success
        const working = nodes.count - nodes.spares
        expect(working).toBeGreaterThanOrEqual(Math.ceil(input.connections / input.node.connections))
        expect(fits(nodeLoad(input, working).resources)).toBe(true)
        if (working > 1) expect(fits(nodeLoad(input, working - 1).resources)).toBe(false)
      }),
      RUNS
    )
  })

  it("has NATS servers that carry what all nodes need, three at least, and no more than that", () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const result = plan(input)
        if (Result.isFailure(result)) return
        const { nodes, nats } = result.success
        expect(nats === undefined).toBe(nodes.count === 1)
        if (nats === undefined) return
        expect(nats.servers).toBeGreaterThanOrEqual(3)
        expect(fits(natsLoad(input, nodes.count, nats.servers).resources)).toBe(true)
        if (nats.servers > 3)
          expect(fits(natsLoad(input, nodes.count, nats.servers - 1).resources)).toBe(false)
      }),
      RUNS
    )
  })

  const more: Readonly<Record<string, (input: PlanInput, factor: number) => PlanInput>> = {
    connections: (input, factor) => ({ ...input, connections: Math.ceil(input.connections * factor) }),
    rate: (input, factor) => ({ ...input, rate: input.rate * factor + 0.01 }),
    bytes: (input, factor) => ({ ...input, bytes: Math.ceil(input.bytes * factor) }),
    "publications into channels": (input, factor) => ({
      ...input,
      channels: { ...input.channels, rate: input.channels.rate * factor + 1 }
    }),
    // Fewer channels, in which more is heard: those that nobody keeps are a burden by what is heard.
    subscribers: (input, factor) => ({
      ...input,
      channels: { ...input.channels, subscribers: input.channels.subscribers * factor }
    }),
    history: (input) => ({ ...input, channels: { ...input.channels, history: true } }),
    headroom: (input, factor) => ({ ...input, headroom: Math.min(0.9, input.headroom * factor) }),
    spares: (input, factor) => ({ ...input, spares: Math.ceil(input.spares * factor) })
  }
  const heardOnly = (input: PlanInput): PlanInput => ({
    ...input,
    channels: { ...input.channels, history: false },
    nats: { ...input.nats, memory: 65_536 }
  })
  it.each(Object.keys(more))("never needs fewer machines for more: %s", (what) => {
    fc.assert(
      fc.property(anyInput, fc.double({ min: 1, max: 20, noNaN: true }), (input, factor) => {
        const of = what === "subscribers" ? heardOnly(input) : input
        const [less, greater] = [machines(of), machines(more[what]!(of, factor))]
        expect(greater.nodes).toBeGreaterThanOrEqual(less.nodes)
        expect(greater.servers).toBeGreaterThanOrEqual(less.servers)
      }),
      RUNS
    )
  })

  it("puts a hundred million that hear little on 400 nodes, as many as the connections of a node ask for", () => {
    const { nodes, limit, broadcast } = planned({ connections: 100_000_000, rate: 0.01 })
    expect([nodes.count, nodes.spares, limit.name]).toEqual([401, 1, "connections of a node"])
    // 1.05 × (11.8 + 0.103) µs for each of 250,000 connections, in seven workers.
    expect(broadcast.seconds - broadcast.natsSeconds).toBeCloseTo((250_000 * 1.05 * 11.903e-6) / 7, 6)
  })

  it("needs cores for broadcasts: ten a second to 200,000 clients", () => {
    const { nodes, limit } = planned({ connections: 200_000, rate: 10, spares: 0, session: "1 day" })
    // 2,000,000 messages of 12.5 µs and 0.8 µs of pings for each client: 25.2 cores, of 4.9 that a node may use.
    expect([nodes.count, limit.name]).toEqual([6, "cores of workers"])
  })

  it("needs cores for a broadcast that has to be quick", () => {
    const one = { connections: 1_000_000, rate: 0, node: { connections: 1_000_000 } }
    expect(planned({ ...one, within: "1 minute" }).nodes.count).toBe(2)
    expect(planned({ ...one, within: "100 ms" }).nodes.count).toBeGreaterThan(15)
  })

  it.each([
    ["connections of a node", { connections: 1e6, rate: 0 }],
    ["cores of workers", { connections: 1e6, rate: 5 }],
    // One kept publication in each of a thousand channels that all nodes have: the primary takes all of them.
    [
      "core of the primary",
      { connections: 4000, rate: 0, node: { cores: 64 }, channels: { rate: 9000, subscribers: 40 } }
    ],
    ["memory of a node", { connections: 1e6, rate: 0, node: { memory: 2, connections: 1e6 } }],
    ["open files", { connections: 1e6, rate: 0, node: { files: 10_000, connections: 1e6 } }],
    ["network out", { connections: 1e5, rate: 1, bytes: 100_000 }],
    ["network in", { connections: 1000, rate: 0, bytes: 100_000, spares: 0, channels: { rate: 3000 } }],
    ["time of a broadcast", { connections: 1e6, rate: 0, within: "50 ms" }],
    [
      "cores of a NATS server",
      { connections: 300_000, rate: 0, channels: { rate: 40_000 }, nats: { cores: 1 } }
    ],
    [
      "network out of a NATS server",
      {
        connections: 1000,
        rate: 0,
        bytes: 100_000,
        spares: 2,
        channels: { rate: 120 },
        nats: { network: 0.1 }
      }
    ],
    ["streams of NATS", { connections: 1.1e6, rate: 0, channels: { rate: 6000, history: true } }]
  ])("is limited by what there is least of: %s", (name, settings) => {
    expect(planned(settings).limit.name).toBe(name)
  })

  it("counts what channels of users cost that are read at NATS, and those that all share do not", () => {
    const own = {
      connections: 10_000_000,
      rate: 0,
      session: "1 day",
      channels: { rate: 500, subscribers: 1, history: true }
    }
    const { reconnect, nats, limit } = planned(own)
    expect(limit.name).toBe("connections of a node")
    // 243,903 clients of one node, two reads of 130 µs for each, at one leader.
    expect(reconnect.ofOneNode).toBeCloseTo(19.5 + 243_903 * 260e-6, 1)
    expect(reconnect.ofAll).toBeCloseTo(1 + 10_000_000 * 260e-6, 0)
    expect(nats!.channels.lookSeconds).toBe(20_000)
    const shared = planned({ ...own, channels: { ...own.channels, rate: 0, subscribers: 10_000_000 } })
    expect(shared.reconnect.ofOneNode).toBeLessThan(20)
    const tenStreams = planned({ ...own, channels: { ...own.channels, namespaces: 10 } })
    expect(tenStreams.reconnect.ofAll).toBeCloseTo(1 + 1_000_000 * 260e-6, 0)
    const short = plan(planInput({ ...own, session: "1 minute" }))
    expect(Result.isFailure(short) && short.failure.resource.name).toBe("cores of leaders of streams")
  })

  it("knows what NATS has to remember", () => {
    const own = { connections: 100_000_000, rate: 0, channels: { rate: 5000, subscribers: 1, history: true } }
    const refused = plan(planInput({ ...own, channels: { ...own.channels, namespaces: 8 } }))
    expect(Result.isFailure(refused) && refused.failure.resource.name).toBe("memory of a NATS server")
    expect(Result.isFailure(refused) && refused.failure.message).toContain("--nats.memory gives more of it")
  })

  it("knows how long large messages take through the network of NATS", () => {
    const { broadcast, nodes, nats } = planned({ connections: 100_000_000, rate: 0.001, bytes: 1_000_000 })
    const copies = nodes.count / nats!.servers + nats!.servers
    expect(broadcast.natsSeconds).toBeCloseTo((copies * 1_000_099 * 8) / 10e9, 9)
  })

  it.each([
    ["0 ms", 1],
    ["500 ms", 1.5],
    ["3 seconds", 19.5],
    ["1 minute", 80]
  ])(
    "has clients back of a node that is known to be dead after %s when their last wait is over",
    (detect, back) => {
      const { reconnect } = planned({ connections: 1_000_000, rate: 0, detect })
      expect(reconnect.ofOneNode).toBeGreaterThan(back)
      expect(reconnect.ofOneNode).toBeLessThan(back + 2)
      expect(reconnect.ofOneMachine).toBeGreaterThan(Math.max(36, back))
      expect(reconnect.ofOneMachine).toBeLessThan(Math.max(36, back) + 2)
    }
  )

  it("has no NATS for one node", () => {
    const { nodes, nats } = planned({ connections: 1000, spares: 0 })
    expect([nodes.count, nats]).toEqual([1, undefined])
  })

  it("knows what a stream takes: more namespaces carry more", () => {
    const history = { rate: 20_000, subscribers: 1, history: true }
    const refused = plan(planInput({ connections: 1_000_000, channels: history }))
    expect(Result.isFailure(refused) && refused.failure.resource.name).toBe("streams of NATS")
    expect(Result.isFailure(refused) && refused.failure.message).toMatch(
      /no plan: streams of NATS: 20,000 publications\/s needed and 6,\d+ publications\/s there, even with 100 NATS servers; --channels\.namespaces gives more of it$/
    )
    expect(planned({ connections: 1_000_000, channels: { ...history, namespaces: 10 } }).nats).toBeDefined()
  })

  it("refuses what one primary cannot take, however many nodes there are", () => {
    const refused = plan(planInput({ connections: 1000, rate: 1_000_000 }))
    expect(Result.isFailure(refused) && refused.failure.machines).toBe("4095 nodes")
  })

  it("counts that nodes tell each other of being there", () => {
    const few = planned({ connections: 10_000_000, rate: 0 })
    expect(few.nats?.beats).toBe(few.nodes.count ** 2)
    // Of very many, each says it more seldom.
    const { nats, nodes } = planned({ connections: 100_000_000, rate: 0 })
    expect(nats?.beats).toBe(nodes.count * (MAX_HEARD_BEATS + 1))
    expect(nats!.deliveries).toBeGreaterThanOrEqual(nats!.beats)
  })

  it("prices nodes and NATS servers", () => {
    const { price, nodes, nats } = planned({ connections: 1e6, node: { price: 100 }, nats: { price: 10 } })
    expect(price).toBe(nodes.count * 100 + nats!.servers * 10)
  })
})

describe("growth", () => {
  it("keeps broadcasts and lets publications into channels grow", () => {
    const input = planInput({ connections: 1e6, channels: { rate: 1000, subscribers: 5 } })
    const [same, ten] = growth(input, [1e6, 1e7])
    expect(same!.plan).toEqual(plan(input))
    expect(ten!.plan).toEqual(
      plan({ ...input, connections: 1e7, channels: { ...input.channels, rate: 10_000 } })
    )
  })
})

describe("interest", () => {
  it("is the chance of at least one of so many subscribers", () => {
    expect(interest(1, 1)).toBe(1)
    expect(interest(1, 400)).toBeCloseTo(1 / 400, 12)
    expect(interest(2, 2)).toBeCloseTo(3 / 4, 12)
    expect(interest(1e9, 400)).toBe(1)
  })

  it("hands a publication to no more nodes than there are subscribers", () => {
    const input = planInput({ connections: 1e8, rate: 0, channels: { rate: 1000, subscribers: 3 } })
    const { deliveries, beats } = natsLoad(input, 400, 3)
    expect(deliveries - beats).toBeLessThanOrEqual(3000)
    expect(deliveries - beats).toBeGreaterThan(2980)
  })
})

describe("a resource", () => {
  it("is used up at 1", () => {
    expect(shareOf({ name: "", used: 3, has: 4, unit: "" })).toBe(0.75)
  })
})
