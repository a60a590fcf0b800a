/** Inputs of plans: the defaults, and what a test changes of them. */
import * as Result from "effect/Result"
import * as fc from "fast-check"
import { type PlanInput, planKeys } from "../../../src/capacity/PlanInput.ts"
import { resolve } from "../../../src/config/resolve.ts"
import { fromJson } from "../../../src/config/sources.ts"

/** @param settings as a file would have them: `{ connections: 1000, node: { cores: 4 } }` */
export const planInput = (settings: object): PlanInput => {
  const { json, figures, connections, ...rest } = Result.getOrThrow(
    resolve(planKeys, [fromJson(planKeys, settings, "test")])
  )
  return { ...rest, connections: connections! }
}

const positive = (most: number) => fc.double({ min: 1e-3, max: most, noNaN: true })

/** Any input that the command line takes, of sizes that people have, with plans and without. */
export const anyInput: fc.Arbitrary<PlanInput> = fc
  .record({
    connections: fc.integer({ min: 1, max: 500_000_000 }),
    rate: fc.oneof(fc.constant(0), positive(1000)),
    bytes: fc.integer({ min: 1, max: 1_000_000 }),
    depth: fc.double({ min: 1, max: 10, noNaN: true }),
    within: fc.integer({ min: 1, max: 600_000 }),
    clients: fc.constantFrom("raw", "protocol"),
    session: fc.integer({ min: 1, max: 1e8 }),
    channels: fc.record({
      rate: fc.oneof(fc.constant(0), positive(1e6)),
      subscribers: fc.double({ min: 1, max: 1e6, noNaN: true }),
      history: fc.boolean(),
      namespaces: fc.integer({ min: 1, max: 100 })
    }),
    node: fc.record({
      connections: fc.integer({ min: 1, max: 1_200_000 }),
      cores: fc.integer({ min: 2, max: 128 }),
      memory: fc.integer({ min: 1, max: 1024 }),
      network: fc.integer({ min: 1, max: 100 }),
      price: fc.integer({ min: 0, max: 1000 })
    }),
    nats: fc.record({ cores: fc.integer({ min: 1, max: 128 }), network: fc.integer({ min: 1, max: 100 }) }),
    headroom: fc.double({ min: 0, max: 0.9, noNaN: true }),
    spares: fc.integer({ min: 0, max: 20 })
  })
  .map(planInput)
