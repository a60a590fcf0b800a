import * as Duration from "effect/Duration"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Kind from "../../../src/config/Kind.ts"

const ofJson = <A>(kind: Kind.Kind<A>, json: unknown): A | undefined =>
  Result.getOrUndefined(kind.decode(json))
const ofText = <A>(kind: Kind.Kind<A>, text: string): A | undefined => ofJson(kind, kind.fromText(text))
const ms = (duration: Duration.Duration | undefined) => duration && Duration.toMillis(duration)

describe("durations", () => {
  it.each([
    ["10 minutes", 600_000],
    ["500 ms", 500],
    ["1500", 1500],
    ["1.5 hours", 5_400_000],
    ["0", 0],
    ["1 s", 1000],
    ["3 sec", 3000],
    ["2min", 120_000],
    ["1 DAY", 86_400_000],
    ["  7 millis  ", 7],
    ["1 millisecond", 1]
  ])("read %j as %d ms, in a file and as text", (written, expected) => {
    expect(ms(ofJson(Kind.duration, written))).toBe(expected)
    expect(ms(ofText(Kind.duration, written))).toBe(expected)
  })

  it("read a number in a file as milliseconds", () => {
    expect(ms(ofJson(Kind.duration, 1500))).toBe(1500)
    expect(ms(ofJson(Kind.duration, 0.5))).toBe(0.5)
  })

  it.each([
    "10 parsecs",
    "",
    "minutes",
    "-1 s",
    "1 minute 30 seconds",
    "1,5 hours",
    "1e3",
    "NaN",
    "Infinity"
  ])("do not read %j", (written) => {
    expect(ofJson(Kind.duration, written)).toBeUndefined()
    expect(ofText(Kind.duration, written)).toBeUndefined()
  })

  it.each([-1, Number.NaN, true, null, [], {}])("do not take %j for a number of milliseconds", (json) => {
    expect(ofJson(Kind.duration, json)).toBeUndefined()
  })

  it("are not endless, as JSON's 1e400 would be", () => {
    expect(ofJson(Kind.duration, JSON.parse("1e400"))).toBeUndefined()
  })

  it("that must be positive are longer than 0", () => {
    expect(ofJson(Kind.positiveDuration, 0)).toBeUndefined()
    expect(ofText(Kind.positiveDuration, "0 days")).toBeUndefined()
    expect(ofText(Kind.positiveDuration, "10 parsecs")).toBeUndefined()
    expect(ms(ofText(Kind.positiveDuration, "1 ms"))).toBe(1)
  })

  it.each([
    [0, "0 ms"],
    [1, "1 ms"],
    [1.5, "1.5 ms"],
    [999, "999 ms"],
    [1000, "1 second"],
    [1500, "1500 ms"],
    [60_000, "1 minute"],
    [90_000, "90 seconds"],
    [600_000, "10 minutes"],
    [86_400_000, "1 day"],
    [172_800_000, "2 days"]
  ])("of %d ms are written %j", (length, written) => {
    expect(Kind.formatDuration(Duration.millis(length))).toBe(written)
  })

  it("read what they write", () => {
    const lengths = fc.oneof(
      fc.double({ min: 0, max: 1e15, noNaN: true }),
      fc.nat(),
      fc.nat(1000).map((days) => days * 86_400_000)
    )
    fc.assert(
      fc.property(lengths, (length) => {
        const duration = Duration.millis(length)
        expect(ms(ofJson(Kind.duration, Kind.duration.toJson(duration)))).toBe(Duration.toMillis(duration))
      })
    )
  })
})

