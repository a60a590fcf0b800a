import { describe, expect, it } from "vitest"
import { cookieValue } from "../../../../src/services/auth/cookies.ts"

describe("the value of a cookie", () => {
  it.each([
    ["token=abc", "abc"],
    ["a=1; token=abc; b=2", "abc"],
    ["a=1;token=abc", "abc"],
    ["  token = abc ", "abc"],
    ['token="abc"', "abc"],
    ["token=aaa.bbb-_.ccc", "aaa.bbb-_.ccc"],
    ["token=a=b==", "a=b=="],
    ["token=a%20b", "a b"],
    ["token=%E0%A4%A", "%E0%A4%A"],
    ["token=first; token=second", "first"],
    ["nothing; token=abc", "abc"]
  ])("in %j is %j", (header, value) => {
    expect(cookieValue(header, "token")).toBe(value)
  })

  it.each([undefined, "", "a=1", "Token=abc", "xtoken=abc", "token", "token=", "; ;", "="])(
    "is none in %j",
    (header) => {
      expect(cookieValue(header, "token")).toBeUndefined()
    }
  )

  it("is not what every object has", () => {
    for (const name of ["constructor", "__proto__", "toString"])
      expect(cookieValue("a=1", name)).toBeUndefined()
    expect(cookieValue("__proto__=x; constructor=y", "constructor")).toBe("y")
  })
})
