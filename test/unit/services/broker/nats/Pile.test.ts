/** Messages that are kept in one piece of memory come out as they went in. */
import { describe, expect, it } from "vitest"
import type { ChannelLogs } from "../../../../../src/services/broker/nats/ChannelLogs.ts"
import { Pile } from "../../../../../src/services/broker/nats/Pile.ts"

/** What is read is the bytes themselves. */
const logs = {
  read: (seq: number, bytes: Uint8Array) => ({ seq, record: [...bytes] })
} as unknown as ChannelLogs

describe("a pile of messages", () => {
  it("holds any number of any size, in order, whatever becomes of their bytes", () => {
    const sizes = [0, 5, 1019, 1, 0, 3000, 100_000, 7]
    const pile = new Pile()
    for (const [at, size] of sizes.entries()) {
      const data = new Uint8Array(size).fill(at)
      pile.add(10 * at, data)
      data.fill(255)
    }
    expect(pile.read(logs)).toEqual(
      sizes.map((size, at) => ({ seq: 10 * at, record: Array.from({ length: size }, () => at) }))
    )
  })

  it("may hold none", () => {
    expect(new Pile().read(logs)).toEqual([])
  })
})
