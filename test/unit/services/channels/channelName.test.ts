import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  behindNamespace,
  type ChannelSyntax,
  isAscii,
  isFitLength,
  isPrivate,
  namespaceOf,
  personalName,
  usersOf
} from "../../../../src/services/channels/channelName.ts"

const builtIn: ChannelSyntax = {
  maxLength: 255,
  namespaceBoundary: ":",
  userBoundary: "#",
  userSeparator: ",",
  privatePrefix: "$"
}
const own: ChannelSyntax = {
  maxLength: 10,
  namespaceBoundary: "::",
  userBoundary: "--",
  userSeparator: "++",
  privatePrefix: "priv-"
}

describe("a channel's name", () => {
  it.each([
    // name, namespace, what is behind it, private, users
    ["news", undefined, "news", false, undefined],
    ["chat:index", "chat", "index", false, undefined],
    ["chat:a:b", "chat", "a:b", false, undefined],
    ["chat:", "chat", "", false, undefined],
    [":index", "", "index", false, undefined],
    ["$news", undefined, "$news", true, undefined],
    ["$chat:index", "chat", "index", true, undefined],
    ["chat:$index", "chat", "$index", false, undefined],
    ["dialog#42", undefined, "dialog#42", false, ["42"]],
    ["dialog#42,43", undefined, "dialog#42,43", false, ["42", "43"]],
    ["$chat:dialog#42,43", "chat", "dialog#42,43", true, ["42", "43"]],
    ["a#1#2", undefined, "a#1#2", false, ["2"]],
    ["a#", undefined, "a#", false, [""]],
    ["a#1,", undefined, "a#1,", false, ["1", ""]],
    ["a,b", undefined, "a,b", false, undefined],
    ["", undefined, "", false, undefined]
  ])("%j is read by its marks", (name, namespace, behind, isSecret, users) => {
    expect(namespaceOf(name, builtIn)).toBe(namespace)
    expect(behindNamespace(name, builtIn)).toBe(behind)
    expect(isPrivate(name, builtIn)).toBe(isSecret)
    expect(usersOf(name, builtIn)).toEqual(users)
  })

  it("has the marks of the configuration, which may be longer", () => {
    const name = "priv-chat::room--1++2"
    expect(namespaceOf(name, own)).toBe("chat")
    expect(behindNamespace(name, own)).toBe("room--1++2")
    expect(usersOf(name, own)).toEqual(["1", "2"])
    expect([isPrivate(name, own), isPrivate("$chat", own)]).toEqual([true, false])
    expect(namespaceOf("chat:room", own)).toBeUndefined()
  })

  it("is limited in bytes, not in characters", () => {
    expect(isFitLength("a".repeat(255), 255)).toBe(true)
    expect(isFitLength("a".repeat(256), 255)).toBe(false)
    expect(isFitLength("ä".repeat(127), 255)).toBe(true)
    expect(isFitLength("ä".repeat(128), 255)).toBe(false)
    expect(isFitLength("", 255)).toBe(false)
  })

  it("is measured as UTF-8 measures it, whatever stands in it", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", maxLength: 12 }),
        fc.integer({ min: 1, max: 30 }),
        (name, max) => {
          const bytes = Buffer.byteLength(name)
          expect(isFitLength(name, max)).toBe(bytes > 0 && bytes <= max)
        }
      )
    )
  })

  it("is ASCII or not", () => {
    expect(["", "aZ09 ~\x00", "ä", "чат", "a\u0080", "😀"].map(isAscii)).toEqual([
      true,
      true,
      false,
      false,
      false,
      false
    ])
  })

  it("of a user alone is in a namespace or in none", () => {
    expect(personalName("42", undefined, builtIn)).toBe("#42")
    expect(personalName("42", "own", builtIn)).toBe("own:#42")
    expect(personalName("42", "own", own)).toBe("own::--42")
  })
})
