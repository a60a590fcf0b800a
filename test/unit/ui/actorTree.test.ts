import { describe, expect, it } from "vitest"
import type { ActorState } from "../../../src/protocol/dashboard.ts"
import {
  attention,
  CRASH_SHOWN_MS,
  needsAttention,
  parentsOf,
  reuse,
  rowsOf,
  totals
} from "../../../src/ui/dashboard/actors/tree.ts"

const NOW = 1_700_000_000_000

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
    expect(needsAttention(actor("a"), NOW)).toBe(false)
    expect(needsAttention(actor("a", { restarts: 0 }), NOW)).toBe(false)
    expect(needsAttention(actor("a", { state: "failed" }), NOW)).toBe(true)
    expect(needsAttention(actor("a", { state: "gated" }), NOW)).toBe(false)
    expect(needsAttention(actor("a", { mailbox: 5_000 }), NOW)).toBe(true)
    const found = attention(tree(5_000), NOW)
    expect(rowsOf(found, () => true).map(({ actor }) => actor.name)).toEqual(["primary", "shards", "shard-0"])
    expect(attention(tree(0), NOW)).toEqual([])
  })

  it("is what crashed not long ago, and not what crashed once", () => {
    const crashed = actor("a", { restarts: 1, cause: "a bug", crashedAt: NOW })
    for (const [later, needs] of [
      [0, true],
      [CRASH_SHOWN_MS - 1, true],
      [CRASH_SHOWN_MS, false]
    ] as const) {
      expect(needsAttention(crashed, NOW + later)).toBe(needs)
      expect(attention([crashed], NOW + later)).toHaveLength(needs ? 1 : 0)
      expect(totals([crashed], NOW + later)).toMatchObject({ restarts: 1, attention: needs ? 1 : 0 })
    }
    const again = { ...crashed, crashedAt: NOW + 5 }
    expect(reuse([crashed], [again])).toEqual([again])
  })

  it("is counted", () => {
    expect(totals(tree(5_000), NOW)).toEqual({ actors: 5, restarts: 0, waiting: 5_000, attention: 1 })
  })
})
