import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { FilterNode } from "../../../src/protocol/centrifuge/messages.ts"
import {
  compileTagsFilter,
  InvalidFilter,
  MAX_FILTER_DEPTH,
  MAX_FILTER_NODES,
  MAX_FILTER_VALUES,
  type Tags
} from "../../../src/protocol/tagsFilter.ts"

const matches = (node: FilterNode, tags: Tags | undefined): boolean => {
  const filter = compileTagsFilter(node)
  if (filter instanceof InvalidFilter) throw new Error(filter.reason)
  return filter(tags)
}
const reasonOf = (node: FilterNode): string | undefined => {
  const filter = compileTagsFilter(node)
  return filter instanceof InvalidFilter ? filter.reason : undefined
}

describe("a leaf", () => {
  const tags = { ticker: "BTC", price: "50000.5", empty: "" }

  it.each<[string, FilterNode, boolean]>([
    ["eq", { key: "ticker", cmp: "eq", val: "BTC" }, true],
    ["eq, another value", { key: "ticker", cmp: "eq", val: "btc" }, false],
    ["eq, no such tag", { key: "none", cmp: "eq", val: "BTC" }, false],
    ["eq, empty", { key: "empty", cmp: "eq" }, true],
    ["eq, empty, no such tag", { key: "none", cmp: "eq" }, false],
    ["neq", { key: "ticker", cmp: "neq", val: "ETH" }, true],
    ["neq, the same", { key: "ticker", cmp: "neq", val: "BTC" }, false],
    ["neq, no such tag", { key: "none", cmp: "neq", val: "BTC" }, true],
    ["in", { key: "ticker", cmp: "in", vals: ["ETH", "BTC"] }, true],
    ["in, not", { key: "ticker", cmp: "in", vals: ["ETH"] }, false],
    ["in, no such tag", { key: "none", cmp: "in", vals: [""] }, false],
    ["nin", { key: "ticker", cmp: "nin", vals: ["ETH"] }, true],
    ["nin, not", { key: "ticker", cmp: "nin", vals: ["ETH", "BTC"] }, false],
    ["nin, no such tag", { key: "none", cmp: "nin", vals: [""] }, true],
    ["ex", { key: "empty", cmp: "ex" }, true],
    ["ex, not", { key: "none", cmp: "ex" }, false],
    ["nex", { key: "none", cmp: "nex" }, true],
    ["nex, not", { key: "empty", cmp: "nex" }, false],
    ["sw", { key: "ticker", cmp: "sw", val: "BT" }, true],
    ["sw, not", { key: "ticker", cmp: "sw", val: "TC" }, false],
    ["sw, no such tag", { key: "none", cmp: "sw", val: "" }, false],
    ["ew", { key: "ticker", cmp: "ew", val: "TC" }, true],
    ["ew, not", { key: "ticker", cmp: "ew", val: "BT" }, false],
    ["ct", { key: "ticker", cmp: "ct", val: "T" }, true],
    ["ct, not", { key: "ticker", cmp: "ct", val: "X" }, false],
    ["gt", { key: "price", cmp: "gt", val: "9000" }, true],
    ["gt, equal", { key: "price", cmp: "gt", val: "50000.50" }, false],
    ["gte, equal", { key: "price", cmp: "gte", val: "50000.50" }, true],
    ["gte, not", { key: "price", cmp: "gte", val: "50000.51" }, false],
    ["lt", { key: "price", cmp: "lt", val: "100000" }, true],
    ["lt, equal", { key: "price", cmp: "lt", val: "5.00005e4" }, false],
    ["lte, equal", { key: "price", cmp: "lte", val: "5.00005e4" }, true],
    ["lte, not", { key: "price", cmp: "lte", val: "-1" }, false],
    ["gt, not a number", { key: "ticker", cmp: "gt", val: "0" }, false],
    ["lte, not a number", { key: "empty", cmp: "lte", val: "0" }, false],
    ["lt, no such tag", { key: "none", cmp: "lt", val: "1" }, false]
  ])("%s", (_, node, expected) => {
    expect(matches(node, tags)).toBe(expected)
    // As Protobuf decodes it: what is not there is empty.
    expect(matches({ op: "", val: "", vals: [], nodes: [], ...node }, tags)).toBe(expected)
  })

  it("takes a publication without tags for one that has none of them", () => {
    expect(matches({ key: "a", cmp: "nex" }, undefined)).toBe(true)
    expect(matches({ key: "a", cmp: "eq" }, undefined)).toBe(false)
  })

  it("does not take what every object has for a tag", () => {
    for (const key of ["constructor", "__proto__", "toString"])
      expect(matches({ key, cmp: "ex" }, { a: "b" })).toBe(false)
  })
})

