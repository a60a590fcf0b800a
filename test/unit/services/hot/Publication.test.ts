import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Delivery } from "../../../../src/services/hot/Publication.ts"

const ABSENT = [Number.NaN, Number.NaN] as const

describe("a delivery", () => {
  it("completes once, with the last part", () => {
    const delivery = new Delivery()
    let completed = 0
    delivery.onComplete = () => completed++
    delivery.expect(2)
    expect(delivery.isComplete).toBe(false)
    delivery.add(5, 5, 0, 1, 2)
    expect(completed).toBe(0)
    delivery.add(5, 3, 1, 1, 2)
    expect([completed, delivery.isComplete]).toEqual([1, true])
  })

  it("adds up its parts: who is eligible and got nothing has closed", () => {
    const kinds = ["shard", "full shard", "worker"] as const
    const part = fc.record({
      kind: fc.constantFrom(...kinds),
      written: fc.nat(1000),
      slow: fc.nat(1000),
      mailbox: fc.nat(1000),
      closed: fc.nat(1000)
    })
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const delivery = new Delivery()
        delivery.expect(parts.length)
        const sum = { written: 0, slow: 0, mailbox: 0, closed: 0 }
        for (const { kind, written, slow, mailbox, closed } of parts) {
          const [firstWriteAt, lastWriteAt] = ABSENT
          if (kind === "full shard") delivery.refused(mailbox)
          else if (kind === "shard") delivery.add(written + slow + closed, written, slow, ...ABSENT)
          else {
            const eligible = written + slow + mailbox + closed
            delivery.addWorker({ worker: "w", eligible, written, slow, mailbox, firstWriteAt, lastWriteAt })
          }
          if (kind !== "full shard") {
            sum.written += written
            sum.slow += slow
            sum.closed += closed
          }
          if (kind !== "shard") sum.mailbox += mailbox
        }
        const dropped = sum.slow + sum.mailbox
        expect(delivery).toMatchObject({ ...sum, eligible: sum.written + dropped + sum.closed })
        expect(delivery.dropped).toBe(dropped)
      })
    )
  })

  it("takes the earliest first and the latest last write of those who wrote, in any order", () => {
    const write = fc.option(fc.tuple(fc.nat(1000), fc.nat(1000)), { nil: undefined })
    fc.assert(
      fc.property(fc.array(write), (writes) => {
        const delivery = new Delivery()
        delivery.expect(writes.length)
        for (const times of writes) {
          if (times !== undefined) delivery.add(1, 1, 0, ...times)
          // Nobody was written to: with times or without, they do not count.
          else delivery.add(1, 0, 1, ...(delivery.eligible % 2 === 0 ? ([-1, 9999] as const) : ABSENT))
        }
        const known = writes.filter((times) => times !== undefined)
        const [firsts, lasts] = [known.map(([first]) => first), known.map(([, last]) => last)]
        expect(delivery.firstWriteAt).toBe(known.length === 0 ? Number.NaN : Math.min(...firsts))
        expect(delivery.lastWriteAt).toBe(known.length === 0 ? Number.NaN : Math.max(...lasts))
      })
    )
  })
})
