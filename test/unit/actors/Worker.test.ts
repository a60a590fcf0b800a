import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import { Worker } from "../../../src/actors/Worker.ts"
import { Delivery } from "../../../src/services/hot/Publication.ts"
import type { Delivered, ToWorker } from "../../../src/services/workers/messages.ts"

const MIB = 1_048_576

const turn = () => new Promise((resolve) => setImmediate(resolve))

const make = ({ mailbox = 100, size = 10 } = {}) => {
  const sent: Array<ToWorker> = []
  const worker = new Worker("worker-3", mailbox, (message) => sent.push(message))
  worker.size = size
  return { worker, sent }
}

/** Offers a publication, as the hub does that has no other member. */
const offer = (worker: Worker, data: string | Uint8Array, isBinary = false): Delivery => {
  const delivery = new Delivery()
  delivery.expect(1)
  expect(worker.offer({ data: Buffer.from(data as string), isBinary, delivery })).toBe(true)
  return delivery
}

const published = (sent: ReadonlyArray<ToWorker>) =>
  sent.flatMap((message) =>
    message._tag === "Publish"
      ? [message.publications.map(({ id, data, isBinary }) => [id, `${data}`, isBinary])]
      : []
  )

const delivered = (id: number, counts: Partial<Delivered> = {}): Delivered => ({
  id,
  eligible: 10,
  written: 10,
  slow: 0,
  mailbox: 0,
  firstWriteAt: 1,
  lastWriteAt: 2,
  ...counts
})

describe("publications offered to a worker", () => {
  it("cross in the order of the offers, one message for each turn", async () => {
    const { worker, sent } = make()
    offer(worker, "a")
    offer(worker, "b", true)
    await turn()
    offer(worker, "c")
    await turn()
    expect(published(sent)).toEqual([
      [
        [0, "a", false],
        [1, "b", true]
      ],
      [[2, "c", false]]
    ])
  })

  it("are owed until the worker tells their counts, which are its part of the receipt", () => {
    const { worker } = make()
    const [one, two] = [offer(worker, "a"), offer(worker, "b")]
    expect([worker.depth, one.isComplete]).toEqual([2, false])
    worker.noteDelivered([delivered(1, { written: 6, slow: 2, mailbox: 1, firstWriteAt: 5, lastWriteAt: 9 })])
    expect([worker.depth, one.isComplete, two.isComplete]).toEqual([1, false, true])
    expect(two).toMatchObject({
      eligible: 10,
      written: 6,
      slow: 2,
      mailbox: 1,
      dropped: 3,
      closed: 1,
      firstWriteAt: 5,
      lastWriteAt: 9
    })
    expect(two.workers).toEqual([
      { worker: "worker-3", eligible: 10, written: 6, slow: 2, mailbox: 1, firstWriteAt: 5, lastWriteAt: 9 }
    ])
  })

  it("are counted once, whatever the worker tells twice or of publications it never got", () => {
    const { worker } = make()
    const delivery = offer(worker, "a")
    worker.noteDelivered([delivered(99), delivered(0), delivered(0)])
    worker.noteDelivered([delivered(0)])
    worker.end()
    expect([delivery.eligible, delivery.workers.length, worker.depth]).toEqual([10, 1, 0])
  })
})

describe("a worker that owes too much", () => {
  /** What a publication becomes that it does not take. */
  const dropped = {
    worker: "worker-3",
    eligible: 10,
    written: 0,
    slow: 0,
    mailbox: 10,
    firstWriteAt: Number.NaN,
    lastWriteAt: Number.NaN
  }

  it("in number: the publication counts as dropped for its connections at once, and is never sent", async () => {
    const { worker, sent } = make({ mailbox: 2 })
    offer(worker, "a")
    offer(worker, "b")
    const over = offer(worker, "c")
    expect([over.isComplete, over.workers]).toEqual([true, [dropped]])
    worker.noteDelivered([delivered(0)])
    expect(offer(worker, "d").isComplete).toBe(false)
    await turn()
    expect(published(sent).flat()).toEqual([
      [0, "a", false],
      [1, "b", false],
      [2, "d", false]
    ])
  })

  it("in bytes, 64 MiB: the same", () => {
    const { worker } = make()
    offer(worker, Buffer.alloc(40 * MIB))
    expect(offer(worker, Buffer.alloc(24 * MIB)).isComplete).toBe(false)
    expect(offer(worker, "x").workers).toEqual([dropped])
    worker.noteDelivered([delivered(0)])
    expect(offer(worker, Buffer.alloc(40 * MIB)).isComplete).toBe(false)
    expect(offer(worker, "x").isComplete).toBe(true)
  })

  it("takes one that is larger than the bound where it owes nothing", () => {
    const { worker } = make()
    expect(offer(worker, Buffer.alloc(65 * MIB)).isComplete).toBe(false)
    expect(offer(worker, "x").isComplete).toBe(true)
  })
})

describe("a worker that is gone", () => {
  it("owes nothing: what it has not told counts as closed for the connections it had", () => {
    const { worker } = make({ size: 4 })
    const [one, two, three] = ["a", "b", "c"].map((text) => offer(worker, text))
    worker.noteDelivered([delivered(1)])
    worker.size = 3
    worker.end()
    for (const delivery of [one, three])
      expect(delivery).toMatchObject({ isComplete: true, eligible: 3, written: 0, dropped: 0, closed: 3 })
    expect([two!.written, worker.depth]).toEqual([10, 0])
    expect(one!.workers[0]?.firstWriteAt).toBeNaN()
  })

  it("lets nobody wait for its answer", () => {
    const { worker } = make()
    let heard = 0
    Effect.runFork(Effect.map(worker.observe, () => heard++))
    worker.end()
    expect(heard).toBe(1)
  })
})

describe("observing a worker", () => {
  it("is not asked by the heart beat what somebody has asked since the last one, and that counts all the same", () => {
    const { worker, sent } = make()
    const asked = () => sent.filter(({ _tag }) => _tag === "Observe").length
    const answer = () => worker.noteObserved({ _tag: "Observed", live: 1, samples: [], actors: [] })
    Effect.runFork(worker.observe)
    answer()
    worker.beat()
    expect([asked(), worker.unanswered]).toEqual([1, 1])
    worker.beat()
    expect([asked(), worker.unanswered]).toEqual([2, 2])
  })

  it("counts heartbeats, but asks one question at a time, and who looks at it is no heartbeat", () => {
    const { worker, sent } = make()
    worker.beat()
    worker.beat()
    Effect.runFork(worker.observe)
    expect([sent, worker.unanswered]).toEqual([[{ _tag: "Observe" }], 2])
    worker.noteObserved({ _tag: "Observed", live: 0, samples: [], actors: [] })
    Effect.runFork(worker.observe)
    expect([sent.length, worker.unanswered]).toEqual([2, 2])
  })

  it("takes its word for how many connections it has, and tells all who wait", () => {
    const { worker } = make({ size: 1 })
    const heard: Array<number> = []
    for (let i = 0; i < 2; i++) Effect.runFork(Effect.map(worker.observe, () => heard.push(worker.size)))
    const observed = { _tag: "Observed", live: 8, samples: [], actors: [] } as const
    worker.noteObserved(observed)
    expect([worker.size, worker.observed, heard]).toEqual([8, observed, [8, 8]])
  })
})