describe("nodes that combine", () => {
  const has = (key: string): FilterNode => ({ key, cmp: "ex" })

  it.each<[FilterNode, string, boolean]>([
    [{ op: "and", nodes: [has("a"), has("b")] }, "ab", true],
    [{ op: "and", nodes: [has("a"), has("b")] }, "a", false],
    [{ op: "or", nodes: [has("a"), has("b")] }, "b", true],
    [{ op: "or", nodes: [has("a"), has("b")] }, "c", false],
    [{ op: "not", nodes: [has("a")] }, "b", true],
    [{ op: "not", nodes: [has("a")] }, "a", false],
    [
      { op: "and", nodes: [has("a"), { op: "not", nodes: [{ op: "or", nodes: [has("b"), has("c")] }] }] },
      "a",
      true
    ],
    [
      { op: "and", nodes: [has("a"), { op: "not", nodes: [{ op: "or", nodes: [has("b"), has("c")] }] }] },
      "ac",
      false
    ]
  ])("%j with the tags %s: %s", (node, keys, expected) => {
    expect(matches(node, Object.fromEntries([...keys].map((key) => [key, ""])))).toBe(expected)
  })
})

describe("a filter is invalid", () => {
  const leaf: FilterNode = { key: "a", cmp: "ex" }

  it.each<[string, FilterNode]>([
    ["empty", {}],
    ["no key", { cmp: "eq", val: "b" }],
    ["no cmp", { key: "a", val: "b" }],
    ["unknown cmp", { key: "a", cmp: "EQ", val: "b" }],
    ["a cmp that every object has", { key: "a", cmp: "constructor" }],
    ["unknown op", { op: "xor", nodes: [leaf] }],
    ["an op that every object has", { op: "toString", nodes: [leaf] }],
    ["and of nothing", { op: "and" }],
    ["or of nothing", { op: "or", nodes: [] }],
    ["not of nothing", { op: "not" }],
    ["not of two", { op: "not", nodes: [leaf, leaf] }],
    ["an inner node that compares", { op: "and", key: "a", nodes: [leaf] }],
    ["an inner node with cmp", { op: "and", cmp: "eq", nodes: [leaf] }],
    ["an inner node with a value", { op: "and", val: "b", nodes: [leaf] }],
    ["an inner node with values", { op: "and", vals: ["b"], nodes: [leaf] }],
    ["a leaf with nodes", { ...leaf, nodes: [leaf] }],
    ["in without values", { key: "a", cmp: "in" }],
    ["nin with one value", { key: "a", cmp: "nin", val: "b" }],
    ["eq with many values", { key: "a", cmp: "eq", vals: ["b"] }],
    ["ex with a value", { key: "a", cmp: "ex", val: "b" }],
    ["a bound that is no number", { key: "a", cmp: "gt", val: "much" }],
    ["no bound", { key: "a", cmp: "lte" }],
    [
      "something wrong far inside",
      { op: "and", nodes: [leaf, { op: "not", nodes: [{ key: "a", cmp: "?" }] }] }
    ]
  ])("%s", (_, node) => {
    expect(reasonOf(node)).toMatch(/\w/)
  })

  const nested = (depth: number): FilterNode =>
    depth === 1 ? leaf : { op: "not", nodes: [nested(depth - 1)] }

  it("beyond the depth", () => {
    expect(reasonOf(nested(MAX_FILTER_DEPTH))).toBeUndefined()
    expect(reasonOf(nested(MAX_FILTER_DEPTH + 1))).toContain(String(MAX_FILTER_DEPTH))
  })

  it("beyond the nodes, wherever they are", () => {
    const wide = (leaves: number): FilterNode => ({
      op: "or",
      nodes: [{ op: "and", nodes: [leaf] }, ...Array.from({ length: leaves - 1 }, () => leaf)]
    })
    expect(reasonOf(wide(MAX_FILTER_NODES - 2))).toBeUndefined()
    expect(reasonOf(wide(MAX_FILTER_NODES - 1))).toContain(String(MAX_FILTER_NODES))
  })

  it("beyond the values of all its leaves", () => {
    const values = (count: number): FilterNode => ({ key: "a", cmp: "in", vals: Array(count).fill("b") })
    const two = (count: number): FilterNode => ({ op: "or", nodes: [values(count - 1), values(1)] })
    expect(reasonOf(two(MAX_FILTER_VALUES))).toBeUndefined()
    expect(reasonOf(two(MAX_FILTER_VALUES + 1))).toContain(String(MAX_FILTER_VALUES))
  })
})

