import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { MAX_ALTERNATIVES, makeGlob } from "../../../../src/services/api/glob.ts"

const matching = (pattern: string, names: ReadonlyArray<string>) => names.filter(makeGlob(pattern)!)

describe("a glob", () => {
  it.each([
    ["*", ["", "a", "a/b", ".a", "a:b#1,2"], []],
    ["**", ["", "a/b"], []],
    ["news:*", ["news:", "news:a", "news:a/b"], ["news", "xnews:a"]],
    ["*:a", [":a", "b:a", "a:a:a"], ["a", ":ab"]],
    ["a*b*c", ["abc", "aXbXc", "abcbc", "abbcc"], ["ab", "acb", "abcd"]],
    ["a?c", ["abc", "a/c", "a😀c"], ["ac", "abbc"]],
    ["[ab]:1", ["a:1", "b:1"], ["c:1", ":1"]],
    ["[a-c1]x", ["ax", "bx", "cx", "1x"], ["dx", "-x", "x"]],
    ["[!a-c]", ["d", "!"], ["a", "b", "", "dd"]],
    ["[^a]", ["b"], ["a"]],
    ["[a-]", ["a", "-"], ["b"]],
    ["[\\]]", ["]"], ["\\"]],
    ["{a,b}:*", ["a:1", "b:"], ["c:1", "{a,b}:1"]],
    ["x{a,{b,c}d,}y", ["xay", "xbdy", "xcdy", "xy"], ["xby", "xdy"]],
    ["\\*\\?\\[\\{a\\}", ["*?[{a}"], ["x"]],
    ["{a\\,b,c}", ["a,b", "c"], ["a", "b"]],
    ["a\\", ["a\\"], ["a"]],
    ["[a", ["[a"], ["a"]],
    ["{a", ["{a"], ["a"]],
    ["a}", ["a}"], ["a"]],
    ["[]", ["[]"], [""]],
    ["$x.(y)|+^", ["$x.(y)|+^"], ["$xa(y)|+^", "y"]],
    ["", [""], ["a"]]
  ])("%s matches %j and not %j", (pattern, matched, others) => {
    expect(matching(pattern, [...matched, ...others])).toEqual(matched)
  })

  it("of a name's own characters, each escaped, matches that name alone", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (name, other) => {
        const pattern = [...name].map((char) => `\\${char}`).join("")
        expect(matching(pattern, [name, other])).toEqual(other === name ? [name, name] : [name])
      })
    )
  })

  it("says the same as the regular expression that it stands for", () => {
    const part = fc.constantFrom("a", "b", "*", "?", "[ab]", "[!a]")
    const expressions: Readonly<Record<string, string>> = { "*": ".*", "?": ".", "[!a]": "[^a]" }
    fc.assert(
      fc.property(fc.array(part), fc.string({ unit: fc.constantFrom("a", "b", "c") }), (parts, name) => {
        const expression = new RegExp(`^${parts.map((one) => expressions[one] ?? one).join("")}$`)
        expect(matching(parts.join(""), [name])).toEqual(expression.test(name) ? [name] : [])
      }),
      { numRuns: 1000 }
    )
  })

  it("has so many alternatives at most", () => {
    const of = (count: number) => `{${Array.from({ length: count }, (_, i) => i).join(",")}}`
    expect(makeGlob(of(MAX_ALTERNATIVES))?.(String(MAX_ALTERNATIVES - 1))).toBe(true)
    expect(makeGlob(of(MAX_ALTERNATIVES + 1))).toBeUndefined()
    expect(makeGlob("{a,b}".repeat(50))).toBeUndefined()
  })

  it("against a name that nearly matches in very many ways takes no time to speak of", () => {
    const matches = makeGlob(`${"*a".repeat(100)}*b`)!
    expect(matches("a".repeat(255))).toBe(false)
    expect(matches(`${"a".repeat(254)}b`)).toBe(true)
  })
})
