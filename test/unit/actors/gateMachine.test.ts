import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { initialTransition, transition } from "xstate"
import { type GateEvent, gateMachine } from "../../../src/actors/gateMachine.ts"

const tick = (connections: number, missed = 0): GateEvent => ({ type: "tick", connections, missed })
const sent: GateEvent = { type: "sent" }

const after = (events: ReadonlyArray<GateEvent>, totalSize = 10) => {
  let [snapshot] = initialTransition(gateMachine, { totalSize })
  for (const event of events) [snapshot] = transition(gateMachine, snapshot, event)
  return { state: snapshot.value, ...snapshot.context }
}

describe("the gate", () => {
  const table: ReadonlyArray<readonly [string, ReadonlyArray<GateEvent>, GateEvent, string]> = [
    ["waiting", [], tick(9), "gated"],
    ["waiting", [], tick(10), "sending"],
    ["waiting", [], tick(11), "sending"],
    ["waiting", [], sent, "waiting"],
    ["gated", [tick(0)], tick(9), "gated"],
    ["gated", [tick(0)], tick(10), "sending"],
    ["gated", [tick(0)], sent, "gated"],
    ["sending", [tick(10)], sent, "waiting"],
    ["sending", [tick(10)], tick(10), "sending"],
    ["sending", [tick(10)], tick(0), "sending"]
  ]
  it.each(table)("%s (after %j), on %j, is %s", (from, way, event, to) => {
    expect(after(way).state).toBe(from)
    expect(after([...way, event]).state).toBe(to)
  })

  it("of 0 connections is always open", () => {
    expect(after([tick(0)], 0).state).toBe("sending")
  })

  it("is tested at every tick: it opens and closes with the live count", () => {
    const events = [tick(10), sent, tick(9), tick(10), sent, tick(0)]
    expect(after(events)).toEqual({ state: "gated", totalSize: 10, ticks: 4, broadcasts: 2, missed: 0 })
  })

  it("does not count what comes while a broadcast is under way", () => {
    expect(after([tick(10), tick(10, 3)])).toMatchObject({ ticks: 1, missed: 0, broadcasts: 0 })
  })

  it("counts ticks, broadcasts and missed ticks, whatever happens", () => {
    const ticks = fc.array(fc.record({ connections: fc.nat(20), missed: fc.nat(3) }), { maxLength: 50 })
    fc.assert(
      fc.property(ticks, fc.nat(20), (ticks, totalSize) => {
        const full = ticks.filter(({ connections }) => connections >= totalSize)
        const events = ticks.flatMap(({ connections, missed }) =>
          connections >= totalSize ? [tick(connections, missed), sent] : [tick(connections, missed)]
        )
        expect(after(events, totalSize)).toMatchObject({
          ticks: ticks.length,
          broadcasts: full.length,
          missed: ticks.reduce((sum, { missed }) => sum + missed, 0)
        })
      })
    )
  })
})
