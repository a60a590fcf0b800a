/** The checker of histories: it lets pass what is correct, and finds each fault that is put into it. */
import { join } from "node:path"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { check, report } from "../../support/jepsen/check.ts"
import { anomalyKinds } from "../../support/jepsen/checks/Anomaly.ts"
import { runPayload } from "../../support/jepsen/checks/schedules.ts"
import { historyOf, steps } from "../../support/jepsen/correctHistory.ts"
import { type History, readHistory, writeHistory } from "../../support/jepsen/History.ts"
import { planted, plants } from "../../support/jepsen/plants.ts"
import { temporaryFolder } from "../../support/server/temporaryFolder.ts"

const kindsIn = (history: History) => new Set(check(history).anomalies.map(({ kind }) => kind))

describe("a correct history", () => {
  it("has no anomalies", () => {
    fc.assert(
      fc.property(steps, (taken) => {
        const history = historyOf(taken)
        expect(report(history, check(history))).toMatch(/^no anomalies\n/)
      }),
      { numRuns: 200 }
    )
  })

  it("has none either where it was not recorded to its end", () => {
    fc.assert(
      fc.property(steps, fc.nat(), (taken, cut) => {
        const { seed, events } = historyOf(taken)
        const settled = events.findLastIndex(({ type }) => type === "settled")
        expect(check({ seed, events: events.slice(0, cut % settled) }).anomalies).toEqual([])
      }),
      { numRuns: 100 }
    )
  })

  it("is the same in a file, one event a line", () => {
    const file = join(temporaryFolder(), "history.json")
    fc.assert(
      fc.property(steps, (taken) => {
        const history = historyOf(taken)
        writeHistory(file, history)
        expect(readHistory(file)).toEqual(history)
      }),
      { numRuns: 20 }
    )
  })
})

it("a run that is late for as long as processes had no CPU is not late", () => {
  const late = (waitedMs: number): History => ({
    seed: 1,
    events: [
      { type: "schedule", at: 0, id: "tick", channel: "a", start: 1000, every: 1000, end: 2000 },
      { type: "scheduled", at: 1, id: "tick" },
      { type: "fault", at: 500, does: "a node is lost", runsWithinMs: 5000 },
      // Before it was due.
      { type: "waited", at: 900, ms: 9000 },
      { type: "waited", at: 5000, ms: waitedMs },
      {
        type: "delivered",
        at: 8000,
        client: "one",
        channel: "a",
        offset: 1,
        payload: runPayload("tick", 1000)
      }
    ]
  })
  expect(kindsIn(late(1999))).toContain("late run")
  expect(kindsIn(late(2000))).not.toContain("late run")
})

describe("a history in which", () => {
  it.each(plants)("%s: %s", (_, kind, plant) => {
    let planting = 0
    fc.assert(
      fc.property(steps, fc.nat(), (taken, which) => {
        const history = planted(historyOf(taken), plant, which)
        if (history === undefined) return
        planting++
        expect(kindsIn(history)).toContain(kind)
      }),
      { numRuns: 40 }
    )
    expect(planting).toBeGreaterThan(10)
  })

  it("there is any kind of anomaly, has been planted", () => {
    expect([...new Set(plants.map(([, kind]) => kind))].sort()).toEqual(Object.keys(anomalyKinds).sort())
  })
})
