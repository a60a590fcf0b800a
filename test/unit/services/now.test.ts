import { describe, expect, it } from "vitest"
import { difference, epochAtZero } from "../../../src/services/now.ts"

/** Two clocks that show the same time but for `ahead`; each reading takes a microsecond, and those of `waits` as much more. */
const clocks = (ahead: number, waits: ReadonlyArray<number>) => {
  let time = 1000
  let readings = 0
  const read = () => {
    time += 0.001 + (waits[readings++] ?? 0)
    return time
  }
  return { clock: () => read() + ahead, other: read, readings: () => readings }
}

describe("the difference of two clocks", () => {
  it("is what it is, and is found at once where nothing comes between", () => {
    const { clock, other, readings } = clocks(70, [])
    expect(difference(clock, other)).toBeCloseTo(70, 6)
    expect(readings()).toBe(3)
  })

  it.each([
    ["before the other one is read", [0, 2]],
    ["after it", [0, 0, 2]],
    ["both, again and again", [0, 2, 1, 0, 5, 0.5, 0, 1]]
  ])("is the same where the process has to wait %s", (_, waits) => {
    const { clock, other } = clocks(-70, waits)
    expect(difference(clock, other)).toBeCloseTo(-70, 6)
  })

  it("comes as near as it can where the process always has to wait", () => {
    const { clock, other, readings } = clocks(
      5,
      Array.from({ length: 1000 }, (_, i) => (i === 31 ? 0.01 : i % 3 === 1 ? 2 : 0))
    )
    expect(Math.abs(difference(clock, other) - 5)).toBeLessThan(0.02)
    expect(readings()).toBeLessThanOrEqual(300)
  })
})

describe("epoch time at the machine's monotonic zero", () => {
  it("is the same whenever one asks", () => {
    const asked = Array.from({ length: 200 }, epochAtZero)
    expect(Math.max(...asked) - Math.min(...asked)).toBeLessThan(0.2)
  })
})
