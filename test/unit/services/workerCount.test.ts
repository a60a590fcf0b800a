import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { connectionCapacity } from "../../../src/services/openFiles.ts"
import { chooseWorkers, MAX_WORKERS } from "../../../src/services/workerCount.ts"

describe("the number of workers", () => {
  it("is what was configured, whatever the machine", () => {
    expect(chooseWorkers(7, 10_000_000, 100, 2)).toEqual({ count: 7, reason: "as configured" })
  })

  it("is one for each core where that is enough", () => {
    expect(chooseWorkers("auto", 10_000, 20_000, 4)).toEqual({ count: 4, reason: "one for each core" })
    expect(chooseWorkers("auto", 0, 20_000, 1)).toEqual({ count: 1, reason: "one for each core" })
    expect(chooseWorkers("auto", 1_200_000, undefined, 16).count).toBe(16)
  })

  it("is more where totalSize asks for it, and says so with the numbers", () => {
    expect(chooseWorkers("auto", 1_000_000, 20_000, 2)).toEqual({
      count: 54,
      reason:
        "totalSize is 1000000, and one process holds 19488 connections under its open-file limit of 20000"
    })
  })

  it("leaves room for the chance by which the kernel spreads connections", () => {
    // Two processes hold 39,000 only if each got exactly half.
    expect(chooseWorkers("auto", 39_000, 20_000 + 12, 2).count).toBe(3)
    // One process gets exactly all of them.
    expect(chooseWorkers("auto", 19_488, 20_000, 1).count).toBe(1)
    expect(chooseWorkers("auto", 19_489, 20_000, 1).count).toBe(2)
  })

  it("ends somewhere, and says that it is not enough", () => {
    const { count, reason } = chooseWorkers("auto", 1e9, 20_000, 2)
    expect(count).toBe(MAX_WORKERS)
    expect(reason).toContain(`more than ${MAX_WORKERS} are not started`)
    expect(chooseWorkers("auto", 0, undefined, 5000).count).toBe(MAX_WORKERS)
  })

  it("for any size, limit and cores is the least that is enough, and never less than one for each core", () => {
    const enough = (total: number, workers: number, limit: number) => {
      const share = total / workers
      return (workers === 1 ? share : share + 6 * Math.sqrt(share)) <= connectionCapacity(limit)
    }
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 5_000_000 }),
        fc.integer({ min: 64, max: 1_000_000 }),
        fc.integer({ min: 1, max: 64 }),
        (total, limit, cores) => {
          const { count } = chooseWorkers("auto", total, limit, cores)
          expect(count).toBeGreaterThanOrEqual(cores)
          expect(count).toBeLessThanOrEqual(MAX_WORKERS)
          if (count < MAX_WORKERS) expect(enough(total, count, limit)).toBe(true)
          if (count > cores) expect(enough(total, count - 1, limit)).toBe(false)
        }
      )
    )
  })
})
