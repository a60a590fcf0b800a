import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { JsonCursor } from "../../../src/protocol/jsonCursor.ts"
import {
  compactNewlines,
  concatenated,
  elements,
  isJsonText,
  members
} from "../../../src/protocol/rawJson.ts"
import { keyText, mutated, padded, parsed, stringText, valueText, whitespace } from "./jsonText.ts"

describe("a text is JSON", () => {
  it("when JSON.parse accepts it", () => {
    fc.assert(
      fc.property(padded(valueText), (text) => {
        expect(parsed(text)).toBeDefined()
        expect(isJsonText(text)).toBe(true)
      }),
      { numRuns: 2000 }
    )
  })

  it("only then: JSON that was changed somewhere", () => {
    fc.assert(
      fc.property(mutated(padded(valueText)), (text) => {
        expect(isJsonText(text)).toBe(parsed(text) !== undefined)
      }),
      { numRuns: 5000 }
    )
  })

  it("only then: characters of JSON in any order", () => {
    const unit = fc.constantFrom(..."{}[]\":,\\ \n0123.eE+-truefalsnu/b'\u0000\u001f\u00a0\ufeff")
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 8 }), (text) => {
        expect(isJsonText(text)).toBe(parsed(text) !== undefined)
      }),
      { numRuns: 20_000 }
    )
  })

  it.each([
    ["", "-", "+1", "01", "-01", "1.", ".5", "1e", "1e+", "0x1", "1_0", "NaN", "Infinity", "-Infinity"],
    [
      "tru",
      "truee",
      "True",
      "nul",
      "undefined",
      "'a'",
      '"',
      '"a',
      '"\\"',
      '"\\x41"',
      '"\\u12"',
      '"\\u12g4"',
      '"\\u"'
    ],
    [
      '"a\nb"',
      '"\t"',
      '"\u0000"',
      '"a" "b"',
      "1 2",
      "[",
      "]",
      "[1,]",
      "[,1]",
      "[1 2]",
      "[1}",
      "{",
      "}",
      "{]"
    ],
    [
      '{"a"}',
      '{"a":}',
      '{"a":1,}',
      '{,"a":1}',
      "{a:1}",
      "{1:1}",
      '{"a" 1}',
      '{"a":1 "b":2}',
      '{"a"::1}',
      '{"a":1,,"b":2}'
    ],
    [
      "\ufeff{}",
      "\u00a0{}",
      "{}\u2028",
      "\f1",
      "\v1",
      "/**/1",
      "1//",
      "{}{}",
      "[]]",
      '[{"a":[}]',
      '{"a":{"b":1]}'
    ]
  ])("only then: %j, %j, %j, %j …", (...texts) => {
    for (const text of texts) {
      expect([text, isJsonText(text)]).toEqual([text, false])
      expect(parsed(text)).toBeUndefined()
    }
  })

  it("however deep it nests", () => {
    const depth = 65_536
    const nested = (inner: string): string => `${'[{"a":'.repeat(depth / 2)}${inner}${"}]".repeat(depth / 2)}`
    expect(isJsonText(nested("1"))).toBe(true)
    expect(isJsonText(nested(""))).toBe(false)
    expect(isJsonText("[".repeat(depth))).toBe(false)
    expect(isJsonText("[".repeat(depth) + "]".repeat(depth))).toBe(true)
    expect(isJsonText("[".repeat(depth) + "]".repeat(depth + 1))).toBe(false)
    expect(isJsonText(`${"[".repeat(depth)}}${"]".repeat(depth - 1)}`)).toBe(false)
  })
})

