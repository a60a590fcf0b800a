import { describe, expect, it } from "vitest"
import { makeGlob } from "../../../src/services/api/glob.ts"
import { exactly, unclosed } from "../../../src/ui/dashboard/channels/pattern.ts"

describe("a pattern for one name", () => {
  it.each(["news", "a*b?", "[a-z]", "{a,b}", "back\\slash", "ünï:😀", "]}{["])("fits %s alone", (name) => {
    const fits = makeGlob(exactly(name))!
    expect(fits(name)).toBe(true)
    for (const other of ["", "a", "axbx", `${name}x`, name.slice(1)]) expect(fits(other)).toBe(false)
  })
})

describe("what a pattern begins and does not end", () => {
  it.each([
    ["news:[a-z", "["],
    ["[]", "["],
    ["{a,b", "{"],
    ["{a,{b}", "{"],
    ["news:\\", "\\"]
  ] as const)("of %s is %s", (pattern, char) => expect(unclosed(pattern)).toBe(char))

  it.each(["", "news:*", "[a-z]", "[!{]", "{a,{b,c}}", "\\[", "\\{a", "a\\\\", "}", "]"])(
    "of %s is nothing",
    (pattern) => expect(unclosed(pattern)).toBeUndefined()
  )
})
