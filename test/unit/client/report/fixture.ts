/** A run with known figures, for the tests of the report. */
import { RunMetrics } from "../../../../src/client/metrics/RunMetrics.ts"
import { buildReport, type Report, type ReportInput } from "../../../../src/client/report/Report.ts"

export const START = 1_700_000_000_000

/** Ten attempts, eight open within two seconds; two broadcasts, the second of which one connection missed. */
export const measured = (): RunMetrics => {
  const metrics = new RunMetrics(START)
  for (let i = 0; i < 10; i++) metrics.attempted(START + i)
  for (let i = 1; i <= 8; i++) metrics.opened(START + i * 250, 4)
  metrics.failed(START + 2_000, "connectRefused", false)
  metrics.failed(START + 2_000, "reset", true)
  for (const [copies, sent] of [
    [7, START + 3_000],
    [6, START + 4_000]
  ] as const) {
    for (let i = 1; i <= copies; i++) metrics.heard(sent + i, Buffer.from(String(sent)), 0)
  }
  metrics.heard(START + 4_500, Buffer.from("hello"), 0)
  return metrics
}

export const input = (more: Partial<ReportInput> = {}): ReportInput => ({
  id: "7f3a",
  version: "0.1.0",
  host: {
    ...{ node: "v20.20.2", platform: "linux 6.1 x64", kernel: "#1 SMP" },
    ...{ cores: 2, cpu: "some", memoryBytes: 1_024, openFiles: 20_000 }
  },
  config: { total: { clients: 10 } },
  thresholds: {},
  startedAt: START,
  now: START + 10_000,
  snapshot: measured().snapshot(START + 10_000),
  client: { processes: 1, loopDelayMs: { p50: 1, p99: 2, max: 3 }, cpu: 0.1, rampRestarts: 0 },
  doubts: [],
  ...more
})

export const reportOf = (more: Partial<ReportInput> = {}): Report => {
  const report = buildReport(input(more))
  if ("kind" in report) throw new Error(report.message)
  return report
}
