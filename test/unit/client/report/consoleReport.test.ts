import { expect, it } from "vitest"
import { RunMetrics } from "../../../../src/client/metrics/RunMetrics.ts"
import { consoleReport } from "../../../../src/client/report/consoleReport.ts"
import { measured, reportOf, START } from "./fixture.ts"

it("the console report has the counters, the histogram and the meters of the run", () => {
  expect(
    consoleReport(reportOf())
  ).toBe(`2023-11-14T22:13:30.000Z run 7f3a ==============================================

-- Counters --------------------------------------------------------------------
Active WebSockets
             count = 7
WebSocket Errors
             count = 2

-- Histograms ------------------------------------------------------------------
Message latency
             count = 13
               min = 1.00
               max = 7.00
              mean = 3.77
            stddev = 1.89
            median = 4.00
               75% <= 5.00
               95% <= 7.00
               98% <= 7.00
               99% <= 7.00
             99.9% <= 7.00

-- Meters ----------------------------------------------------------------------
Message Rate
             count = 14
         mean rate = 1.40 events/second
     1-minute rate = 2.58 events/second
     5-minute rate = 2.75 events/second
    15-minute rate = 2.78 events/second
Setup Rate
             count = 8
         mean rate = 0.80 events/second
     1-minute rate = 1.47 events/second
     5-minute rate = 1.57 events/second
    15-minute rate = 1.59 events/second

`)
})

it("the console report counts the connections that came back, in the order of names", () => {
  const metrics = measured()
  metrics.opened(START + 9_000, 4, true)
  expect(consoleReport(reportOf({ snapshot: metrics.snapshot(START + 10_000) }))).toContain(
    `Active WebSockets
             count = 8
Reconnects
             count = 1
WebSocket Errors
             count = 2
`
  )
})

it("before the first message the console report shows zeros", () => {
  const text = consoleReport(reportOf({ snapshot: new RunMetrics(START).snapshot(START), now: START }))
  expect(text).toContain("             count = 0\n               min = 0.00\n")
  expect(text).not.toMatch(/NaN|null|undefined/)
})
