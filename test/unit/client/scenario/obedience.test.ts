import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { ClientSocket } from "../../../../src/client/ClientSocket.ts"
import { Obedience } from "../../../../src/client/scenario/Obedience.ts"
import { connectionsAt } from "../../../../src/client/scenario/Order.ts"
import { Portions, pick } from "../../../../src/client/scenario/pick.ts"
import { SlotList } from "../../../../src/services/hot/SlotList.ts"

describe("a pick", () => {
  it("is of different items, as many as were asked for or there are", () => {
    fc.assert(
      fc.property(
        fc.nat(50),
        fc.nat(60),
        fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
        (size, count, chances) => {
          const all = Array.from({ length: size }, (_, i) => i)
          const picked = pick(all, count, () => chances.next().value)
          expect(new Set(picked).size).toBe(Math.min(size, count))
          expect(all).toHaveLength(size)
        }
      )
    )
  })

  it("takes each item as often as any other", () => {
    const times = [0, 0, 0, 0]
    for (let i = 0; i < 8000; i++) for (const item of pick([0, 1, 2, 3], 2, Math.random)) times[item]!++
    // Six standard deviations of a binomial distribution are 270.
    for (const count of times) expect(Math.abs(count - 4000)).toBeLessThan(270)
  })
})

describe("portions", () => {
  it("add up to the share, however small it is", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 100, noNaN: true }),
        fc.nat(1000),
        fc.integer({ min: 1, max: 200 }),
        (share, of, turns) => {
          const portions = new Portions()
          let sum = 0
          for (let i = 0; i < turns; i++) sum += portions.take(of, share)
          expect(Math.abs(sum - (turns * of * share) / 100)).toBeLessThan(1.001)
        }
      )
    )
    const portions = new Portions()
    expect(Array.from({ length: 10 }, () => portions.take(150, 1))).toEqual([1, 2, 1, 2, 1, 2, 1, 2, 1, 2])
  })
})

describe("the connections of a level", () => {
  it("rise to all, and never fall", () => {
    fc.assert(
      fc.property(fc.nat(100_000), fc.integer({ min: 1, max: 1000 }), (clients, levels) => {
        expect(connectionsAt(clients, levels, levels)).toBe(clients)
        let before = 0
        for (let level = 1; level <= levels; level++) {
          const now = connectionsAt(clients, level, levels)
          expect(now).toBeGreaterThanOrEqual(before)
          before = now
        }
      })
    )
  })
})

/** A ramp of so many open sockets that writes down what is asked of it. */
const rampOf = (count: number) => {
  const sockets = new SlotList<ClientSocket>()
  const told: Array<string> = []
  const later: Array<{ readonly run: () => void; readonly ms: number }> = []
  for (let i = 0; i < count; i++)
    sockets.add({ slot: -1, state: "open", readOn: () => told.push("read on") } as unknown as ClientSocket)
  const obedience = new Obedience({
    ramp: {
      sockets,
      cut: () => told.push("cut"),
      leave: () => told.push("leave"),
      stopReading: () => told.push("stop")
    },
    raise: (level, levels) => told.push(`raise ${level} of ${levels}`),
    random: Math.random,
    later: (run, ms) => later.push({ run, ms })
  })
  return { obedience, told, later, sockets }
}

describe("a ramp that is ordered", () => {
  it("to churn has a share leave, each at its own time within the turn", () => {
    const { obedience, told, later } = rampOf(200)
    obedience.obey({ _tag: "Churn", share: 10, overMs: 1000 })
    expect(told).toEqual([])
    expect(later).toHaveLength(20)
    for (const { ms } of later) expect(ms >= 0 && ms < 1000).toBe(true)
    expect(new Set(later.map(({ ms }) => ms)).size).toBeGreaterThan(10)
    for (const { run } of later) run()
    expect(told).toEqual(Array.from({ length: 20 }, () => "leave"))
  })

  it("to let some stop reading lets one at least, and leaves one reader", () => {
    const stops = (count: number, share: number) => {
      const { obedience, told } = rampOf(count)
      obedience.obey({ _tag: "StopReading", share })
      return told.length
    }
    expect([stops(200, 5), stops(10, 1), stops(10, 99.9), stops(1, 50), stops(0, 50)]).toEqual([
      10, 1, 9, 0, 0
    ])
  })

  it("to read on asks those that stopped and are still there", () => {
    const { obedience, told, sockets } = rampOf(10)
    obedience.obey({ _tag: "StopReading", share: 50 })
    obedience.obey({ _tag: "ReadOn" })
    expect(told.filter((each) => each === "read on")).toHaveLength(5)
    for (const socket of [...sockets.items]) sockets.remove(socket)
    obedience.obey({ _tag: "ReadOn" })
    expect(told.filter((each) => each === "read on")).toHaveLength(5)
  })

  it("to cut or to rise does so", () => {
    const { obedience, told } = rampOf(1)
    obedience.obey({ _tag: "Cut" })
    obedience.obey({ _tag: "Raise", level: 2, levels: 5 })
    expect(told).toEqual(["cut", "raise 2 of 5"])
  })
})
