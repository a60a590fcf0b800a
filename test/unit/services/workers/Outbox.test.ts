import { describe, expect, it } from "vitest"
import { Outbox } from "../../../../src/services/workers/Outbox.ts"

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe("an outbox", () => {
  it("sends what was added in one turn of the event loop at once, in order, and nothing before its end", async () => {
    const sent: Array<ReadonlyArray<number>> = []
    const outbox = new Outbox<number>((all) => sent.push(all))
    for (const item of [1, 2, 3]) outbox.add(item)
    await Promise.resolve()
    outbox.add(4)
    expect(sent).toEqual([])
    await turn()
    expect(sent).toEqual([[1, 2, 3, 4]])
  })

  it("sends once for each turn, and nothing where nothing was added", async () => {
    const sent: Array<ReadonlyArray<number>> = []
    const outbox = new Outbox<number>((all) => sent.push(all))
    outbox.add(1)
    await turn()
    await turn()
    outbox.add(2)
    await turn()
    expect(sent).toEqual([[1], [2]])
  })

  it("takes what is added while it sends, for the next turn", async () => {
    const sent: Array<ReadonlyArray<number>> = []
    const outbox: Outbox<number> = new Outbox((all) => {
      sent.push(all)
      if (sent.length < 3) outbox.add(sent.length)
    })
    outbox.add(0)
    for (let i = 0; i < 4; i++) await turn()
    expect(sent).toEqual([[0], [1], [2]])
  })
})
