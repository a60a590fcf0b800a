import * as Result from "effect/Result"
import { describe, expect, it } from "vitest"
import type { InnerProblems } from "../../../src/config/Kind.ts"
import { groupNames, pattern, toRegExp } from "../../../src/config/pattern.ts"

describe("a pattern", () => {
  it("is a text that compiles", () => {
    expect(Result.getOrThrow(pattern.decode("^[a-z]+$"))).toBe("^[a-z]+$")
  })

  it("that does not compile says why", () => {
    const decoded = pattern.decode("[a-")
    const failure = Result.isFailure(decoded) ? decoded.failure : undefined
    expect((failure as InnerProblems).problems).toEqual([
      { where: "", message: "Invalid regular expression: /[a-/u: Unterminated character class" }
    ])
  })

  it("is not empty and not something else", () => {
    for (const json of ["", 5, null]) expect(Result.isFailure(pattern.decode(json))).toBe(true)
  })

  it("knows the whole of Unicode", () => {
    expect(toRegExp("^\\p{L}{3}$").test("чат")).toBe(true)
    expect(toRegExp("^.$").test("😀")).toBe(true)
  })

  it("is anchored by nobody but its author", () => {
    expect(toRegExp("b").test("abc")).toBe(true)
    expect(toRegExp("^b$").test("abc")).toBe(false)
  })

  it("names groups in the way of Go, too", () => {
    expect(toRegExp("/(?P<realm>[a-z]+)/").exec("x/main/y")?.groups).toEqual({ realm: "main" })
    expect(groupNames("(?P<realm>a)|(?<tenant>b)(c)")).toEqual(["realm", "tenant"])
    expect(groupNames("a(b)")).toEqual([])
  })
})