describe("of all filters", () => {
  const key = fc.constantFrom("a", "b")
  const value = fc.constantFrom("", "1", "2", "10", "x", "xy")
  const leaf: fc.Arbitrary<FilterNode> = fc.oneof(
    fc.record({ key, cmp: fc.constantFrom("eq", "neq", "sw", "ew", "ct"), val: value }),
    fc.record({
      key,
      cmp: fc.constantFrom("in", "nin"),
      vals: fc.array(value, { minLength: 1, maxLength: 3 })
    }),
    fc.record({ key, cmp: fc.constantFrom("ex", "nex") }),
    fc.record({ key, cmp: fc.constantFrom("lt", "lte", "gt", "gte"), val: fc.constantFrom("1", "2", "10") })
  )
  const { node } = fc.letrec<{ node: FilterNode }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      leaf,
      fc.record({
        op: fc.constantFrom("and", "or"),
        nodes: fc.array(tie("node"), { minLength: 1, maxLength: 3 })
      }),
      tie("node").map((inner): FilterNode => ({ op: "not", nodes: [inner] }))
    )
  }))
  const tags = fc.dictionary(key, value)

  it("not is the opposite, and what De Morgan says holds", () => {
    fc.assert(
      fc.property(node, node, tags, (one, other, given) => {
        const not = (inner: FilterNode): FilterNode => ({ op: "not", nodes: [inner] })
        expect(matches(not(one), given)).toBe(!matches(one, given))
        const both: FilterNode = { op: "and", nodes: [one, other] }
        expect(matches(both, given)).toBe(matches(one, given) && matches(other, given))
        expect(matches(both, given)).toBe(matches(not({ op: "or", nodes: [not(one), not(other)] }), given))
      }),
      { numRuns: 2000 }
    )
  })

  it("opposite comparisons are opposites, but those of numbers only where there is a number", () => {
    fc.assert(
      fc.property(key, value, tags, (tag, val, given) => {
        const test = (cmp: string) =>
          matches({ key: tag, cmp, ...(cmp.endsWith("in") ? { vals: [val] } : { val }) }, given)
        expect(test("neq")).toBe(!test("eq"))
        expect(test("nin")).toBe(!test("in"))
        expect(test("in")).toBe(test("eq"))
        if (!/^\d+$/.test(val)) return
        const isNumber = /^\d+$/.test(given[tag] ?? "")
        expect([test("lt"), test("gte")].filter(Boolean).length).toBe(isNumber ? 1 : 0)
        expect([test("lte"), test("gt")].filter(Boolean).length).toBe(isNumber ? 1 : 0)
      })
    )
  })

  it("anything at all is either a filter or invalid", () => {
    const text = fc.option(fc.string(), { nil: undefined })
    const { any } = fc.letrec<{ any: FilterNode }>((tie) => ({
      any: fc.record({
        op: fc.oneof(fc.constantFrom("", "and", "or", "not"), text),
        key: text,
        cmp: fc.oneof(fc.constantFrom("eq", "in", "gt", "ex"), text),
        val: text,
        vals: fc.option(fc.array(fc.string()), { nil: undefined }),
        nodes: fc.option(fc.array(tie("any"), { maxLength: 3 }), { nil: undefined })
      })
    }))
    fc.assert(
      fc.property(any, fc.dictionary(fc.string(), fc.string()), (node, given) => {
        const filter = compileTagsFilter(node)
        if (!(filter instanceof InvalidFilter)) expect(typeof filter(given)).toBe("boolean")
      })
    )
  })
})
