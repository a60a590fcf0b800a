import { describe, expect, it } from "vitest"
import { type ChatMessage, readData, readText } from "../../../../src/ui/demo/chat.ts"
import { Ledger, MAX_LINES } from "../../../../src/ui/demo/Ledger.ts"
import type { Position } from "../../../../src/ui/demo/order.ts"

const chat = (n: number): ChatMessage => ({ sender: "s", n, name: "Ada", text: `no ${n}`, sentAt: 1000 })
const position = (offset: number, epoch = "e"): Position => ({ epoch, offset })

const arrive = (ledger: Ledger, n: number, at?: Position, isRecovered = false) =>
  ledger.arrive({ said: readData(chat(n)), at: 1012, position: at, isRecovered })

const texts = (ledger: Ledger) => ledger.lines.map(({ text }) => text)

describe("the book of a pane", () => {
  it("has what came, newest first, with what is known of it", () => {
    const ledger = new Ledger()
    arrive(ledger, 1, position(7))
    arrive(ledger, 2, position(8), true)
    expect(ledger.counts).toEqual({ received: 2, recovered: 1, missed: 0, repeated: 0 })
    expect(ledger.lines[0]).toEqual({
      kind: "message",
      key: 2,
      at: 1012,
      name: "Ada",
      text: "no 2",
      offset: 8,
      delayMs: 12,
      isRecovered: true
    })
  })

  it("finds gaps by offsets where there are some, and not by the senders", () => {
    const ledger = new Ledger()
    ledger.stands(0, position(3))
    arrive(ledger, 1, position(5))
    arrive(ledger, 9, position(6))
    arrive(ledger, 9, position(6))
    expect(ledger.counts).toEqual({ received: 2, recovered: 0, missed: 1, repeated: 1 })
    expect(texts(ledger)).toEqual(["no 9", "no 1", "1 message is missing here"])
  })

  it("finds gaps and repetitions by the senders' numbers where there are no offsets", () => {
    const ledger = new Ledger()
    for (const n of [1, 4, 3, 4, 5]) arrive(ledger, n)
    expect(ledger.counts).toEqual({ received: 3, recovered: 0, missed: 2, repeated: 2 })
  })

  it("counts what lies between where a client was and where it has to go on", () => {
    const ledger = new Ledger()
    arrive(ledger, 1, position(5))
    ledger.lost(2000, position(9))
    arrive(ledger, 9, position(10))
    expect(ledger.counts.missed).toBe(4)
    ledger.stands(2000, position(10))
    expect(ledger.counts.missed).toBe(4)
  })

  it("says that nobody can tell how much is gone with another stream, or without a position", () => {
    const ledger = new Ledger()
    arrive(ledger, 1, position(5))
    ledger.lost(2000, position(2, "other"))
    ledger.lost(2000, undefined)
    expect(ledger.counts.missed).toBe(0)
    const lost = ledger.lines.filter((line) => line.kind === "note" && line.isLoss)
    expect(lost.map(({ text }) => text)).toEqual([
      expect.stringMatching("nobody can tell"),
      expect.stringMatching("nobody can tell")
    ])
    arrive(ledger, 2, position(3, "other"))
    expect([ledger.counts.missed, ledger.mayMissMore]).toEqual([0, true])
  })

  it("does not say that nothing is missing before a sender that it knows has told", () => {
    const ledger = new Ledger()
    arrive(ledger, 1)
    ledger.unasked(2000)
    expect(ledger.lines[0]).toMatchObject({
      kind: "note",
      isLoss: true,
      text: expect.stringMatching("not known")
    })
    expect(ledger.mayMissMore).toBe(true)
    ledger.arrive({ said: readText("of nobody"), at: 2001, isRecovered: false })
    ledger.arrive({ said: readData({ ...chat(1), sender: "new" }), at: 2001, isRecovered: false })
    expect(ledger.mayMissMore).toBe(true)
    arrive(ledger, 4)
    expect([ledger.counts.missed, ledger.mayMissMore]).toEqual([2, false])
    ledger.unasked(3000)
    ledger.clear()
    expect(ledger.mayMissMore).toBe(false)
  })

  it("keeps the newest lines, and counts all", () => {
    const ledger = new Ledger()
    for (let n = 1; n <= MAX_LINES + 5; n++) arrive(ledger, n, position(n))
    expect(ledger.lines.length).toBe(MAX_LINES)
    expect(texts(ledger)[0]).toBe(`no ${MAX_LINES + 5}`)
    expect(ledger.counts.received).toBe(MAX_LINES + 5)
  })

  it("knows after it was emptied where the stream stands", () => {
    const ledger = new Ledger()
    arrive(ledger, 1, position(5))
    ledger.clear()
    expect([ledger.lines, ledger.counts.received]).toEqual([[], 0])
    arrive(ledger, 2, position(7))
    expect(ledger.counts).toMatchObject({ received: 1, missed: 1 })
  })
})

describe("what is said", () => {
  it("is a message of a demo page, or whatever was published", () => {
    expect(readText(JSON.stringify(chat(3)))).toEqual({
      text: "no 3",
      name: "Ada",
      mark: { sender: "s", n: 3 },
      sentAt: 1000
    })
    expect(readText('{"price": 1}')).toEqual({ text: '{"price":1}' })
    expect(readText("no JSON")).toEqual({ text: "no JSON" })
    expect(readText('"a text"')).toEqual({ text: "a text" })
    expect(readText("null")).toEqual({ text: "null" })
  })

  it.each<Partial<Record<keyof ChatMessage, unknown>>>([
    { sender: 1 },
    { n: "1" },
    { n: 1.5 },
    { name: null },
    { text: {} },
    { sentAt: "now" }
  ])("is shown as it is where it only looks like one: %j", (wrong) => {
    const data = { ...chat(1), ...wrong }
    expect(readData(data)).toEqual({ text: JSON.stringify(data) })
  })
})
