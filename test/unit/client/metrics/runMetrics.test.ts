import { describe, expect, it } from "vitest"
import { RunMetrics, type RunSnapshot } from "../../../../src/client/metrics/RunMetrics.ts"
import { addSnapshots } from "../../../../src/client/metrics/snapshotSums.ts"

const START = 1_700_000_000_000

const run = (): RunMetrics => {
  const metrics = new RunMetrics(START)
  for (let i = 0; i < 4; i++) metrics.attempted(START + i)
  for (let i = 0; i < 3; i++) metrics.opened(START + 10 + i, 5 + i)
  metrics.failed(START + 20, "connectRefused", false)
  metrics.closed(START + 30, 1001)
  metrics.failed(START + 40, "reset", true)
  metrics.heard(START + 100.5, Buffer.from(String(START + 100)), 0)
  metrics.heard(START + 101, Buffer.from("not a stamp"), 0)
  return metrics
}

describe("what a process measures", () => {
  it("connections are active from opening until they close or break", () => {
    expect(run().snapshot(START + 200).connections).toEqual({
      attempted: 4,
      opened: 3,
      active: 1,
      reconnects: 0,
      waiting: 0,
      closed: 1,
      closedByCode: { 1001: 1 },
      errors: { connectRefused: 1, reset: 1 }
    })
  })

  it("a connection that comes back is one more opening, and not a part of the ramp", () => {
    const metrics = run()
    metrics.waitingChanged(2)
    metrics.waitingChanged(-1)
    metrics.opened(START + 150, 5, true)
    const { connections, lastOpenAt, setupRates, setupTime } = metrics.snapshot(START + 200)
    expect(connections).toMatchObject({ opened: 4, active: 2, reconnects: 1, waiting: 1 })
    expect(lastOpenAt).toBe(START + 12)
    expect([setupRates.count, setupTime.sum]).toEqual([4, 23])
  })

  it("a broadcast is not expected on a connection that came back after its stamp", () => {
    const metrics = run()
    metrics.opened(START + 1_000, 5, true)
    metrics.heard(START + 1_001, Buffer.from(String(START + 1_000)), 0)
    metrics.heard(START + 1_002, Buffer.from(String(START + 1_000)), START + 1_000)
    metrics.heard(START + 2_000, Buffer.from(String(START + 1_999)), 0)
    expect(metrics.snapshot(START + 2_000).broadcasts.broadcasts).toMatchObject([
      {},
      { expected: 1, received: 1 },
      { expected: 2, received: 1 }
    ])
  })

  it("every message counts, and only a stamped one has a latency", () => {
    const { messageRates, latency, broadcasts } = run().snapshot(START + 200)
    expect(messageRates.count).toBe(2)
    expect(latency).toMatchObject({ min: 0.5, max: 0.5, sum: 0.5 })
    expect(broadcasts.broadcasts).toMatchObject([{ expected: 1, received: 1 }])
  })

  it("snapshots cross processes as JSON and add up", () => {
    const metrics = run()
    metrics.opened(START + 150, 5, true)
    metrics.closed(START + 160, 1012)
    metrics.waitingChanged(3)
    const one: RunSnapshot = JSON.parse(JSON.stringify(metrics.snapshot(START + 200)))
    const sum = addSnapshots([one, one, new RunMetrics(START).snapshot(START)])
    if ("kind" in sum) throw new Error(sum.message)
    expect(sum.connections).toMatchObject({
      attempted: 8,
      active: 2,
      reconnects: 2,
      waiting: 6,
      errors: { connectRefused: 2, reset: 2 }
    })
    expect(sum).toMatchObject({ firstAttemptAt: START, lastOpenAt: START + 12, latency: { sum: 1 } })
    expect(sum.setupTime).toMatchObject({ min: 5, max: 7, sum: 46 })
    expect(sum.broadcasts).toMatchObject({ broadcasts: [{ received: 2 }], unstamped: 2 })
  })

  it("a snapshot that cannot be read is told", () => {
    const one = run().snapshot(START + 200)
    expect(addSnapshots([one, { ...one, latency: { ...one.latency, counts: "?" } }])).toMatchObject({
      kind: "badHistogram"
    })
  })
})