describe("the source text", () => {
  const member = fc.tuple(keyText, whitespace, whitespace, valueText)

  it("of an object's members is given by key; the last of duplicates counts", () => {
    fc.assert(
      fc.property(fc.array(member, { maxLength: 6 }), (written) => {
        const texts = written.map(([key, a, b, value]) => `${a}${key}${b}:${a}${value}${b}`)
        const expected = new Map(written.map(([key, , , value]) => [JSON.parse(key) as string, value]))
        expect(members(`{${texts.join(",")}}`)).toEqual(expected)
      }),
      { numRuns: 2000 }
    )
  })

  it("of an array's elements is given in order", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(valueText, whitespace), { maxLength: 6 }), (written) => {
        const text = ` [${written.map(([value, space]) => space + value + space).join(",")}]\n`
        expect(elements(text)).toEqual(written.map(([value]) => value))
      }),
      { numRuns: 2000 }
    )
  })

  it("of concatenated objects and arrays is given in order, with or without space between", () => {
    const container = valueText.filter((text) => text.startsWith("{") || text.startsWith("["))
    fc.assert(
      fc.property(fc.array(fc.tuple(container, whitespace), { maxLength: 6 }), (written) => {
        expect(concatenated(written.map((parts) => parts.join("")).join(""))).toEqual(
          written.map(([value]) => value)
        )
      }),
      { numRuns: 1000 }
    )
  })

  it("is given for the whole text or not at all", () => {
    fc.assert(
      fc.property(mutated(padded(valueText)), (text) => {
        const value = parsed(text)?.value
        const isObject = typeof value === "object" && value !== null
        expect(members(text)?.size).toBe(
          isObject && !Array.isArray(value) ? Object.keys(value).length : undefined
        )
        expect(elements(text)?.length).toBe(Array.isArray(value) ? value.length : undefined)
      }),
      { numRuns: 5000 }
    )
    expect(concatenated('{"a":1}{"b":}')).toBeUndefined()
    expect(concatenated('{"a":1},{"b":2}')).toBeUndefined()
    expect(concatenated(" \n")).toEqual([])
  })
})

describe("a cursor", () => {
  it("reads strings as JSON.parse does", () => {
    fc.assert(
      fc.property(stringText, (text) => {
        expect(new JsonCursor(text).readString()).toBe(JSON.parse(text))
      }),
      { numRuns: 2000 }
    )
  })

  it.each([
    ["0", 0],
    ["-0", 0],
    ["42,", 42],
    ["-128", -128],
    [" 127]", 127],
    ["-129", undefined],
    ["128", undefined],
    ["99999999999999999999999999", undefined],
    ["-", undefined],
    ["", undefined],
    ["007", undefined],
    ['"1"', undefined],
    ["true", undefined]
  ])("reads %j as whole number between -128 and 127: %j", (text, expected) => {
    expect(new JsonCursor(text).readInteger(-128, 127)).toBe(expected)
  })

  it("knows the exact limits of whole numbers", () => {
    const read = (text: string) =>
      new JsonCursor(text).readInteger(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
    expect(read("9007199254740991")).toBe(Number.MAX_SAFE_INTEGER)
    expect(read("-9007199254740991")).toBe(Number.MIN_SAFE_INTEGER)
    for (const beyond of ["9007199254740992", "9007199254740993", "-9007199254740992"])
      expect(read(beyond)).toBeUndefined()
  })
})

describe("raw newlines", () => {
  it("are removed from JSON, which stays the same value in one line", () => {
    fc.assert(
      fc.property(padded(valueText), (text) => {
        const compact = Buffer.from(compactNewlines(Buffer.from(text))).toString()
        expect(compact).toBe(text.replace(/[\r\n]/g, ""))
        expect(JSON.parse(compact)).toEqual(JSON.parse(text))
      }),
      { numRuns: 2000 }
    )
  })

  it("are removed from a view of other bytes", () => {
    const view = new TextEncoder().encode("x{\n}\rx").subarray(1, 5)
    expect(Buffer.from(compactNewlines(view)).toString()).toBe("{}")
  })

  it("cost nothing where there are none", () => {
    const raw = Buffer.from('{"a":"\\n"}')
    expect(compactNewlines(raw)).toBe(raw)
  })
})
