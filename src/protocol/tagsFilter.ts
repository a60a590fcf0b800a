/**
 * Tags filters: which publications of a channel a subscriber wants, by their tags. A filter is checked and compiled once, when it is
 * subscribed with; what comes out is asked for each publication.
 *
 * Leaves compare the value of one tag: `eq`, `neq`, `in`, `nin`, `ex` (the tag is there), `nex`, `sw` (starts with), `ew` (ends with), `ct`
 * (contains), and as decimal numbers `lt`, `lte`, `gt`, `gte`. A tag that is not there is equal to nothing, starts with nothing and is no
 * number; nor is one that is not written as a number. `neq`, `nin` and `nex` are the opposites of `eq`, `in` and `ex`.
 */
import type { FilterNode } from "./centrifuge/messages.ts"
import { compareDecimals, type Decimal, parseDecimal } from "./decimal.ts"

/** Nodes of a filter, leaves included: it is run for each publication and subscriber. */
export const MAX_FILTER_NODES = 128
/** A leaf alone has depth 1. */
export const MAX_FILTER_DEPTH = 16
/** Values in all `in` and `nin` of a filter. */
export const MAX_FILTER_VALUES = 1024

export type Tags = Readonly<Record<string, string>>

/** Whether a publication with these tags is wanted. */
export type TagsFilter = (tags: Tags | undefined) => boolean

/** A filter that cannot be, or has what it would not look at: error 107. */
export class InvalidFilter {
  constructor(readonly reason: string) {}
}

export const compileTagsFilter = (node: FilterNode): TagsFilter | InvalidFilter =>
  new Compilation().node(node, 1)

/** One filter's; its counts bound it. */
class Compilation {
  #nodes = 0
  #values = 0

  node(node: FilterNode, depth: number): TagsFilter | InvalidFilter {
    if (++this.#nodes > MAX_FILTER_NODES) return new InvalidFilter(`more than ${MAX_FILTER_NODES} nodes`)
    if (depth > MAX_FILTER_DEPTH) return new InvalidFilter(`deeper than ${MAX_FILTER_DEPTH}`)
    return isGiven(node.op) ? this.#inner(node.op, node, depth) : this.#leaf(node)
  }

  #inner(op: string, { key, cmp, val, vals, nodes = [] }: FilterNode, depth: number) {
    if (op !== "and" && op !== "or" && op !== "not") return new InvalidFilter(`unknown op "${op}"`)
    if (isGiven(key) || isGiven(cmp) || isGiven(val) || isGiven(vals))
      return new InvalidFilter(`"${op}" compares nothing itself`)
    if (nodes.length === 0 || (op === "not" && nodes.length > 1))
      return new InvalidFilter(`"${op}" of ${nodes.length} nodes`)
    const filters: Array<TagsFilter> = []
    for (const node of nodes) {
      const filter = this.node(node, depth + 1)
      if (filter instanceof InvalidFilter) return filter
      filters.push(filter)
    }
    return combine[op](filters)
  }

  #leaf({ key = "", cmp = "", val = "", vals = [], nodes }: FilterNode): TagsFilter | InvalidFilter {
    if (key === "") return new InvalidFilter("no key")
    if (isGiven(nodes)) return new InvalidFilter("nodes without op")
    if (isListComparison(cmp)) {
      this.#values += vals.length
      if (this.#values > MAX_FILTER_VALUES) return new InvalidFilter(`more than ${MAX_FILTER_VALUES} values`)
      if (vals.length === 0 || val !== "") return new InvalidFilter(`"${cmp}" takes vals`)
      return listLeaf(key, cmp, vals)
    }
    if (vals.length > 0) return new InvalidFilter(`"${cmp}" takes no vals`)
    return numericTests.has(cmp) ? numericLeaf(key, cmp, val) : textLeaf(key, cmp, val)
  }
}

const isGiven = <A extends string | ReadonlyArray<unknown>>(field: A | undefined): field is A =>
  field !== undefined && field.length > 0

const combine: Record<"and" | "or" | "not", (filters: ReadonlyArray<TagsFilter>) => TagsFilter> = {
  and: (filters) => (tags) => filters.every((filter) => filter(tags)),
  or: (filters) => (tags) => filters.some((filter) => filter(tags)),
  not:
    ([filter]) =>
    (tags) =>
      !filter!(tags)
}

/** Tags come from JSON: what every object inherits is no tag. */
const valueOf = (tags: Tags | undefined, key: string): string | undefined =>
  tags !== undefined && Object.hasOwn(tags, key) ? tags[key] : undefined

const isListComparison = (cmp: string): boolean => cmp === "in" || cmp === "nin"

const listLeaf = (key: string, cmp: string, vals: ReadonlyArray<string>): TagsFilter => {
  const values = new Set(vals)
  const isWanted = cmp === "in"
  return (tags) => {
    const value = valueOf(tags, key)
    return (value !== undefined && values.has(value)) === isWanted
  }
}

type TextTest = (value: string | undefined, val: string) => boolean

const textTests: ReadonlyMap<string, TextTest> = new Map<string, TextTest>([
  ["eq", (value, val) => value === val],
  ["neq", (value, val) => value !== val],
  ["sw", (value, val) => value?.startsWith(val) === true],
  ["ew", (value, val) => value?.endsWith(val) === true],
  ["ct", (value, val) => value?.includes(val) === true],
  ["ex", (value) => value !== undefined],
  ["nex", (value) => value === undefined]
])

const textLeaf = (key: string, cmp: string, val: string): TagsFilter | InvalidFilter => {
  const test = textTests.get(cmp)
  if (test === undefined) return new InvalidFilter(`unknown cmp "${cmp}"`)
  if (isGiven(val) && (cmp === "ex" || cmp === "nex")) return new InvalidFilter(`"${cmp}" takes no val`)
  return (tags) => test(valueOf(tags, key), val)
}

/** By how the tag's value compares with the filter's: below 0, 0, above 0. */
const numericTests: ReadonlyMap<string, (order: number) => boolean> = new Map<
  string,
  (order: number) => boolean
>([
  ["lt", (order) => order < 0],
  ["lte", (order) => order <= 0],
  ["gt", (order) => order > 0],
  ["gte", (order) => order >= 0]
])

const numericLeaf = (key: string, cmp: string, val: string): TagsFilter | InvalidFilter => {
  const bound = parseDecimal(val)
  if (bound === undefined) return new InvalidFilter(`"${val}" is not a number`)
  const test = numericTests.get(cmp)!
  return (tags) => {
    const value = decimalOf(valueOf(tags, key))
    return value !== undefined && test(compareDecimals(value, bound))
  }
}

const decimalOf = (value: string | undefined): Decimal | undefined =>
  value === undefined ? undefined : parseDecimal(value)
