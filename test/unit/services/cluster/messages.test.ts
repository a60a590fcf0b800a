import { describe, expect, it } from "vitest"
import { messageOf } from "../../../../src/services/cluster/messages.ts"
import { packed, unpacked } from "../../../../src/services/cluster/packed.ts"

/** As it comes. */
const read = (message: object) => messageOf(unpacked(packed(message)))

const part = {
  worker: "w",
  eligible: 3,
  written: 2,
  slow: 1,
  mailbox: 0,
  firstWriteAt: 1.5,
  lastWriteAt: 2.5
}
const ask = (question: object) => ({ _tag: "Ask", id: 1, question })
const answer = (said: object) => ({ _tag: "Answer", id: 1, answer: said })
const outcome = (more: object) => answer({ _tag: "Outcome", parts: [{ ...part, ...more }] })
const acked = (count: unknown) => ask({ _tag: "Acked", counts: [["one", count]] })
const largest = (limit: unknown) => ask({ _tag: "TellLargest", limit })
const disconnect = (more: object) =>
  ask({
    _tag: "Control",
    commands: [{ _tag: "Disconnect", user: "u", code: 3503, reason: "", whitelist: [], ...more }]
  })
const everyone = (more: object) => ({
  _tag: "Everyone",
  data: Buffer.from("ä"),
  isBinary: false,
  receipt: undefined,
  ...more
})

describe("what nodes ask and tell", () => {
  it("is read as it was sent", () => {
    for (const message of [
      acked(0),
      acked(7),
      largest(200),
      outcome({}),
      outcome({ written: 0, firstWriteAt: Number.NaN, lastWriteAt: Number.NaN }),
      disconnect({}),
      disconnect({ code: 4999, reason: "ä".repeat(61) }),
      everyone({}),
      everyone({ data: Buffer.of(0xff), isBinary: true })
    ])
      expect(read(message)).toMatchObject(message)
  })

  it("counts are whole and not negative, times are dates, and limits have one", () => {
    const numbers = [-7, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 1e300, "1", null]
    for (const bad of numbers) {
      expect(read(acked(bad)), String(bad)).toBeUndefined()
      expect(read(outcome({ eligible: bad })), String(bad)).toBeUndefined()
      expect(read({ ...acked(1), id: bad }), String(bad)).toBeUndefined()
    }
    for (const bad of [-1, 10_001, 1.5, Number.NaN]) expect(read(largest(bad))).toBeUndefined()
    for (const bad of [1e300, Number.NEGATIVE_INFINITY])
      expect(read(outcome({ lastWriteAt: bad }))).toBeUndefined()
  })

  it("frames for clients are such that clients can read them", () => {
    expect(read(everyone({ data: Buffer.of(0xff) }))).toBeUndefined()
    for (const bad of [{ code: 999 }, { code: 5000 }, { code: 3503.5 }, { reason: "ä".repeat(62) }])
      expect(read(disconnect(bad))).toBeUndefined()
  })
})
