import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { AckDesk } from "../../../../src/services/receipts/AckDesk.ts"
import { acknowledgedBy, acknowledgedId, acknowledging } from "../../../../src/services/receipts/ackFrame.ts"
import { FakeConnection } from "../../../support/FakeConnection.ts"

const make = (...bounds: [maxReceipts?: number, maxRemembered?: number]) => {
  let at = 1000
  const counted: Array<string> = []
  const desk = new AckDesk(() => at, ...bounds)
  desk.onCounted = (id) => void counted.push(id)
  return {
    desk,
    counted,
    pass: (ms: number) => {
      at += ms
    }
  }
}

describe("a desk", () => {
  it("counts each connection once for each receipt", () => {
    const { desk, counted } = make()
    const [one, two] = [new FakeConnection(), new FakeConnection()]
    desk.open("a", 2000)
    desk.open("b", 2000)
    expect([desk.take(one, "a"), desk.take(two, "a"), desk.take(one, "b"), desk.take(one, "a")]).toEqual([
      "counted",
      "counted",
      "counted",
      "repeated"
    ])
    expect(counted).toEqual(["a", "a", "b"])
    expect(desk.refused).toEqual({ repeated: 1, unknown: 0, full: 0 })
  })

  it("counts nothing of receipts that it does not know, or whose time is over", () => {
    const { desk, counted, pass } = make()
    desk.open("a", 2000)
    expect(desk.take(new FakeConnection(), "b")).toBe("unknown")
    pass(999)
    expect(desk.take(new FakeConnection(), "a")).toBe("counted")
    pass(1)
    expect(desk.take(new FakeConnection(), "a")).toBe("unknown")
    expect([counted, desk.refused.unknown]).toEqual([["a"], 2])
  })

  it("knows a receipt by its first publication, and counts nobody twice with the next", () => {
    const { desk } = make()
    const connection = new FakeConnection()
    desk.open("a", 2000)
    desk.take(connection, "a")
    desk.open("a", 2000)
    expect(desk.take(connection, "a")).toBe("repeated")
    // Another receipt of the same id, later.
    desk.open("a", 2001)
    expect(desk.take(connection, "a")).toBe("counted")
  })

  it("forgets what is over, also behind what takes longer", () => {
    const { desk, pass } = make(10, 1)
    desk.open("long", 10_000)
    desk.open("short", 2000)
    expect(desk.take(new FakeConnection(), "short")).toBe("counted")
    pass(1000)
    desk.expire()
    expect(desk.take(new FakeConnection(), "long")).toBe("counted")
  })

  it("takes no more for the oldest of too many receipts", () => {
    const { desk } = make(2)
    for (const id of ["a", "b", "c"]) desk.open(id, 2000)
    expect(["a", "b", "c"].map((id) => desk.take(new FakeConnection(), id))).toEqual([
      "unknown",
      "counted",
      "counted"
    ])
  })

  it("remembers a bounded number of connections, until their receipts are over", () => {
    const { desk, pass } = make(10, 2)
    desk.open("a", 2000)
    desk.open("b", 3000)
    const [one, two] = [new FakeConnection(), new FakeConnection()]
    desk.take(one, "a")
    desk.take(one, "b")
    expect([desk.take(two, "a"), desk.take(one, "a")]).toEqual(["full", "repeated"])
    expect(desk.refused).toEqual({ repeated: 1, unknown: 0, full: 1 })
    pass(1000)
    expect(desk.take(two, "b")).toBe("full")
    desk.expire()
    expect([desk.take(two, "b"), desk.take(new FakeConnection(), "b")]).toEqual(["counted", "full"])
  })
})

describe("a text frame", () => {
  it.each([
    ['{"ack":"r1"}', "r1"],
    ['{ "ack" : "r\\u0031" }', "r1"],
    ['{"ack":"ü \\" }"}', 'ü " }'],
    [`{"ack":"${"\\u0041".repeat(255)}"}`, "A".repeat(255)]
  ])("%s acknowledges", (text, id) => {
    expect(acknowledgedBy(Buffer.from(text))).toBe(id)
  })

  it.each([
    "",
    "{}",
    "r1",
    '"ack"',
    '{"ack":1}',
    '{"ack":null}',
    '{"ack":"r1","b":1}',
    '{"a":{"ack":"r1"}}',
    '["ack","r1"]',
    '{"ack":"r1"',
    '{"id":"r1"}',
    ' {"ack":"r1"}',
    `{"ack":"${"x".repeat(2048)}"}`
  ])("%s does not", (text) => {
    expect(acknowledgedBy(Buffer.from(text))).toBeUndefined()
  })

  it("of whatever bytes is looked at without harm", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(acknowledgedBy(bytes)).toBeUndefined()
        expect(acknowledgedBy(Buffer.concat([Buffer.from('{"ack":'), bytes]))).not.toBeNull()
      })
    )
  })

  it("is not handed on where it acknowledges, known or not; all others are, and binary ones", () => {
    const { desk, counted } = make()
    desk.open("a", 2000)
    const passed: Array<string> = []
    const take = acknowledging(
      desk,
      (_, data, isBinary) => void passed.push(`${Buffer.from(data)} ${isBinary}`)
    )
    const say = (text: string, isBinary = false) => take(new FakeConnection(), Buffer.from(text), isBinary)
    for (const text of ['{"ack":"a"}', '{"ack":"b"}', "hello", '{"ack":1}']) say(text)
    say('{"ack":"a"}', true)
    expect(passed).toEqual(["hello false", '{"ack":1} false', '{"ack":"a"} true'])
    expect([counted, desk.refused.unknown]).toEqual([["a"], 1])
  })
})

it("the data of the RPC names its receipt", () => {
  expect(acknowledgedId(Buffer.from('{"id":"r1"}'))).toBe("r1")
  expect(acknowledgedId(undefined)).toBeUndefined()
  for (const text of ['"r1"', '{"id":1}', "{}", '{"ack":"r1"}', "\xff"])
    expect(acknowledgedId(Buffer.from(text))).toBeUndefined()
})
