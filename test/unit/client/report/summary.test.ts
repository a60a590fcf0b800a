import { expect, it } from "vitest"
import { summary } from "../../../../src/client/report/summary.ts"
import type { Report } from "../../../../src/protocol/report.ts"
import { reportOf, START } from "./fixture.ts"

const lines = (report: Report) => summary(report).split("\n")

it("the lines below the last report tell deliveries, limits and doubts", () => {
  expect(lines(reportOf({ thresholds: { p99: 500, delivered: 100 }, doubts: ["One was silent."] }))).toEqual([
    "broadcasts: 2, 13 of 14 copies, last after 7.0 ms at most",
    `broadcast ${START + 4_000}: 6 of 7, first after 1.0 ms, last after 6.0 ms`,
    "threshold p99: 7, limit 500: met",
    `threshold delivered: ${(6 / 7) * 100}, limit 100: MISSED`,
    "unreliable: One was silent."
  ])
})

it("no more than twenty broadcasts are told one by one, and only those that did not reach just whom they should", () => {
  const broadcasts = Array.from({ length: 60 }, (_, i) => ({
    ...{ id: String(START + i), expected: 10, received: i % 2 === 0 ? 10 : 9, firstMs: 1, lastMs: 2 }
  }))
  const found = lines({ ...reportOf(), broadcasts })
  expect(found[0]).toBe("broadcasts: 60, 570 of 600 copies, last after 2.0 ms at most")
  expect(found[1]).toContain(`broadcast ${START + 1}: 9 of 10`)
  expect(found).toHaveLength(1 + 20 + 1)
  expect(found.at(-1)).toBe("10 more broadcasts did not reach just those expected")
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
