import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  MAX_PROCESS_CONNECTIONS,
  type ProcessPlanInput,
  planProcesses
} from "../../../src/actors/processPlan.ts"

const input = fc.record({
  localAddresses: fc
    .integer({ min: 1, max: 12 })
    .map((count) => Array.from({ length: count }, (_, i) => `127.0.1.${i + 1}`)),
  clients: fc.integer({ min: 1, max: 2000 }),
  batchSize: fc.integer({ min: 1, max: 600 }),
  perAddress: fc.integer({ min: 1, max: 9 }),
  capacity: fc.oneof(fc.integer({ min: 1, max: 700 }), fc.constant(Number.POSITIVE_INFINITY))
})

const sum = (values: ReadonlyArray<number>): number => values.reduce((total, value) => total + value, 0)
const sizes = (plan: ReturnType<typeof planProcesses>): ReadonlyArray<number> =>
  plan.map((shares) => sum(shares.map(({ clients }) => clients)))
const planned = (more: Partial<ProcessPlanInput>) =>
  planProcesses({
    localAddresses: ["127.0.1.1"],
    clients: 10,
    batchSize: 5,
    perAddress: 1,
    capacity: 100,
    ...more
  })
/** The shares of each address, in the order of the processes. */
const byAddress = (plan: ReturnType<typeof planProcesses>) => {
  const shares = plan.flat()
  const addresses = new Set(shares.map(({ localAddress }) => localAddress))
  return new Map(
    [...addresses].map((address) => [address, shares.filter(({ localAddress }) => localAddress === address)])
  )
}

describe("a plan of any run", () => {
  it("opens exactly the connections of each address, in processes that are even and none over its capacity", () => {
    fc.assert(
      fc.property(input, (run) => {
        const plan = planProcesses(run)
        for (const address of run.localAddresses)
          expect(
            sum(
              byAddress(plan)
                .get(address)!
                .map(({ clients }) => clients)
            )
          ).toBe(run.clients)
        const each = sizes(plan)
        expect(Math.max(...each) - Math.min(...each)).toBeLessThanOrEqual(1)
        expect(Math.max(...each)).toBeLessThanOrEqual(run.capacity)
        expect(Math.min(...each)).toBeGreaterThan(0)
      })
    )
  })

  it("takes as many processes as each address is to have, times what their capacity asks for", () => {
    fc.assert(
      fc.property(input, (run) => {
        const total = run.localAddresses.length * run.clients
        const groups = Math.min(run.perAddress, run.clients)
        const pieces = Math.ceil(total / groups / Math.min(run.capacity, MAX_PROCESS_CONNECTIONS))
        expect(planProcesses(run)).toHaveLength(Math.min(total, groups * pieces))
      })
    )
  })

  it("keeps the pace of each address: its parts' steps add up to its own, in proportion", () => {
    fc.assert(
      fc.property(input, (run) => {
        for (const parts of byAddress(planProcesses(run)).values()) {
          const steps = parts.map(({ batchSize }) => batchSize)
          expect(Math.min(...steps)).toBeGreaterThanOrEqual(1)
          expect(sum(steps)).toBe(Math.max(run.batchSize, parts.length))
          if (run.batchSize < parts.length) continue
          for (const { clients, batchSize } of parts) {
            const share = 1 + ((run.batchSize - parts.length) * clients) / run.clients
            expect(Math.abs(batchSize - share)).toBeLessThanOrEqual(1)
          }
        }
      })
    )
  })

  it("gives one process to each address for itself where they fit, and cuts an address at the borders of pieces only", () => {
    fc.assert(
      fc.property(input, (run) => {
        const plan = planProcesses({ ...run, perAddress: 1 })
        const shares = plan.flat().length
        expect(shares).toBeLessThanOrEqual(run.localAddresses.length + plan.length - 1)
        for (const of of plan)
          expect(new Set(of.map(({ localAddress }) => localAddress)).size).toBe(of.length)
      })
    )
  })

  it("shares each address among so many processes, as evenly as it divides", () => {
    fc.assert(
      fc.property(input, (run) => {
        const plan = planProcesses({ ...run, capacity: Number.POSITIVE_INFINITY })
        for (const parts of byAddress(plan).values()) {
          const clients = parts.map(({ clients }) => clients)
          expect(parts).toHaveLength(Math.min(run.perAddress, run.clients))
          expect(Math.max(...clients) - Math.min(...clients)).toBeLessThanOrEqual(1)
        }
      })
    )
  })
})

describe("the plan", () => {
  it("of what fits is one process with everything", () => {
    expect(planned({ localAddresses: ["127.0.1.1", "127.0.1.2"], clients: 50 })).toEqual([
      [
        { localAddress: "127.0.1.1", clients: 50, batchSize: 5 },
        { localAddress: "127.0.1.2", clients: 50, batchSize: 5 }
      ]
    ])
  })

  it("of one connection more than fits is two halves", () => {
    expect(sizes(planned({ clients: 101 }))).toEqual([50, 51])
  })

  it("cuts an address in the middle where the row is cut there", () => {
    const plan = planned({
      ...{ localAddresses: ["127.0.1.1", "127.0.1.2", "127.0.1.3"], clients: 100, batchSize: 10 },
      capacity: 150
    })
    expect(plan).toEqual([
      [
        { localAddress: "127.0.1.1", clients: 100, batchSize: 10 },
        { localAddress: "127.0.1.2", clients: 50, batchSize: 5 }
      ],
      [
        { localAddress: "127.0.1.2", clients: 50, batchSize: 5 },
        { localAddress: "127.0.1.3", clients: 100, batchSize: 10 }
      ]
    ])
  })

  it("of more processes than connections has one for each connection", () => {
    expect(sizes(planned({ clients: 3, perAddress: 8 }))).toEqual([1, 1, 1])
  })

  it("of a million on this project's small machine is 52 processes", () => {
    const localAddresses = Array.from({ length: 40 }, (_, i) => `127.0.1.${i + 1}`)
    const each = sizes(planned({ localAddresses, clients: 25_000, batchSize: 500, capacity: 19_488 }))
    expect([each.length, Math.max(...each)]).toEqual([52, 19_231])
  })

  it("holds no more than 25,000 in a process, however many files it may open", () => {
    expect(sizes(planned({ clients: 50_001, capacity: Number.POSITIVE_INFINITY }))).toEqual([
      16_667, 16_667, 16_667
    ])
  })
})
