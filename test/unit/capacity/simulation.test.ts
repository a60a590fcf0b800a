import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import { setupSeconds, writeOutSeconds } from "../../../src/capacity/costs.ts"
import { simulateBroadcast } from "../../../src/capacity/simulation/broadcast.ts"
import type { Cluster } from "../../../src/capacity/simulation/Cluster.ts"
import { published } from "../../../src/capacity/simulation/published.ts"
import { type Loss, simulateReconnect } from "../../../src/capacity/simulation/reconnect.ts"
import { simulationText } from "../../../src/capacity/simulation/simulateCommand.ts"
import { cluster } from "../../support/capacity/cluster.ts"

const broadcast = (changes: Partial<Cluster> = {}, seed = 1) =>
  Effect.runPromise(simulateBroadcast(cluster(changes), seed))
const returned = (loss: Loss, changes: Partial<Cluster> = {}, seed = 1) =>
  Effect.runPromise(simulateReconnect(cluster(changes), loss, seed))

const SHARES = [0.01, 0.5, 0.99, 1]
const SMALL = { nodes: 20, connectionsEach: 100_000 }

describe("a broadcast", () => {
  it("reaches each of a hundred million once, a little later than the plan has it", async () => {
    const { written, reached, missing } = await broadcast()
    expect([written.total, missing, reached.total]).toEqual([100_000_000, 0, 400 * 7])
    // Seven workers: 250,000 × 12.5 µs / 7; the slowest of 1,600 rounds of 10,000 is 1.67 times the median.
    const planned = (250_000 * 12.5) / 7 / 1000
    expect(written.last).toBeGreaterThan(planned)
    expect(written.last).toBeLessThan(1.67 * planned + 10)
    expect(written.quantile(0.5)).toBeGreaterThan(planned / 2)
    expect(written.last / 1000).toBeLessThan(published.seconds)
  })

  it("waits for the network of NATS where a message is large", async () => {
    const { reached } = await broadcast({ ...SMALL, copySeconds: 0.1 })
    // Two other servers one after the other, and seven nodes of the last.
    expect(reached.last).toBeGreaterThan(200 + 600)
    expect(reached.last).toBeLessThan(200 + 700 + 10)
  })

  it("is at each worker after three hops, what NATS and the primaries need, and the wait for more", async () => {
    const { reached } = await broadcast({ hopMs: 10 })
    // The first by two hops between machines, the last by three.
    expect(reached.quantile(0)).toBeGreaterThan(20 + 0.25 + 1)
    expect(reached.last).toBeGreaterThan(30 + 0.25 + 1)
    expect(reached.last).toBeLessThan(30 + 0.25 + 1 + 2)
  })

  it("takes as long as measured with a million connections on one machine of two cores", async () => {
    // CPU of server and client, which share the cores: 11.9 + 7.3 µs. Measured: the last after 8.6 to 11.9 s.
    const { written } = await broadcast({
      nodes: 1,
      connectionsEach: 1_000_000,
      workers: 2,
      natsServers: 1,
      messageSeconds: 19.2e-6
    })
    expect(written.last).toBeGreaterThan(8_600)
    expect(written.last).toBeLessThan(11_900)
  })

  it("takes half as long with twice the workers, and as long as the network where that is slower", async () => {
    const [four, eight] = [
      await broadcast({ ...SMALL, workers: 4 }),
      await broadcast({ ...SMALL, workers: 8 })
    ]
    expect(four.written.quantile(0.5) / eight.written.quantile(0.5)).toBeGreaterThan(1.8)
    const slow = await broadcast({ ...SMALL, wireSeconds: 50e-6 })
    expect(slow.written.last).toBeGreaterThan(5_000)
  })

  it("ends though it takes too long, and tells who has not got it", async () => {
    const { written, missing } = await broadcast({
      nodes: 1,
      connectionsEach: 1_000_000,
      messageSeconds: 0.01
    })
    expect(missing).toBeGreaterThan(0)
    expect(written.total + missing).toBe(1_000_000)
  })
})

