import { describe, expect, it } from "vitest"
import { CloseReasons, closable, fitReason, MAX_REASON_BYTES } from "../../../src/protocol/closeCodes.ts"

describe("a reason", () => {
  it("is as long as a close frame can carry, in whole characters", () => {
    expect(fitReason("")).toBe("")
    expect(fitReason("x".repeat(MAX_REASON_BYTES))).toBe("x".repeat(123))
    expect(fitReason("x".repeat(MAX_REASON_BYTES + 1))).toBe("x".repeat(123))
    expect(fitReason("\u00e9".repeat(62))).toBe("\u00e9".repeat(61))
    expect(fitReason(`xx${"\u{1f600}".repeat(31)}`)).toBe(`xx${"\u{1f600}".repeat(30)}`)
  })
})

describe("an end that a program asks for", () => {
  it("is what a close frame can say", () => {
    for (const why of [CloseReasons.restart, CloseReasons.slow, { code: 4999, reason: "x" }])
      expect(closable(why)).toBe(why)
    expect(closable({ code: 4000, reason: "x".repeat(200) })).toEqual({ code: 4000, reason: "x".repeat(123) })
    for (const code of [0, 99, 1000, 1005, 1006, 2999, 5000, 70_000, 4000.5, Number.NaN])
      expect(closable({ code, reason: "x" })).toBe(CloseReasons.serverError)
  })
})
