import { describe, expect, it } from "vitest"
import { RunMetrics } from "../../../../src/client/metrics/RunMetrics.ts"
import { hostFacts } from "../../../../src/client/report/hostFacts.ts"
import { buildReport } from "../../../../src/client/report/Report.ts"
import { MAX_CPU, MAX_LOOP_DELAY_P99_MS, whyUnreliable } from "../../../../src/client/report/reliability.ts"
import { openFileLimit } from "../../../../src/services/openFiles.ts"
import { input, measured, reportOf, START } from "./fixture.ts"

describe("the report", () => {
  it("tells the run, the connections and the ramp", () => {
    const report = reportOf()
    expect(report.run).toEqual({
      id: "7f3a",
      startedAt: "2023-11-14T22:13:20.000Z",
      endedAt: "2023-11-14T22:13:30.000Z",
      durationMs: 10_000,
      version: "0.1.0",
      node: "v20.20.2",
      platform: "linux 6.1 x64",
      kernel: "#1 SMP",
      cores: 2,
      cpu: "some",
      memoryBytes: 1_024,
      openFiles: 20_000
    })
    expect(report.connections).toEqual({
      attempted: 10,
      active: 7,
      reconnects: 0,
      waiting: 0,
      closed: 0,
      closedByCode: {},
      errors: { connectRefused: 1, reset: 1 }
    })
    expect(report.setup).toMatchObject({
      count: 8,
      rampMs: 2_000,
      perSecond: 4,
      timeMs: { count: 8, p99: 4 }
    })
  })

  it("leaves connections that came back out of the pace of the ramp", () => {
    const metrics = measured()
    for (let i = 0; i < 3; i++) metrics.opened(START + 9_000, 4, true)
    metrics.waitingChanged(2)
    const report = reportOf({ snapshot: metrics.snapshot(START + 10_000) })
    expect(report.connections).toMatchObject({ active: 10, reconnects: 3, waiting: 2 })
    expect(report.setup).toMatchObject({ count: 11, rampMs: 2_000, perSecond: 4 })
  })

  it("tells messages, latencies and each broadcast", () => {
    const report = reportOf()
    expect(report.messages).toMatchObject({ count: 14, perSecond: 1.4, unstamped: 1 })
    expect(report.latencyMs).toMatchObject({ count: 13, min: 1, max: 7, p50: 4.001, p99: 7 })
    expect(report.broadcasts).toEqual([
      { id: String(START + 3_000), expected: 7, received: 7, firstMs: 1, lastMs: 7 },
      { id: String(START + 4_000), expected: 7, received: 6, firstMs: 1, lastMs: 6 }
    ])
  })

  it("of a run in which nothing happened has nulls and zeros, and survives JSON as it is", () => {
    const report = reportOf({ snapshot: new RunMetrics(START).snapshot(START), now: START })
    expect(report.latencyMs).toMatchObject({ count: 0, min: null, p999: null })
    expect(report.setup).toMatchObject({ count: 0, perSecond: 0, rampMs: 0 })
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
  })

  it("is refused as a value where a snapshot from another process cannot be read", () => {
    const { snapshot } = input()
    const broken = { ...snapshot, setupTime: { ...snapshot.setupTime, counts: "?" } }
    expect(buildReport(input({ snapshot: broken }))).toMatchObject({ kind: "badHistogram" })
  })

  it("names the machine it was made on", () => {
    const facts = hostFacts()
    expect(facts.node).toBe(process.version)
    expect(facts.cores).toBeGreaterThan(0)
    expect(facts.memoryBytes).toBeGreaterThan(1_000_000)
    expect(facts.kernel).not.toBe("")
    expect(facts.openFiles).toBe(openFileLimit() ?? null)
  })
})

describe("the figures", () => {
  const quiet = {
    processes: 1,
    loopDelayMs: { p50: 1, p99: MAX_LOOP_DELAY_P99_MS, max: 900 },
    cpu: MAX_CPU,
    rampRestarts: 0
  }

  it("are reliable up to the bounds", () => {
    expect(reportOf({ client: quiet })).toMatchObject({ reliable: true, unreliableBecause: [] })
  })

  it.each([
    [{ ...quiet, loopDelayMs: { ...quiet.loopDelayMs, p99: 25.1 } }, {}, 0, /late by 25\.1 ms/],
    [{ ...quiet, cpu: 0.97 }, {}, 0, /97 % of a core \(bound: 90 %\)/],
    [quiet, { tooManyOpenFiles: 12, reset: 3 }, 0, /^12 connections failed .* \(tooManyOpenFiles\)\.$/],
    [quiet, { portsExhausted: 1 }, 0, /portsExhausted/],
    [quiet, {}, 4, /^4 latencies were below 0/]
  ])("are doubted with one sentence for %j %j %i", (client, errors, clamped, sentence) => {
    const reasons = whyUnreliable(client, errors, clamped)
    expect(reasons).toHaveLength(1)
    expect(reasons[0]).toMatch(sentence)
  })

  it("are doubted for what their owner doubts, too", () => {
    const report = reportOf({ client: quiet, doubts: ["One was silent."] })
    expect(report).toMatchObject({ reliable: false, unreliableBecause: ["One was silent."] })
  })

  it("of a busy client are marked in the report", () => {
    const report = reportOf({ client: { ...quiet, cpu: 1 } })
    expect(report.reliable).toBe(false)
    expect(report.unreliableBecause).toHaveLength(1)
  })
})
