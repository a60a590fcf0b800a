import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { CHANNELS_KEPT, GrowingReceipt } from "../../../../src/services/receipts/GrowingReceipt.ts"
import type { Earlier, Receipt, ReceiptSubject } from "../../../../src/services/receipts/Receipts.ts"
import { broadcast, deliver, run } from "../../../support/receipts/receipts.ts"

const grow = (
  subject: ReceiptSubject = broadcast("r"),
  { publishedAt = 1000, lost = 0 } = {},
  earlier?: Earlier
) => {
  const told: Array<string> = []
  const note = (what: string) => () => void told.push(what)
  const receipt = new GrowingReceipt(
    subject,
    publishedAt,
    lost,
    undefined,
    {
      begun: note("begun"),
      completed: note("completed"),
      vanished: note("vanished")
    },
    earlier
  )
  return { receipt, told }
}

const addsUp = ({ eligible, written, dropped, drops, closed }: Pick<Receipt, "drops"> & Receipt) =>
  eligible === written + dropped + closed && dropped === drops.slow + drops.mailbox

describe("a receipt", () => {
  it("says all there is to say of one delivery", () => {
    const { receipt } = grow(broadcast("r"), { lost: 3 })
    const delivery = receipt.delivery()
    delivery.expect(3)
    delivery.add(10, 7, 2, 1004.5, 1008)
    delivery.refused(5)
    delivery.add(4, 4, 0, 1003, 1006)
    receipt.seal()
    expect(receipt.receipt()).toEqual({
      id: "r",
      kind: "broadcast",
      channels: ["broadcast"],
      channelCount: 1,
      eligible: 19,
      written: 11,
      dropped: 7,
      drops: { slow: 2, mailbox: 5 },
      closed: 1,
      publishedAt: 1000,
      firstWriteAt: 1003,
      lastWriteAt: 1008,
      timeToLastWriteMs: 8,
      isComplete: true,
      lost: 3,
      acked: 0,
      workers: []
    })
  })

  it("has no times where nobody was written to, and its schedule where there is one", () => {
    const { receipt } = grow(run("r", "daily"))
    deliver(receipt.delivery(), [[0, 1, 1]])
    receipt.seal()
    const none = { firstWriteAt: null, lastWriteAt: null, timeToLastWriteMs: null }
    expect(receipt.receipt()).toMatchObject({ ...none, schedule: "daily", eligible: 2, closed: 1 })
  })

  it("adds up each worker over all channels", () => {
    const { receipt } = grow()
    const part = { eligible: 5, written: 2, slow: 1, mailbox: 1, firstWriteAt: 1002, lastWriteAt: 1003 }
    for (const [worker, at] of [
      ["worker-0", 1002],
      ["worker-1", 1010]
    ] as const) {
      const delivery = receipt.delivery()
      delivery.expect(2)
      delivery.addWorker({ ...part, worker, firstWriteAt: at, lastWriteAt: at + 1 })
      delivery.addWorker({
        ...part,
        worker: "worker-0",
        written: 0,
        firstWriteAt: Number.NaN,
        lastWriteAt: Number.NaN
      })
    }
    receipt.seal()
    const { workers, ...all } = receipt.receipt()
    expect(all).toMatchObject({ eligible: 20, written: 4, drops: { slow: 4, mailbox: 4 }, closed: 8 })
    expect(all).toMatchObject({ firstWriteAt: 1002, lastWriteAt: 1011 })
    expect(
      workers.map(({ worker, eligible, written, closed, lastWriteAt }) => [
        worker,
        eligible,
        written,
        closed,
        lastWriteAt
      ])
    ).toEqual([
      ["worker-0", 15, 2, 7, 1003],
      ["worker-1", 5, 2, 1, 1011]
    ])
  })

  it("tells what was added up so far while deliveries are under way", () => {
    const { receipt } = grow()
    const [one, two] = [receipt.delivery(), receipt.delivery()]
    deliver(one, [[3, 0, 0]])
    two.expect(2)
    two.add(4, 2, 1, 1001, 1002)
    const now = receipt.receipt()
    expect(now).toMatchObject({ eligible: 7, written: 5, dropped: 1, closed: 1, isComplete: false })
    expect(addsUp(now)).toBe(true)
  })

  it("is final when it is sealed and all of its deliveries are complete, and says so once", () => {
    const { receipt, told } = grow()
    const finals: Array<Receipt> = []
    const [one, two] = [receipt.delivery(), receipt.delivery()]
    deliver(one, [[1, 0, 0]])
    receipt.seal((final) => void finals.push(final))
    expect([told, finals]).toEqual([["begun"], []])
    deliver(two, [[1, 0, 0]])
    expect(told).toEqual(["begun", "completed"])
    expect(finals).toEqual([receipt.receipt()])
    expect(finals[0]).toMatchObject({ isComplete: true, written: 2 })
  })

  it("waits for its seal, as deliveries may follow", () => {
    const { receipt, told } = grow()
    deliver(receipt.delivery(), [[1, 0, 0]])
    expect([told, receipt.receipt().isComplete]).toEqual([["begun"], false])
    receipt.seal()
    expect([told, receipt.receipt().isComplete]).toEqual([["begun", "completed"], true])
  })

  it("does not wait for what was withdrawn, nor counts it", () => {
    const { receipt, told } = grow()
    const [one, two] = [receipt.delivery(), receipt.delivery()]
    deliver(one, [[1, 0, 0]])
    receipt.seal()
    receipt.withdraw(two)
    expect(told).toEqual(["begun", "completed"])
    // It was published all the same, as the broker had only said that it is not sure.
    deliver(two, [[5, 0, 0]])
    expect(receipt.receipt()).toMatchObject({ eligible: 1 })
    expect(told).toEqual(["begun", "completed"])
  })

  it("keeps what is on its way, whoever wants to withdraw it", () => {
    const { receipt, told } = grow()
    const delivery = receipt.delivery()
    delivery.expect(2)
    delivery.add(3, 3, 0, 1001, 1002)
    receipt.withdraw(delivery)
    receipt.seal()
    expect([told, receipt.receipt()]).toMatchObject([["begun"], { eligible: 3, isComplete: false }])
    delivery.add(1, 1, 0, 1001, 1002)
    expect([told, receipt.receipt()]).toMatchObject([
      ["begun", "completed"],
      { eligible: 4, isComplete: true }
    ])
  })

  it("is over once it vanished, whatever becomes of what was withdrawn", () => {
    const { receipt, told } = grow()
    const delivery = receipt.delivery()
    receipt.withdraw(delivery)
    receipt.seal()
    deliver(delivery, [[1, 0, 0]])
    expect([told, receipt.isEmpty]).toEqual([["vanished"], true])
  })

  it("vanishes where nothing was published, and whoever waits is told all the same", () => {
    const { receipt, told } = grow()
    const finals: Array<Receipt> = []
    receipt.withdraw(receipt.delivery())
    receipt.seal((final) => void finals.push(final))
    expect(told).toEqual(["vanished"])
    expect(finals).toMatchObject([{ eligible: 0, isComplete: true }])
  })

  it("counts as published where nobody was there to hear it", () => {
    const { receipt, told } = grow()
    deliver(receipt.delivery(), [[0, 0, 0]])
    receipt.seal()
    expect(told).toEqual(["begun", "completed"])
  })

  describe("that an earlier process has begun", () => {
    const partOf = (more: Partial<Receipt>): Receipt => {
      const { receipt } = grow(run("r", "daily"), { publishedAt: 500, lost: 2 })
      const delivery = receipt.delivery()
      delivery.expect(1)
      delivery.addWorker({
        ...{ worker: "worker-0", eligible: 9, written: 5, slow: 2, mailbox: 1 },
        ...{ firstWriteAt: 600, lastWriteAt: 700 }
      })
      receipt.seal()
      return { ...receipt.receipt(), acked: 4, ...more }
    }
    const repeat = (earlier: Earlier) => grow(run("r", "daily"), { publishedAt: 1000, lost: 1 }, earlier)

    it("goes on with what was counted, and stays incomplete where that was", () => {
      for (const isComplete of [true, false]) {
        const { receipt, told } = repeat({ receipt: partOf({ isComplete }) })
        const [suppressed, published] = [receipt.delivery(), receipt.delivery()]
        receipt.withdraw(suppressed)
        deliver(published, [[10, 1, 0]], 1001)
        receipt.seal()
        expect(told).toEqual(["begun", "completed"])
        expect(receipt.receipt()).toMatchObject({
          ...{ eligible: 20, written: 15, dropped: 4, drops: { slow: 3, mailbox: 1 }, closed: 1 },
          ...{ publishedAt: 500, firstWriteAt: 600, lastWriteAt: 1002, timeToLastWriteMs: 502 },
          ...{ lost: 3, acked: 4, isComplete },
          workers: [{ worker: "worker-0", eligible: 9, written: 5, closed: 1, lastWriteAt: 700 }]
        })
      }
    })

    it("leaves what was written alone where nothing more is published", () => {
      const { receipt, told } = repeat({ receipt: partOf({ isComplete: false }) })
      receipt.withdraw(receipt.delivery())
      receipt.seal()
      expect(told).toEqual(["vanished"])
    })

    it("is incomplete where that was not written and published something, complete where it did not", () => {
      for (const isSuppressed of [true, false]) {
        const { receipt } = repeat({ receipt: undefined })
        const [one, two] = [receipt.delivery(), receipt.delivery()]
        if (isSuppressed) receipt.withdraw(one)
        else deliver(one, [[1, 0, 0]])
        deliver(two, [[1, 0, 0]])
        receipt.seal()
        expect(receipt.receipt()).toMatchObject({ publishedAt: 1000, isComplete: !isSuppressed })
      }
    })
  })

  it("keeps the names of some channels, and how many there were", () => {
    const channels = Array.from({ length: CHANNELS_KEPT + 1 }, (_, i) => `c${i}`)
    const { receipt } = grow({ id: "r", kind: "broadcast", channels })
    expect(receipt.receipt().channels).toEqual(channels.slice(0, CHANNELS_KEPT))
    expect(receipt.receipt().channelCount).toBe(CHANNELS_KEPT + 1)
  })

  it("accounts for everyone at every moment, whatever comes in which order", () => {
    const counts = fc.tuple(fc.nat(100), fc.nat(100), fc.nat(100), fc.nat(100))
    const step = fc.record({
      delivery: fc.nat(3),
      worker: fc.option(fc.nat(2)),
      isRefused: fc.boolean(),
      counts
    })
    type Step = typeof step extends fc.Arbitrary<infer S> ? S : never
    const property = (steps: ReadonlyArray<Step>, order: ReadonlyArray<number>) => {
      const { receipt } = grow()
      const deliveries = Array.from({ length: 4 }, () => receipt.delivery())
      for (const { delivery } of steps) deliveries[delivery]!.expect(1)
      for (const delivery of deliveries) delivery.expect(1)
      const expected = { eligible: 0, written: 0, slow: 0, mailbox: 0 }
      const acts = steps.map(({ delivery, worker, isRefused, counts }) => () => {
        const [written, slow, mailbox, closed] = counts
        const eligible = written + slow + mailbox + closed
        const at = deliveries[delivery]!
        if (worker !== null) {
          at.addWorker({
            worker: `w${worker}`,
            eligible,
            written,
            slow,
            mailbox,
            firstWriteAt: 1,
            lastWriteAt: 2
          })
          expected.written += written
          expected.slow += slow
          expected.mailbox += mailbox
        } else if (isRefused) {
          at.refused(eligible)
          expected.mailbox += eligible
        } else {
          at.add(eligible, written, slow, 1, 2)
          expected.written += written
          expected.slow += slow
        }
        expected.eligible += eligible
      })
      for (const delivery of deliveries) acts.push(() => delivery.add(0, 0, 0, Number.NaN, Number.NaN))
      acts.push(() => receipt.seal())
      const shuffled = acts
        .map((act, i) => [order[i % order.length]!, act] as const)
        .sort((a, b) => a[0] - b[0])
      for (const [, act] of shuffled) {
        expect(receipt.isComplete).toBe(false)
        act()
        const now = receipt.receipt()
        const { slow, mailbox, ...counts } = expected
        expect(now).toMatchObject({ ...counts, drops: { slow, mailbox }, dropped: slow + mailbox })
        expect([now, ...now.workers].every((part) => addsUp(part as Receipt))).toBe(true)
      }
      expect(receipt.isComplete).toBe(true)
    }
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 20 }),
        fc.array(fc.nat(), { minLength: 1, maxLength: 30 }),
        property
      )
    )
  })
})
