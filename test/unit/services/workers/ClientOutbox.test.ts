import { describe, expect, it } from "vitest"
import { ClientOutbox } from "../../../../src/services/workers/ClientOutbox.ts"
import type { FromWorker } from "../../../../src/services/workers/messages.ts"

/** Publications that may be on the way: the bound that ClientOutbox names. */
const BOUND = 10_000

/** And their bytes. */
const BYTES = 64 * 1_048_576

const turn = () => new Promise((resolve) => setImmediate(resolve))

/** An outbox, and the texts that it has sent, message by message. */
const make = () => {
  const sent: Array<ReadonlyArray<string>> = []
  const outbox = new ClientOutbox((message: FromWorker) => {
    if (message._tag !== "Publish") throw new Error(`sent a ${message._tag}`)
    sent.push(message.publications.map(({ data, isBinary }) => `${Buffer.from(data)}${isBinary ? "!" : ""}`))
  })
  const publish = (text: string, isBinary = false) => outbox.publish(Buffer.from(text), isBinary)
  return { outbox, sent, publish }
}

describe("the outbox of clients' publications", () => {
  it("sends those of one turn in one message, in order, text and binary", async () => {
    const { sent, publish } = make()
    publish("a")
    publish("b", true)
    publish("c")
    await turn()
    expect(sent).toEqual([["a", "b!", "c"]])
  })

  it("drops and counts what comes while too many are on the way, and goes on when some were taken", async () => {
    const { outbox, sent, publish } = make()
    for (let i = 0; i < BOUND; i++) publish("x")
    await turn()
    expect([sent[0]?.length, outbox.dropped]).toEqual([BOUND, 0])
    publish("too many")
    publish("too many")
    expect(outbox.dropped).toBe(2)
    outbox.taken(3, 3)
    for (let i = 0; i < 4; i++) publish("again")
    await turn()
    expect([sent[1], outbox.dropped]).toEqual([["again", "again", "again"], 3])
  })

  it("drops what has too many bytes together with others, but never the only one", async () => {
    const { outbox, sent } = make()
    const big = Buffer.alloc(BYTES + 1)
    outbox.publish(big, true)
    outbox.publish(Buffer.from("x"), true)
    await turn()
    expect([sent[0]?.length, outbox.dropped]).toEqual([1, 1])
    outbox.taken(1, big.length)
    outbox.publish(Buffer.alloc(BYTES - 1), true)
    outbox.publish(Buffer.from("x"), true)
    outbox.publish(Buffer.from("y"), true)
    await turn()
    expect([sent[1]?.length, outbox.dropped]).toEqual([2, 2])
  })

  it("counts what waits for the end of the turn as on the way, too", () => {
    const { outbox, publish } = make()
    for (let i = 0; i < BOUND + 5; i++) publish("x")
    expect(outbox.dropped).toBe(5)
  })
})
