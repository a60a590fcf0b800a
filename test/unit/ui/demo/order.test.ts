import { describe, expect, it } from "vitest"
import { OffsetOrder, parsePosition, SenderOrder } from "../../../../src/ui/demo/order.ts"

const at = (offset: number, epoch = "a") => ({ epoch, offset })

describe("offsets", () => {
  it("say how many are missing before a publication, and which came before", () => {
    const order = new OffsetOrder()
    expect([7, 8, 11, 11, 9, 12].map((offset) => order.next(at(offset)))).toEqual([
      0,
      0,
      2,
      "repeated",
      "repeated",
      0
    ])
  })

  it("begin anew with another epoch", () => {
    const order = new OffsetOrder()
    order.next(at(7))
    expect(order.next(at(3, "b"))).toBe(0)
    expect(order.next(at(5, "b"))).toBe(1)
  })

  it("go on from where the stream stands", () => {
    const order = new OffsetOrder()
    expect(order.skipTo(at(4))).toBeUndefined()
    expect(order.next(at(6))).toBe(1)
    expect(order.skipTo(at(9))).toBe(3)
    expect(order.next(at(10))).toBe(0)
    expect(order.skipTo(at(2, "b"))).toBeUndefined()
    expect(order.next(at(3, "b"))).toBe(0)
  })

  it("are read from the ids of events", () => {
    expect(parsePosition("xyz:12")).toEqual(at(12, "xyz"))
    for (const wrong of ["", "12", ":12", "xyz:", "xyz:1.5", "xyz:-1"])
      expect(parsePosition(wrong)).toBeUndefined()
  })
})

describe("numbers of senders", () => {
  it("count for each sender alone, from the first that is heard", () => {
    const order = new SenderOrder()
    const next = (sender: string, n: number) => order.next({ sender, n })
    expect([next("a", 5), next("b", 1), next("a", 8), next("b", 2), next("b", 2)]).toEqual([
      0,
      0,
      2,
      0,
      "repeated"
    ])
  })

  it("forget the sender that was silent longest", () => {
    const order = new SenderOrder()
    const next = (sender: number, n: number) => order.next({ sender: `${sender}`, n })
    for (let sender = 0; sender < 1000; sender++) next(sender, 1)
    next(0, 2)
    next(1000, 1)
    expect(next(0, 5)).toBe(2)
    expect(next(1, 5)).toBe(0)
  })
})
