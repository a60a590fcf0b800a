import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { jsonProblem } from "../../../src/ui/parts/jsonProblem.ts"

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const at = (text: string) => {
  const problem = jsonProblem(text)
  return problem && [problem.line, problem.column, problem.message]
}

describe("where a text stops being JSON", () => {
  it("is nowhere in what is JSON", () => {
    for (const text of ["{}", " [1, -2.5e+3, null]\n", '{"a":{"b":["\\u00e9",true]}}', '"x"', "0"])
      expect(at(text)).toBeUndefined()
  })

  it("has its line and column, and what was expected", () => {
    expect(at('{"a": 1,\n "b" 2}')).toEqual([2, 6, "expected “:”, found “2”"])
    expect(at("[1, 2")).toEqual([1, 6, "expected “,” or “]”, found the end of the text"])
    expect(at("")).toEqual([1, 1, "expected a value, found the end of the text"])
    expect(at("{} {}")).toEqual([1, 4, "expected nothing behind the value, found “{”"])
    expect(at('{"a":1,}')).toEqual([1, 8, "expected a name in double quotes, found “}”"])
    expect(at("[1,]")).toEqual([1, 4, "expected a value, found “]”"])
  })

  it("knows the usual mistakes", () => {
    expect(at("{'a': 1}")?.[2]).toContain("double quotes")
    expect(at("['a']")?.[2]).toContain("double quotes")
    expect(at("[1,,2]")?.[2]).toContain("comma too many")
    expect(at("[1, // one\n2]")?.[2]).toContain("no comments")
    expect(at('{"a": "b')).toEqual([1, 7, "this string is not closed"])
    expect(at('"a\nb"')?.[2]).toContain("escaped")
    expect(at('"C:\\dir"')?.[2]).toContain("backslash")
    expect(at("[01]")).toEqual([1, 3, "expected “,” or “]”, found “1”"])
  })

  it("counts lines of every kind, and characters rather than code units", () => {
    expect(at("[\r\n1,\r\n?]")?.slice(0, 2)).toEqual([3, 1])
    expect(at('["😀" 1]')?.slice(0, 2)).toEqual([1, 6])
  })

  it("survives any depth", () => {
    expect(at("[".repeat(200_000))?.[2]).toContain("found the end")
    expect(at("[".repeat(200_000) + "]".repeat(200_000))).toBeUndefined()
  })

  it("accepts what JSON.parse accepts, and nothing else", () => {
    const json = fc.json().chain((text) =>
      // A valid text, mostly with one character taken away, changed or added.
      fc
        .tuple(fc.nat(text.length), fc.constantFrom("", ",", '"', "]", "}", "1", "\\", "\n", "e", "-"))
        .map(([place, change]) => [text, text.slice(0, place) + change + text.slice(place + 1)])
    )
    fc.assert(
      fc.property(json, (texts) => {
        for (const text of texts) expect(jsonProblem(text) === undefined, text).toBe(isJson(text))
      }),
      { numRuns: 2_000 }
    )
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'{}[],:"\\ 01-.eEtrufalsn\n') }), (text) => {
        expect(jsonProblem(text) === undefined, text).toBe(isJson(text))
      }),
      { numRuns: 5_000 }
    )
  })
})
