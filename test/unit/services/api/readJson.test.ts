import * as Schema from "effect/Schema"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { readJson, shapeOf } from "../../../../src/services/api/readJson.ts"
import { RawJson } from "../../../../src/services/api/requests.ts"
import { mutated, padded, parsed, valueText } from "../../protocol/jsonText.ts"

const PLAIN = shapeOf(Schema.Unknown)
const RECORD = shapeOf(
  Schema.Struct({
    text: Schema.String,
    raw: Schema.optionalKey(RawJson),
    inner: Schema.optionalKey(Schema.Struct({ raw: RawJson, list: Schema.Array(RawJson) }))
  })
)

/** Payloads as their text. */
const shown = (value: unknown): unknown =>
  value instanceof Uint8Array
    ? { raw: Buffer.from(value).toString() }
    : Array.isArray(value)
      ? value.map(shown)
      : typeof value === "object" && value !== null
        ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shown(inner)]))
        : value

const read = (text: string) => shown(readJson(text, RECORD))

describe("a value without payloads", () => {
  it("is what JSON.parse makes of it", () => {
    fc.assert(
      fc.property(padded(valueText), (text) => {
        expect(readJson(text, PLAIN)).toEqual(JSON.parse(text))
      }),
      { numRuns: 1000 }
    )
  })

  it("is nothing where JSON.parse refuses it", () => {
    fc.assert(
      fc.property(mutated(valueText), (text) => {
        expect(readJson(text, PLAIN)).toEqual(parsed(text)?.value)
      }),
      { numRuns: 2000 }
    )
  })
})

describe("an object", () => {
  it("has the source text of payloads, however deep they stand, and all else parsed", () => {
    expect(
      read('{ "text":"\\u0061" ,"raw": [1.0, 2 ] ,"inner":{"list":[ 1e2,{ }],"raw":"\\u0061"}}')
    ).toEqual({
      text: "a",
      raw: { raw: "[1.0, 2 ]" },
      inner: { list: [{ raw: "1e2" }, { raw: "{ }" }], raw: { raw: '"\\u0061"' } }
    })
  })

  it("has nothing that the schema has not", () => {
    expect(read('{"other":{"raw":1},"__proto__":{"text":"x"},"text":"a","constructor":1}')).toEqual({
      text: "a"
    })
  })

  it("has no null, but as a payload", () => {
    expect(read('{"text":"a","text":null,"raw":null,"inner":null}')).toEqual({ raw: { raw: "null" } })
    expect(read('{"inner":{"raw":1,"list":null}}')).toEqual({ inner: { raw: { raw: "1" } } })
  })

  it("has the last of members that come twice", () => {
    expect(read('{"raw":1,"text":"a","raw":2,"te\\u0078t":"b"}')).toEqual({ text: "b", raw: { raw: "2" } })
  })

  it("keeps values of other types for whoever checks them", () => {
    expect(read('{"text":1,"inner":[{"raw":1}]}')).toEqual({ text: 1, inner: [{ raw: 1 }] })
    expect(read('{"inner":{"list":{"raw":1}}}')).toEqual({ inner: { list: { raw: 1 } } })
    expect(read("[1]")).toEqual([1])
    expect(read("null")).toBeNull()
  })

  it("has no raw newlines in a payload, and no others are taken for some", () => {
    expect(read('\n{"raw"\n:\r\n[\n1,"\\n"\r]\n}\n')).toEqual({ raw: { raw: '[1,"\\n"]' } })
  })

  it.each([
    "{",
    '{"text"}',
    '{"text":"a",}',
    '{text:"a"}',
    '{"text":nul}',
    '{"raw":01}',
    '{"other":tru}',
    "{}{}",
    ""
  ])("is none in %j", (text) => {
    expect(readJson(text, RECORD)).toBeUndefined()
  })

  it("of any broken text is refused where JSON.parse refuses it", () => {
    const text = '{"text":"a","raw":{"b":[1]},"inner":{"raw":null,"list":[1,"c"]},"other":[{}]}'
    fc.assert(
      fc.property(mutated(fc.constant(text)), (broken) => {
        expect(readJson(broken, RECORD) === undefined).toBe(parsed(broken) === undefined)
      }),
      { numRuns: 5000 }
    )
  })
})
