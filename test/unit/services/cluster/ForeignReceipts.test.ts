import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { describe, expect, it } from "vitest"
import { ForeignReceipts } from "../../../../src/services/cluster/ForeignReceipts.ts"
import type { Delivery } from "../../../../src/services/hot/Publication.ts"

const receipt = { id: "r", acknowledgeUntil: undefined }
const heard = () => true
const unheard = () => false

/** One shard of this process is done. */
const done = (delivery: Delivery, written: number, at: number) => {
  delivery.expect(1)
  delivery.add(written, written, 0, at, at + 1)
}

describe("receipts of other nodes", () => {
  it("what nobody hears and has not come is nothing, at once", () => {
    const foreign = new ForeignReceipts()
    expect(Effect.runSync(foreign.outcome("n", "r", [["room", 1]], unheard))).toEqual([])
    expect(foreign.size).toBe(0)
  })

  it("are told when all of it has come and is done, added up, and then forgotten", async () => {
    const foreign = new ForeignReceipts()
    const first = foreign.delivery(receipt, "n", "room")
    const asking = Effect.runFork(
      foreign.outcome(
        "n",
        "r",
        [
          ["room", 2],
          ["hall", 1],
          ["nowhere", 5]
        ],
        (place) => place === "hall"
      )
    )
    done(first, 3, 10)
    done(foreign.delivery(receipt, "n", "room"), 4, 5)
    expect(asking.pollUnsafe()).toBeUndefined()
    done(foreign.delivery(receipt, "n", "hall"), 1, 20)
    expect(await Effect.runPromise(Fiber.join(asking))).toEqual([
      { worker: "", eligible: 8, written: 8, slow: 0, mailbox: 0, firstWriteAt: 5, lastWriteAt: 21 }
    ])
    expect(foreign.size).toBe(0)
  })

  it("keep the parts of workers apart, and those of nodes", () => {
    const foreign = new ForeignReceipts()
    const part = { eligible: 2, written: 1, slow: 1, mailbox: 0, firstWriteAt: 1, lastWriteAt: 2 }
    for (const node of ["n", "m"]) {
      const delivery = foreign.delivery(receipt, node, null)
      delivery.expect(2)
      delivery.addWorker({ worker: "worker-0", ...part })
      delivery.addWorker({ worker: "worker-1", ...part })
    }
    expect(foreign.size).toBe(2)
    expect(Effect.runSync(foreign.outcome("m", "r", [[null, 1]], heard))).toEqual([
      { worker: "worker-0", ...part },
      { worker: "worker-1", ...part }
    ])
    expect(foreign.size).toBe(1)
  })

  it("tell subscribers which receipt it is, and until when it may be acknowledged", () => {
    const foreign = new ForeignReceipts()
    const delivery = foreign.delivery({ id: "r", acknowledgeUntil: 7 }, "n", "room")
    expect(delivery.receipt).toMatchObject({ id: "r", acknowledgeUntil: 7 })
  })

  it("that nobody asks for are bounded, and who stops asking leaves nothing", () => {
    const foreign = new ForeignReceipts(2)
    for (const id of ["a", "b", "c"]) done(foreign.delivery({ ...receipt, id }, "n", "room"), 1, 1)
    expect(foreign.size).toBe(2)
    expect(Effect.runSync(foreign.outcome("n", "c", [["room", 1]], unheard)).length).toBe(1)
    const asking = Effect.runFork(foreign.outcome("n", "d", [["room", 1]], heard))
    asking.interruptUnsafe()
    expect(foreign.size).toBe(1)
  })

  it("look at each of very many channels a few times only", () => {
    const foreign = new ForeignReceipts()
    const channels = Array.from({ length: 1000 }, (_, at) => `room-${at}`)
    let looks = 0
    /** A place and a number, which counts how often it is looked at. */
    const published = channels.map((channel) =>
      Object.assign([channel, 1] as [string, number], {
        [Symbol.iterator]: () => {
          looks++
          return [channel, 1][Symbol.iterator]()
        }
      })
    )
    const asking = Effect.runFork(foreign.outcome("n", "r", published, heard))
    for (const channel of channels) {
      expect(asking.pollUnsafe()).toBeUndefined()
      done(foreign.delivery(receipt, "n", channel), 1, 1)
    }
    expect(asking.pollUnsafe()).toMatchObject({ _tag: "Success", value: [{ eligible: 1000 }] })
    expect(looks).toBeLessThan(10 * channels.length)
  })
})