describe("numbers", () => {
  const port = Kind.integer(0, 65_535)

  it("are read from text as from JSON", () => {
    expect(ofText(port, "8088")).toBe(8088)
    expect(ofText(port, " 8088 ")).toBe(8088)
    expect(ofText(Kind.number(0), "99.5")).toBe(99.5)
  })

  it("in a file are numbers, not texts", () => {
    expect(ofJson(port, "8088")).toBeUndefined()
  })

  it.each(["65536", "-1", "1.5", "0x10", "1e3", "", "eighty", "Infinity"])(
    "do not read %j as a port",
    (text) => {
      expect(ofText(port, text)).toBeUndefined()
    }
  )

  it("say their bounds", () => {
    expect(port.expected).toBe("a whole number between 0 and 65535")
    expect(Kind.integer(1).expected).toBe("a whole number of at least 1")
    expect(Kind.number(0, 100).expected).toBe("a number between 0 and 100")
  })

  it("hold at their bounds", () => {
    expect(ofJson(port, 0)).toBe(0)
    expect(ofJson(port, 65_535)).toBe(65_535)
    expect(ofJson(Kind.number(0, 100), 100.001)).toBeUndefined()
    expect(ofJson(Kind.number(0), Number.POSITIVE_INFINITY)).toBeUndefined()
  })

  it("may have a word beside them", () => {
    const shards = Kind.or(Kind.integer(1, 8), "auto")
    expect(ofText(shards, "auto")).toBe("auto")
    expect(ofText(shards, "8")).toBe(8)
    expect(ofJson(shards, "auto")).toBe("auto")
    expect(ofJson(shards, "automatic")).toBeUndefined()
    expect(shards.expected).toBe('a whole number between 1 and 8, or "auto"')
    expect([shards.toJson("auto"), shards.toJson(3)]).toEqual(["auto", 3])
  })
})

describe("texts, lists, choices and booleans", () => {
  it("a text is not empty", () => {
    expect(ofText(Kind.text, "")).toBeUndefined()
    expect(ofJson(Kind.text, 5)).toBeUndefined()
    expect(ofText(Kind.text, "5")).toBe("5")
  })

  it("a list is an array of texts or one text with commas", () => {
    expect(ofJson(Kind.list, ["a", "b"])).toEqual(["a", "b"])
    expect(ofJson(Kind.list, "a, b")).toEqual(["a", "b"])
    expect(ofText(Kind.list, "a,b ,c")).toEqual(["a", "b", "c"])
  })

  it("a list may have nothing in it", () => {
    expect(ofJson(Kind.list, [])).toEqual([])
    expect(ofText(Kind.list, "")).toEqual([])
    expect(ofText(Kind.list, " ")).toEqual([])
  })

  it.each([["a,,b"], [","], [[""]], [[1]], [5]])("a list is not %j", (json) => {
    expect(ofJson(Kind.list, json)).toBeUndefined()
  })

  it("a list of certain words has those alone", () => {
    const deltas = Kind.listOf("fossil", "other")
    expect(ofJson(deltas, [])).toEqual([])
    expect(ofText(deltas, "fossil, other")).toEqual(["fossil", "other"])
    expect(ofJson(deltas, ["fossil", "xdelta"])).toBeUndefined()
    expect(deltas.expected).toBe('a list of any of "fossil", "other"')
  })

  it("a local address is needed", () => {
    expect(ofJson(Kind.localAddresses, [])).toBeUndefined()
    expect(ofText(Kind.localAddresses, "")).toBeUndefined()
  })

  it("a URL of HTTP is one that can be fetched", () => {
    expect(ofText(Kind.httpUrl, "https://a.example/keys")).toBe("https://a.example/keys")
    for (const text of ["ftp://a.example", "a.example/keys", "https://", "file:///etc/passwd"])
      expect(ofText(Kind.httpUrl, text)).toBeUndefined()
  })

  it("a choice is one of its words, to the letter", () => {
    const choice = Kind.choice("uws", "ws")
    expect(ofText(choice, "ws")).toBe("ws")
    expect(ofText(choice, "WS")).toBeUndefined()
    expect(choice.expected).toBe('one of "uws", "ws"')
  })

  it("a boolean is true or false, and nothing like it", () => {
    expect([ofText(Kind.boolean, "true"), ofText(Kind.boolean, "false")]).toEqual([true, false])
    for (const text of ["yes", "1", "TRUE", ""]) expect(ofText(Kind.boolean, text)).toBeUndefined()
    expect(ofJson(Kind.boolean, "true")).toBeUndefined()
  })

  it("a secret can be read and is never shown", () => {
    const key = ofText(Kind.secret, "hunter2")
    expect(key && Redacted.value(key)).toBe("hunter2")
    expect(Kind.secret.toJson(key!)).toBe("<secret>")
    expect(JSON.stringify({ key })).not.toContain("hunter2")
    expect(String(key)).not.toContain("hunter2")
  })

  it("a secret is not what is shown in its place", () => {
    expect(ofJson(Kind.secret, "<secret>")).toBeUndefined()
  })
})
