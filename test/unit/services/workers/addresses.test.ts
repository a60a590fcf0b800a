/** Connections of each client address over all workers: what a worker asks, and how the primary counts. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { ConnectRequest } from "../../../../src/services/Transport.ts"
import { AddressAsker } from "../../../../src/services/workers/AddressAsker.ts"
import { AddressLedger } from "../../../../src/services/workers/AddressLedger.ts"
import type { AddressEvent, FromWorker } from "../../../../src/services/workers/messages.ts"

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe("the ledger of addresses", () => {
  it("has room for as many as the limit says, over all workers together", () => {
    const ledger = new AddressLedger(3)
    const [one, two] = [ledger.account(), ledger.account()]
    expect([one.came("a"), two.came("a"), one.came("a"), two.came("a")]).toEqual([true, true, true, false])
    expect(two.came("b")).toBe(true)
  })

  it("has room again when one is gone; who was not let in has to go, too", () => {
    const ledger = new AddressLedger(1)
    const [one, two] = [ledger.account(), ledger.account()]
    expect([one.came("a"), two.came("a")]).toEqual([true, false])
    two.went("a")
    expect(two.came("a")).toBe(false)
    two.went("a")
    one.went("a")
    expect(two.came("a")).toBe(true)
  })

  it("takes off what a worker that is gone still had, and nothing of others", () => {
    const ledger = new AddressLedger(2)
    const [one, two] = [ledger.account(), ledger.account()]
    for (const account of [one, two]) account.came("a")
    one.close()
    one.close()
    expect([two.came("a"), two.came("a")]).toEqual([true, false])
  })

  it("counts nothing more of a worker that is gone, whatever is read late", () => {
    const ledger = new AddressLedger(1)
    const [dead, living] = [ledger.account(), ledger.account()]
    dead.close()
    expect(dead.came("a")).toBe(false)
    dead.went("a")
    expect([living.came("a"), living.came("a")]).toEqual([true, false])
  })

  it("over any events, admits exactly while fewer than the limit are there", () => {
    const step = fc.record({
      worker: fc.nat(2),
      address: fc.constantFrom("a", "b"),
      what: fc.constantFrom("came", "came", "went", "died")
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 4 }), (steps, limit) => {
        const ledger = new AddressLedger(limit)
        const accounts = [0, 1, 2].map(() => ledger.account())
        /** "0a": those of address a in worker 0. */
        const there = new Map<string, number>()
        for (const { worker, address, what } of steps) {
          const key = `${worker}${address}`
          const total = [0, 1, 2].reduce((sum, i) => sum + (there.get(`${i}${address}`) ?? 0), 0)
          if (what === "came") {
            expect(accounts[worker]!.came(address)).toBe(total < limit)
            there.set(key, (there.get(key) ?? 0) + 1)
          } else if (what === "went") {
            if ((there.get(key) ?? 0) === 0) continue
            accounts[worker]!.went(address)
            there.set(key, there.get(key)! - 1)
          } else {
            accounts[worker]!.close()
            accounts[worker] = ledger.account()
            for (const one of ["a", "b"]) there.delete(`${worker}${one}`)
          }
        }
      })
    )
  })
})

describe("a worker that asks for room", () => {
  const request = (address: string): ConnectRequest => ({ address }) as ConnectRequest

  const make = (maxPending = 10) => {
    const sent: Array<ReadonlyArray<AddressEvent>> = []
    const asker = new AddressAsker(maxPending, (message: FromWorker) => {
      if (message._tag === "Addresses") sent.push(message.events)
    })
    return { asker, sent }
  }

  it("asks for those of one turn in one message, in order with those that went", async () => {
    const { asker, sent } = make()
    void asker.decide(request("a"))
    asker.went("b")
    void asker.decide(request("c"))
    await turn()
    expect(sent).toEqual([
      [
        { address: "a", id: 0 },
        { address: "b", id: null },
        { address: "c", id: 1 }
      ]
    ])
  })

  it("admits where there is room, and refuses with 429 where there is none", async () => {
    const { asker } = make()
    const decisions = Promise.all([asker.decide(request("a")), asker.decide(request("a"))])
    asker.decided([
      { id: 1, hasRoom: false },
      { id: 0, hasRoom: true },
      { id: 77, hasRoom: true }
    ])
    const [first, second] = await decisions
    expect(first).not.toHaveProperty("refusal")
    expect(second).toMatchObject({ refusal: { status: 429, reason: "address" } })
  })

  it("lets so many wait for the primary; more are refused with 503, and counted by it until they went", async () => {
    const { asker, sent } = make(2)
    const waiting = [asker.decide(request("a")), asker.decide(request("a"))]
    expect(await asker.decide(request("a"))).toMatchObject({ refusal: { status: 503, reason: "pending" } })
    await turn()
    expect(sent[0]).toHaveLength(3)
    asker.decided([{ id: 0, hasRoom: true }])
    expect(await waiting[0]).not.toHaveProperty("refusal")
    const again = asker.decide(request("a"))
    asker.decided([{ id: 3, hasRoom: true }])
    expect(await again).not.toHaveProperty("refusal")
  })
})
