import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { connectionCapacity, openFileLimit } from "../../../src/services/openFiles.ts"

describe("the connections that a process can hold", () => {
  it.each([
    [1_048_576, 1_048_064],
    [20_000, 19_488],
    [2048, 1536],
    [1024, 768],
    [100, 75],
    [1, 1],
    [0, 1]
  ])("with %d open files are %d", (limit, capacity) => {
    expect(connectionCapacity(limit)).toBe(capacity)
  })

  it("are without bound where the system tells none", () => {
    expect(connectionCapacity(undefined)).toBe(Number.POSITIVE_INFINITY)
  })

  it("grow with the limit, and leave a quarter or 512 files for the rest", () => {
    fc.assert(
      fc.property(fc.integer({ min: 4, max: 2_000_000 }), (limit) => {
        const reserve = limit - connectionCapacity(limit)
        expect(reserve).toBe(Math.min(512, Math.floor(limit / 4)))
        expect(connectionCapacity(limit + 1)).toBeGreaterThanOrEqual(connectionCapacity(limit))
      })
    )
  })
})

describe("the limit of open files", () => {
  it.runIf(process.platform === "linux")("is a number, or none", () => {
    const limit = openFileLimit()
    expect(limit === undefined || (Number.isInteger(limit) && limit > 0)).toBe(true)
  })
})
