import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { SlotList, type Slotted } from "../../../../src/services/hot/SlotList.ts"

class Member implements Slotted {
  slot = -1
  constructor(readonly name: number) {}
}

const members = (count: number) => Array.from({ length: count }, (_, i) => new Member(i))

const listOf = (all: ReadonlyArray<Member>) => {
  const list = new SlotList<Member>()
  for (const member of all) list.add(member)
  return list
}

/** Members that the next `count` steps of the sweep visit. */
const visit = (list: SlotList<Member>, count: number): ReadonlyArray<Member> => {
  const from = list.sweep(count)
  return list.items.slice(from, list.swept)
}

const expectSound = (list: SlotList<Member>) => {
  list.items.forEach((member, i) => {
    expect(member.slot).toBe(i)
  })
  expect(list.size).toBe(list.items.length)
}

describe("a slot list", () => {
  it("is dense: the last member fills the hole", () => {
    const [a, b, c] = members(3) as [Member, Member, Member]
    const list = listOf([a, b, c])
    expect(list.remove(a)).toBe(true)
    expect(list.items).toEqual([c, b])
    expect([a.slot, b.slot, c.slot]).toEqual([-1, 1, 0])
  })

  it("does not know a member twice removed, never added, or of another list", () => {
    const [a, b] = members(2) as [Member, Member]
    const [list, other] = [listOf([a]), listOf([b])]
    expect(list.remove(b)).toBe(false)
    expect(list.remove(new Member(9))).toBe(false)
    expect(list.remove(a)).toBe(true)
    expect(list.remove(a)).toBe(false)
    expect(other.items).toEqual([b])
  })

  it("takes a removed member again", () => {
    const [a] = members(1) as [Member]
    const list = listOf([a])
    list.remove(a)
    list.add(a)
    expect(list.items).toEqual([a])
    expect(a.slot).toBe(0)
  })
})

describe("a sweep", () => {
  it("tells how many it will visit and how many are left", () => {
    const list = listOf(members(5))
    expect(list.beginSweep()).toBe(5)
    expect(visit(list, 2)).toHaveLength(2)
    expect([list.swept, list.unswept]).toEqual([2, 3])
    expect(visit(list, 99)).toHaveLength(3)
    expect(list.unswept).toBe(0)
    expect(visit(list, 99)).toEqual([])
  })

  it("of an empty list visits nobody", () => {
    const list = new SlotList<Member>()
    expect(list.beginSweep()).toBe(0)
    expect([visit(list, 1), list.unswept]).toEqual([[], 0])
  })

  it.each([
    ["one that was visited", 0],
    ["one at the end of the visited", 1],
    ["the next to visit", 2],
    ["one that is still to visit", 3],
    ["the last one to visit", 4],
    ["one that joined", 5],
    ["the last one", 6]
  ])("goes on when it loses %s", (_, lost) => {
    const all = members(7)
    const list = listOf(all.slice(0, 5))
    list.beginSweep()
    const visited = [...visit(list, 2)]
    for (const joined of all.slice(5)) list.add(joined)
    list.remove(all[lost]!)
    expectSound(list)
    visited.push(...visit(list, 99))
    const expected = all.slice(0, 5).filter((member) => lost < 2 || member !== all[lost])
    expect(visited.sort((a, b) => a.name - b.name)).toEqual(expected)
  })

  it("that has ended leaves no trace", () => {
    const all = members(4)
    const list = listOf(all)
    list.beginSweep()
    list.sweep(2)
    list.endSweep()
    list.remove(all[0]!)
    expectSound(list)
    expect(list.beginSweep()).toBe(3)
    expect(visit(list, 99)).toHaveLength(3)
  })
})

type Step =
  | { readonly add: true }
  | { readonly remove: number }
  | { readonly begin: true }
  | { readonly sweep: number }
  | { readonly end: true }

const steps: fc.Arbitrary<ReadonlyArray<Step>> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constant<Step>({ add: true }) },
    { weight: 5, arbitrary: fc.nat(999).map((remove): Step => ({ remove })) },
    { weight: 2, arbitrary: fc.constant<Step>({ begin: true }) },
    { weight: 4, arbitrary: fc.nat(4).map((sweep): Step => ({ sweep })) },
    { weight: 1, arbitrary: fc.constant<Step>({ end: true }) }
  ),
  { maxLength: 120 }
)

/** What a sweep promises: who is still to be visited. */
class Model {
  readonly present = new Set<Member>()
  toVisit = new Set<Member>()
  sweeping = false

  /** The n-th of those present, cyclically. */
  pick(n: number): Member | undefined {
    return [...this.present][n % Math.max(1, this.present.size)]
  }
}

describe("any sequence of additions, removals and sweeps", () => {
  it("keeps slots right, and visits everyone who was there and stayed exactly once, and nobody else", () => {
    fc.assert(
      fc.property(steps, (steps) => {
        const list = new SlotList<Member>()
        const model = new Model()
        let names = 0
        for (const step of steps) {
          if ("add" in step) {
            const member = new Member(names++)
            list.add(member)
            model.present.add(member)
          } else if ("remove" in step) {
            const member = model.pick(step.remove)
            if (member === undefined) continue
            expect(list.remove(member)).toBe(true)
            model.present.delete(member)
            model.toVisit.delete(member)
          } else if ("begin" in step) {
            if (model.sweeping) continue
            model.sweeping = true
            model.toVisit = new Set(model.present)
            expect(list.beginSweep()).toBe(model.present.size)
          } else if ("sweep" in step && model.sweeping) {
            const visited = visit(list, step.sweep)
            expect(visited.length).toBe(Math.min(step.sweep, model.toVisit.size))
            for (const member of visited) expect(model.toVisit.delete(member)).toBe(true)
          } else if ("end" in step) {
            list.endSweep()
            model.sweeping = false
            model.toVisit.clear()
          }
          expect(list.unswept).toBe(model.toVisit.size)
          expect(new Set(list.items)).toEqual(model.present)
          expectSound(list)
        }
      }),
      { numRuns: 300 }
    )
  })
})
