import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { MAX_BATCH, MAX_LATE_MS, Pace } from "../../../../src/client/scenario/pace.ts"

describe("a pace", () => {
  it("gives each publication at its time, with that time as its stamp", () => {
    const pace = new Pace(1000, 4)
    expect(pace.take(999)).toEqual({ stamps: [], skipped: 0 })
    expect(pace.take(1000)).toEqual({ stamps: [1000], skipped: 0 })
    expect(pace.nextAt).toBe(1250)
    expect(pace.take(1249)).toEqual({ stamps: [], skipped: 0 })
    expect(pace.take(1600)).toEqual({ stamps: [1250, 1500], skipped: 0 })
  })

  it("leaves out what is too late, counts it, and gives the rest", () => {
    const pace = new Pace(0, 10)
    expect(pace.take(0).stamps).toEqual([0])
    const { stamps, skipped } = pace.take(5000)
    expect(skipped).toBe(39)
    expect(stamps[0]).toBe(5000 - MAX_LATE_MS)
    expect(stamps).toHaveLength(11)
  })

  it("gives no more than a request carries", () => {
    const pace = new Pace(0, 1000)
    expect(pace.take(999).stamps).toHaveLength(MAX_BATCH)
    expect(pace.take(999, 3).stamps).toEqual([MAX_BATCH, MAX_BATCH + 1, MAX_BATCH + 2])
  })

  it("gives every publication once, with stamps of its own that rise, or counts it, whenever it is asked", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.5, max: 1000, noNaN: true }),
        fc.array(fc.nat(3000), { maxLength: 30 }),
        (rate, waits) => {
          const pace = new Pace(7, rate)
          let now = 7
          let skippedInAll = 0
          const all: Array<number> = []
          for (const wait of waits) {
            now += wait
            for (let more = true; more; ) {
              const { stamps, skipped } = pace.take(now)
              all.push(...stamps)
              skippedInAll += skipped
              more = stamps.length > 0
            }
            expect(pace.nextAt).toBeGreaterThan(now - 0.01)
          }
          const due = waits.length === 0 ? 0 : Math.floor(((now - 7) * rate) / 1000 + 1e-6) + 1
          expect(all.length + skippedInAll).toBe(due)
          for (const [i, stamp] of all.entries()) if (i > 0) expect(stamp).toBeGreaterThan(all[i - 1]!)
        }
      )
    )
  })
})
