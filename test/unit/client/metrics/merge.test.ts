/** Several processes' metrics add up to exactly what one process would have measured that saw everything. */
import * as fc from "fast-check"
import { expect, it } from "vitest"
import { RunMetrics } from "../../../../src/client/metrics/RunMetrics.ts"
import { addSeries } from "../../../../src/client/metrics/seriesSums.ts"
import { addSnapshots } from "../../../../src/client/metrics/snapshotSums.ts"

const START = 1_700_000_000_000
const CONNECTIONS = 12
const STAMPS = [START + 20_000, START + 30_000, START + 40_000]

/** A copy of a broadcast on a connection, later by so many microseconds. */
const copy = fc.record({
  connection: fc.nat({ max: CONNECTIONS - 1 }),
  stamp: fc.constantFrom(...STAMPS),
  micros: fc.integer({ min: 0, max: 3_000_000 })
})

const events = fc.record({
  /** The process of each connection. */
  owners: fc.array(fc.nat({ max: 3 }), { minLength: CONNECTIONS, maxLength: CONNECTIONS }),
  setupMicros: fc.array(fc.integer({ min: 1, max: 900_000 }), {
    minLength: CONNECTIONS,
    maxLength: CONNECTIONS
  }),
  copies: fc.array(copy, { maxLength: 60 })
})

it("histograms, counts and broadcasts of any split are those of the whole", () => {
  fc.assert(
    fc.property(events, ({ owners, setupMicros, copies }) => {
      const one = new RunMetrics(START)
      const many = [0, 1, 2, 3].map(() => new RunMetrics(START))
      const happened = (connection: number, tell: (metrics: RunMetrics) => void) => {
        tell(one)
        tell(many[owners[connection]!]!)
      }
      for (let i = 0; i < CONNECTIONS; i++) {
        happened(i, (metrics) => metrics.attempted(START + i))
        happened(i, (metrics) => metrics.opened(START + 1000 + i, setupMicros[i]! / 1000))
      }
      const inTime = [...copies].sort((a, b) => a.stamp + a.micros / 1000 - (b.stamp + b.micros / 1000))
      for (const { connection, stamp, micros } of inTime) {
        const now = stamp + micros / 1000
        happened(connection, (metrics) => metrics.heard(now, Buffer.from(String(stamp)), START + 1000))
        // What the client's first process tells the others.
        for (const metrics of many) metrics.expectBroadcast(stamp, now)
      }
      happened(0, (metrics) => metrics.closed(START + 50_000, 1000))
      const end = START + 60_000
      const sum = addSnapshots(many.map((metrics) => metrics.snapshot(end)))
      if ("kind" in sum) throw new Error(sum.message)
      const whole = one.snapshot(end)
      // Sums of fractions depend on their order, by a rounding.
      const { sum: latencies, ...latency } = sum.latency
      const { sum: setups, ...setupTime } = sum.setupTime
      expect(whole.latency).toMatchObject(latency)
      expect(whole.setupTime).toMatchObject(setupTime)
      expect(latencies).toBeCloseTo(whole.latency.sum, 6)
      expect(setups).toBeCloseTo(whole.setupTime.sum, 6)
      expect(sum.connections).toEqual(whole.connections)
      expect(sum.broadcasts).toEqual(whole.broadcasts)
      expect(sum.messageRates.count).toBe(whole.messageRates.count)
      expect(sum.messageRates.oneMinute).toBeCloseTo(whole.messageRates.oneMinute, 9)
      expect(addSeries(sum.series)).toEqual(addSeries(whole.series))
      expect([sum.firstAttemptAt, sum.lastOpenAt]).toEqual([whole.firstAttemptAt, whole.lastOpenAt])
    })
  )
})
