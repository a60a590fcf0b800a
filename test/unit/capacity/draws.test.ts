import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Draws } from "../../../src/capacity/simulation/Draws.ts"

const seeded = (seed: number): Draws => Effect.runSync(Random.withSeed(Draws.ofFiber, seed))

describe("a binomial draw", () => {
  // Few expected, many, and nearly all: the exact way, the normal one, and the way round.
  it.each([
    [10, 0.3],
    [1_000_000, 1e-5],
    [100_000, 0.2],
    [250_000, 0.999]
  ])("of %i with chance %d has the mean and the variance of one", (count, chance) => {
    const draws = seeded(7)
    const values = Array.from({ length: 20_000 }, () => draws.binomial(count, chance))
    const mean = values.reduce((sum, value) => sum + value) / values.length
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
    const expected = count * chance * (1 - chance)
    expect(Math.abs(mean - count * chance)).toBeLessThan(5 * Math.sqrt(expected / values.length))
    expect(variance / expected).toBeGreaterThan(0.93)
    expect(variance / expected).toBeLessThan(1.07)
  })

  it("is a whole number of those that there are", () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: 0, max: 1e9 }),
        fc.double({ noNaN: true }),
        (seed, count, chance) => {
          const drawn = seeded(seed).binomial(count, chance)
          expect(Number.isInteger(drawn)).toBe(true)
          expect(drawn).toBeGreaterThanOrEqual(0)
          expect(drawn).toBeLessThanOrEqual(count)
        }
      )
    )
  })
})

describe("spreading", () => {
  it("gives each to one slot, and slots alike", () => {
    const slots = new Array<number>(400).fill(0)
    seeded(3).spread(100_000_000, 400, (slot, count) => {
      slots[slot]! += count
    })
    expect(slots.reduce((sum, count) => sum + count)).toBe(100_000_000)
    // Six standard deviations of 250,000.
    for (const count of slots) expect(Math.abs(count - 250_000)).toBeLessThan(3000)
    expect(new Set(slots).size).toBeGreaterThan(300)
  })

  it("loses nobody", () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: 0, max: 100_000 }),
        fc.integer({ min: 1, max: 50 }),
        (seed, count, slots) => {
          let sum = 0
          seeded(seed).spread(count, slots, (slot, here) => {
            expect(slot).toBeLessThan(slots)
            sum += here
          })
          expect(sum).toBe(count)
        }
      )
    )
  })
})

describe("a draw from quantiles", () => {
  it("has these quantiles", () => {
    const draws = seeded(5)
    const values = Array.from({ length: 20_000 }, () =>
      draws.from([
        [0, 1],
        [0.5, 2],
        [1, 10]
      ])
    ).sort((a, b) => a - b)
    expect(values[0]).toBeGreaterThanOrEqual(1)
    expect(values[10_000]).toBeCloseTo(2, 0)
    expect(values[15_000]).toBeCloseTo(6, 0)
    expect(values.at(-1)).toBeLessThanOrEqual(10)
  })
})
