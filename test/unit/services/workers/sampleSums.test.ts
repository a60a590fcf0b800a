import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Sample } from "../../../../src/services/Metrics.ts"
import { addSamples, counted } from "../../../../src/services/workers/sampleSums.ts"

const sample = (
  type: Sample["type"],
  name: string,
  value: number,
  labels?: Record<string, string>
): Sample => ({ type, name, help: `help of ${name}`, value, ...(labels === undefined ? {} : { labels }) })

describe("the sum of samples", () => {
  it("has one sample for each name and set of labels, in the order of their first", () => {
    expect(
      addSamples([
        sample("counter", "closed", 1, { code: "1000" }),
        sample("gauge", "live", 5),
        sample("counter", "closed", 2, { code: "1006" }),
        sample("gauge", "live", 7),
        sample("counter", "closed", 4, { code: "1000" })
      ])
    ).toEqual([
      sample("counter", "closed", 5, { code: "1000" }),
      sample("gauge", "live", 12),
      sample("counter", "closed", 2, { code: "1006" })
    ])
  })

  it("takes labels in any order for the same, and no labels for none", () => {
    expect(
      addSamples([
        sample("counter", "a", 1, { x: "1", y: "2" }),
        sample("counter", "a", 2, { y: "2", x: "1" }),
        sample("counter", "a", 4),
        sample("counter", "a", 8, {})
      ]).map(({ value }) => value)
    ).toEqual([3, 12])
  })

  it("does not take names and labels that only look alike for the same", () => {
    const alike = [
      sample("counter", "a", 1, { b: "c" }),
      sample("counter", "a", 1, { b: "c d=e" }),
      sample("counter", "a", 1, { b: "c", d: "e" }),
      sample("counter", "a b=c", 1),
      sample("counter", "ab", 1)
    ]
    expect(addSamples(alike)).toHaveLength(alike.length)
  })

  it("changes nothing that it was given", () => {
    const given = [sample("counter", "a", 1), sample("counter", "a", 2)].map((one) => Object.freeze(one))
    expect(addSamples(Object.freeze(given) as ReadonlyArray<Sample>)).toEqual([sample("counter", "a", 3)])
  })

  it("adding in parts is adding all", () => {
    const some = fc.array(
      fc.record({
        type: fc.constant("counter" as const),
        name: fc.constantFrom("a", "b"),
        help: fc.constant("h"),
        value: fc.nat(1000),
        labels: fc.dictionary(fc.constantFrom("x", "y"), fc.constantFrom("1", "2"), { noNullPrototype: true })
      })
    )
    fc.assert(
      fc.property(some, some, (one, two) => {
        const parts = addSamples([...addSamples(one), ...addSamples(two)])
        expect(parts).toEqual(addSamples([...one, ...two]))
      })
    )
  })
})

it("what a process that is gone has counted stays: its counters, not its gauges", () => {
  const counter = sample("counter", "opened", 9)
  expect(counted([counter, sample("gauge", "live", 5)])).toEqual([counter])
})