describe("the return of clients", () => {
  it("of one node of 400 is over with the first wait of the SDK", async () => {
    const { back, timedOut, missing, clients } = await returned("node")
    expect([back.total, clients, timedOut, missing]).toEqual([250_000, 250_000, 0, 0])
    expect(back.quantile(0)).toBeGreaterThanOrEqual(500)
    expect(back.quantile(0.5)).toBeGreaterThan(700)
    expect(back.quantile(0.5)).toBeLessThan(800)
    expect(back.last).toBeLessThan(1_200)
  })

  it("of one node begins when who comes is sent past it, and attempts before that make the next ones later", async () => {
    const { back, timedOut, missing } = await returned("node", { detectMs: 3000 })
    expect([back.total, timedOut, missing]).toEqual([250_000, 0, 0])
    expect(back.quantile(0)).toBeGreaterThanOrEqual(3000)
    expect(back.quantile(0.5)).toBeGreaterThan(3500)
    expect(back.quantile(0.99)).toBeGreaterThan(5500)
    expect(back.last).toBeGreaterThan(15_000)
    expect(back.last).toBeLessThan(19_500)
  })

  it("is held up by what their channels cost", async () => {
    const run = async (...args: ReadonlyArray<string>) =>
      JSON.parse(
        await Effect.runPromise(
          simulationText(["--nodes", "10", "--node.connections", "10000", "--detect", "0", "--json", ...args])
        )
      ).reconnections.all.back.quantilesMs["1"]
    const history = ["--channels.history", "true", "--channels.subscribers"]
    const without = await run()
    // All share one: each node reads it once.
    expect(await run(...history, "100000")).toBe(without)
    // A channel for each: a hundred thousand clients, two reads of 130 µs for each, one after the other; attempts time out, and two minutes are too few.
    expect(await run(...history, "1")).toBeNull()
    // In ten namespaces the primaries are the slowest: ten thousand of 0.42 ms.
    const spread = await run(...history, "1", "--channels.namespaces", "10")
    expect(spread).toBeGreaterThan(0.9 * 4200)
    expect(spread).toBeLessThan(7000)
  })

  it("of a machine that is gone without a word is spread over the pings that they miss", async () => {
    const { back, missing } = await returned("machine")
    expect(missing).toBe(0)
    // 10 to 35 s until they notice, and 0.5 to 1 s of backoff.
    expect(back.quantile(0)).toBeGreaterThanOrEqual(10_500)
    expect(back.quantile(0.5)).toBeGreaterThan(22_500)
    expect(back.quantile(0.5)).toBeLessThan(24_000)
    expect(back.last).toBeLessThan(36_500)
  })

  it("of everyone takes what the plan says where nodes are quick enough", async () => {
    const { back, timedOut, missing } = await returned("all", { workers: 15 })
    expect([back.total, timedOut, missing]).toEqual([100_000_000, 0, 0])
    const planned = 1000 + (250_000 * 190) / 15 / 1000
    expect(back.last).toBeGreaterThan(0.85 * planned)
    expect(back.last).toBeLessThan(1.15 * planned)
  })

  it("of everyone costs attempts beyond the SDK's patience, and these cost time", async () => {
    const { back, timedOut, wasted, missing } = await returned("all")
    expect(missing).toBe(0)
    expect(timedOut).toBeGreaterThan(10_000_000)
    expect(wasted).toBe(timedOut)
    expect(back.last).toBeGreaterThan(1000 + (250_000 * 190) / 7 / 1000)
  })

  it("of everyone does not come to an end in time on nodes that are far too slow, and the simulation does", async () => {
    const { back, missing, clients, longestQueue } = await returned("all", {
      ...SMALL,
      workers: 1,
      admitSeconds: { others: 1e-3, all: 1e-3 }
    })
    expect(missing).toBeGreaterThan(clients / 2)
    expect(back.total + missing).toBe(clients)
    expect(longestQueue).toBeGreaterThan(50_000)
  })

  it("has queues of about as many as come at once", async () => {
    const { longestQueue } = await returned("all")
    expect(longestQueue).toBeGreaterThan(200_000)
    expect(longestQueue).toBeLessThan(255_000)
  })
})

describe("a seed", () => {
  it("gives the same run again, and another one another", async () => {
    const run = async (seed: number) => {
      const { written } = await broadcast(SMALL, seed)
      const { back, timedOut, longestQueue } = await returned("all", SMALL, seed)
      return [SHARES.map((share) => [written.quantile(share), back.quantile(share)]), timedOut, longestQueue]
    }
    expect(await run(42)).toEqual(await run(42))
    expect(await run(42)).not.toEqual(await run(43))
  })
})

describe("npm run simulate", () => {
  const printed = (...args: ReadonlyArray<string>) => Effect.runPromise(simulationText(args))

  it("prints quantiles of all that it simulates, and what was published", async () => {
    const text = await printed("--nodes", "10", "--node.connections", "20000")
    for (const part of [
      "written to connections",
      "a node's process ends",
      "everyone is lost at once",
      "Qihoo 360, 2015"
    ])
      expect(text).toContain(part)
    expect(text).not.toMatch(/NaN|undefined|Infinity/)
  })

  it("plans with the formulas of npm run plan", async () => {
    const { plannedSeconds } = JSON.parse(
      await printed("--nodes", "10", "--node.connections", "20000", "--json")
    )
    const input = { clients: "protocol", bytes: 200, node: { cores: 8, network: 10 } } as const
    expect(plannedSeconds.broadcast).toBe(writeOutSeconds(input, 20_000))
    expect(plannedSeconds.all).toBeCloseTo(1 + (20_000 * setupSeconds(input)) / 7, 9)
    // In three seconds five attempts fail, at most; the wait after the fifth is up to 16.5 s.
    expect(plannedSeconds.node).toBeCloseTo(3 + 16.5 + (Math.ceil(20_000 / 9) * setupSeconds(input)) / 7, 9)
    expect(plannedSeconds.machine).toBeCloseTo(plannedSeconds.node - 19.5 + 36, 9)
  })

  it("tells shares of all, also of those who never come back, and one worker as one", async () => {
    const text = await printed("--nodes", "5", "--node.connections", "800000", "--node.cores", "2")
    expect(text).toContain("1 worker each")
    const row = text.split("\n").find((line) => line.startsWith("| everyone is lost at once "))!
    const cells = row.split("|").map((cell) => cell.trim())
    const missing = Number(cells.at(-2)!.replaceAll(",", ""))
    // Nine of ten are not back: of the six shares from 1 % on, the first alone.
    expect(missing).toBeGreaterThan(3_600_000)
    expect(cells.slice(3, 9).map((cell) => cell === "–")).toEqual([false, true, true, true, true, true])
  })

  it("refuses what it does not know, with exit code 78", async () => {
    const exit = await Effect.runPromise(Effect.flip(simulationText(["--nodes", "1", "--seeds", "2"])))
    expect(exit.message.split("\n")).toHaveLength(3)
    expect(exit.message).toContain("did you mean seed?")
  })
})
