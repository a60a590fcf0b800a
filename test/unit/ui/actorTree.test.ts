import { describe, expect, it } from "vitest"
import type { ActorState } from "../../../src/protocol/dashboard.ts"
import {
  attention,
  needsAttention,
  parentsOf,
  reuse,
  rowsOf,
  totals
} from "../../../src/ui/dashboard/actors/tree.ts"

const actor = (address: string, more: Partial<ActorState> = {}): ActorState => ({
  name: address.slice(address.lastIndexOf("/") + 1),
  address,
  state: "serving",
  children: [],
  ...more
})

const tree = (mailbox: number): ReadonlyArray<ActorState> => [
  actor("primary", {
    children: [
      actor("primary/timer", { state: "waiting" }),
      actor("primary/shards", {
        children: [
          actor("primary/shards/shard-0", { mailbox }),
          actor("primary/shards/shard-1", { mailbox: 0 })
        ]
      })
    ]
  })
]

describe("the tree that comes next", () => {
  it("is the old one where nothing has changed", () => {
    const before = tree(3)
    expect(reuse(before, tree(3))).toBe(before)
  })

  it("has new objects on the way to what has changed, and the old ones elsewhere", () => {
    const before = tree(3)
    const after = reuse(before, tree(4))
    expect(after).toEqual(tree(4))
    expect(after[0]).not.toBe(before[0])
    expect(after[0]!.children[0]).toBe(before[0]!.children[0])
    expect(after[0]!.children[1]!.children[0]).not.toBe(before[0]!.children[1]!.children[0])
    expect(after[0]!.children[1]!.children[1]).toBe(before[0]!.children[1]!.children[1])
  })

  it("sees actors come, go and change places", () => {
    const [a, b] = [actor("a"), actor("b")]
    expect(reuse([a, b], [actor("b")])).toEqual([b])
    expect(reuse([a, b], [actor("a")])).toEqual([a])
    expect(reuse([a], [actor("a"), actor("b")])).toEqual([a, b])
    expect(reuse([a, b], [actor("b"), actor("a")])).toEqual([b, a])
    expect(reuse([actor("a", { cause: "x" })], [actor("a")])).toEqual([actor("a")])
  })
})

describe("rows", () => {
  it("are what is open", () => {
    const rows = rowsOf(tree(0), ({ address }) => address === "primary")
    expect(rows.map(({ actor, level, isOpen }) => [actor.name, level, isOpen])).toEqual([
      ["primary", 1, true],
      ["timer", 2, false],
      ["shards", 2, false]
    ])
    expect(rowsOf(tree(0), () => true)).toHaveLength(5)
    expect(parentsOf(tree(0))).toEqual(["primary", "primary/shards"])
  })
})

describe("what needs attention", () => {
  it("is what crashed, waits or is not at work, with the actors above it", () => {
    expect(needsAttention(actor("a"))).toBe(false)
    expect(needsAttention(actor("a", { restarts: 0 }))).toBe(false)
    expect(needsAttention(actor("a", { restarts: 1 }))).toBe(true)
    expect(needsAttention(actor("a", { state: "failed" }))).toBe(true)
    expect(needsAttention(actor("a", { state: "gated" }))).toBe(false)
    expect(needsAttention(actor("a", { mailbox: 5_000 }))).toBe(true)
    const found = attention(tree(5_000))
    expect(rowsOf(found, () => true).map(({ actor }) => actor.name)).toEqual(["primary", "shards", "shard-0"])
    expect(attention(tree(0))).toEqual([])
  })

  it("is counted", () => {
    expect(totals(tree(5_000))).toEqual({ actors: 5, restarts: 0, waiting: 5_000, attention: 1 })
  })
})
