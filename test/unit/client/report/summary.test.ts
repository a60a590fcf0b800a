import { expect, it } from "vitest"
import { summary } from "../../../../src/client/report/summary.ts"
import type { Report } from "../../../../src/protocol/report.ts"
import { reportOf, START } from "./fixture.ts"

const lines = (report: Report) => summary(report).split("\n")

it("the lines below the last report tell deliveries, limits and doubts", () => {
  expect(lines(reportOf({ thresholds: { p99: 500, delivered: 100 }, doubts: ["One was silent."] }))).toEqual([
    `broadcast ${START + 3_000}: 7 of 7, first after 1.0 ms, last after 7.0 ms`,
    `broadcast ${START + 4_000}: 6 of 7, first after 1.0 ms, last after 6.0 ms`,
    "threshold p99: 7, limit 500: met",
    `threshold delivered: ${(6 / 7) * 100}, limit 100: MISSED`,
    "unreliable: One was silent."
  ])
})

it("the figures and steps of a scenario stand between deliveries and limits", () => {
  const scenario = {
    name: "find-max",
    figures: [
      { name: "highest", label: "highest level that held", unit: "connections", value: 2_000 },
      { name: "share", label: "share of the limit", unit: "", value: 0.123456 },
      { name: "next", label: "recovery", unit: "ms", value: null }
    ],
    steps: [
      { level: 2_000, held: true, figures: [{ name: "p99", label: "p99", unit: "ms", value: 12.345 }] },
      { level: 4_000, held: false, because: "p99 is 600, limit 500", figures: [] },
      { level: 8_000, held: false, figures: [] }
    ]
  }
  expect(lines(reportOf({ scenario, thresholds: { p99: 500 } })).slice(2)).toEqual([
    "scenario find-max: highest level that held: 2000 connections",
    "scenario find-max: share of the limit: 0.12",
    "scenario find-max: recovery: not known",
    "scenario find-max: level 2000, held, p99: 12.35 ms",
    "scenario find-max: level 4000, DID NOT HOLD: p99 is 600, limit 500",
    "scenario find-max: level 8000, DID NOT HOLD",
    "threshold p99: 7, limit 500: met"
  ])
})

it("publications of the client's own that were never made are told, and put the latencies in doubt", () => {
  const publications = { published: 90, failed: 4, skipped: 6 }
  const report = reportOf({ publications })
  expect(lines(report)).toContain("publications: 90 taken, 4 failed, 6 too late")
  expect(report.publications).toEqual(publications)
  expect(report.unreliableBecause).toEqual([
    "10 of 100 publications were never made (4 failed, 6 too late): latencies leave out the worst."
  ])
  expect(reportOf({ publications: { published: 90, failed: 0, skipped: 0 } }).reliable).toBe(true)
})
