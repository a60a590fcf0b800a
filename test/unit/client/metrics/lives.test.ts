import { describe, expect, it } from "vitest"
import { asDied, asKnown, withMeans } from "../../../../src/client/metrics/lives.ts"
import { RunMetrics } from "../../../../src/client/metrics/RunMetrics.ts"

const START = 1_700_000_000_000

const heard = (metrics: RunMetrics, copies: number): void => {
  for (let i = 0; i < copies; i++) metrics.heard(START + 105, Buffer.from(String(START + 100)), 0)
}

/** Three open, one closed, one failed; two of them heard a broadcast. */
const run = (): RunMetrics => {
  const metrics = new RunMetrics(START)
  for (let i = 0; i < 5; i++) metrics.attempted(START + i)
  for (let i = 0; i < 4; i++) metrics.opened(START + 10 + i, 5)
  metrics.failed(START + 20, "refused", false)
  metrics.closed(START + 30, 1006)
  metrics.waitingChanged(1)
  heard(metrics, 2)
  return metrics
}

describe("what is known of a process that does not answer", () => {
  it("is its last snapshot with its last counts", () => {
    const metrics = run()
    const snapshot = metrics.snapshot(START + 1000)
    metrics.opened(START + 1500, 7)
    heard(metrics, 3)
    const known = asKnown(snapshot, metrics.counts(), START, START + 2600)
    expect(known.connections).toEqual(metrics.snapshot(START + 2000).connections)
    expect([known.setupRates.count, known.messageRates.count, known.lastOpenAt]).toEqual([5, 5, START + 1500])
    expect([known.latency, known.setupTime, known.broadcasts]).toEqual([
      ...[snapshot.latency, snapshot.setupTime, snapshot.broadcasts]
    ])
    // Over time there is as much as in sum.
    const [series] = known.series
    expect(series).toMatchObject({ endMs: 2600, intervalMs: 1000 })
    expect(series?.intervals.map(({ opened, messages, active }) => [opened, messages, active])).toEqual([
      ...[
        [4, 2, 3],
        [0, 0, 3],
        [1, 3, 4]
      ]
    ])
  })

  it("is all of its snapshot where nothing was told since", () => {
    const metrics = run()
    const snapshot = metrics.snapshot(START + 1000)
    expect(asKnown(snapshot, metrics.counts(), START, START + 5000)).toEqual(snapshot)
  })

  it("is its counts where it never gave a snapshot", () => {
    const known = asKnown(undefined, run().counts(), START, START + 700)
    expect(known.connections).toMatchObject({ attempted: 5, active: 3 })
    expect(known).toMatchObject({ latency: { min: null }, messageRates: { count: 2 }, firstAttemptAt: START })
    expect(known.series).toMatchObject([
      { endMs: 700, intervals: [{ opened: 4, closed: 1, errors: 1, active: 3 }] }
    ])
  })
})

describe("what a dead process leaves", () => {
  it("has every connection closed with 1006, and none that waits to come back", () => {
    const { connections } = asDied(run().snapshot(START + 1000), 1500)
    expect(connections).toEqual({
      ...{ attempted: 5, opened: 4, active: 0, reconnects: 0, waiting: 0 },
      ...{ closed: 4, closedByCode: { 1006: 4 }, errors: { refused: 1 } }
    })
  })

  it("keeps its counts, but nothing happens any more", () => {
    const died = asDied(run().snapshot(START + 6000), 7000)
    expect(died.messageRates).toEqual({ count: 2, mean: 0, oneMinute: 0, fiveMinutes: 0, fifteenMinutes: 0 })
    expect(died.setupRates.count).toBe(4)
  })

  it("has no close code where nothing was open", () => {
    expect(asDied(new RunMetrics(START).snapshot(START), 0).connections.closedByCode).toEqual({})
  })
})

it("mean rates are over the whole run, whenever a process was started", () => {
  const { setupRates, messageRates } = withMeans(run().snapshot(START + 1000), 8)
  expect([setupRates.mean, messageRates.mean]).toEqual([0.5, 0.25])
  expect(withMeans(run().snapshot(START + 1000), 0).setupRates.mean).toBe(0)
})
