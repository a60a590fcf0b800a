import { describe, expect, it } from "vitest"
import { MAX_LOCAL_ADDRESSES, parseLocalAddresses } from "../../../src/config/localAddresses.ts"

describe("local addresses", () => {
  it.each([
    ["0.0.0.0", ["0.0.0.0"]],
    ["127.0.1.1, 127.0.1.2", ["127.0.1.1", "127.0.1.2"]],
    ["127.0.1.254-127.0.2.1", ["127.0.1.254", "127.0.1.255", "127.0.2.0", "127.0.2.1"]],
    ["10.0.0.2,10.0.0.1 - 10.0.0.3", ["10.0.0.2", "10.0.0.1", "10.0.0.3"]],
    ["255.255.255.255-255.255.255.255", ["255.255.255.255"]],
    [
      ["127.0.1.1-127.0.1.2", "10.0.0.1"],
      ["127.0.1.1", "127.0.1.2", "10.0.0.1"]
    ]
  ])("%j are %j", (list, addresses) => {
    expect(parseLocalAddresses(list)).toEqual(addresses)
  })

  it.each([
    "",
    "127.0.1",
    "127.0.1.256",
    "localhost",
    "::1",
    "10.0.0.1-10.0.0.2-10.0.0.3",
    "10.0.0.1-",
    "10.0.0.2-10.0.0.1"
  ])("%j is refused with what was found", (text) => {
    expect(parseLocalAddresses(text)).toEqual({
      problems: [{ kind: "badLocalAddress", found: text, message: expect.stringMatching(/^expected /) }]
    })
  })

  it("every problem of a list is told at once", () => {
    const parsed = parseLocalAddresses("x, 127.0.1.1, y-z")
    expect(parsed).toMatchObject({ problems: [{ found: "x" }, { found: "y-z" }] })
  })

  it("may be MAX_LOCAL_ADDRESSES and not one more, in one range or several", () => {
    expect(parseLocalAddresses("10.0.0.0-10.0.255.255")).toHaveLength(MAX_LOCAL_ADDRESSES)
    expect(parseLocalAddresses("10.0.0.0-10.1.0.0")).toMatchObject({
      problems: [{ found: "10.0.0.0-10.1.0.0" }]
    })
    expect(parseLocalAddresses("10.0.0.0-10.0.255.255, 10.1.0.0")).toMatchObject({
      problems: [{ found: "10.1.0.0" }]
    })
    expect(parseLocalAddresses("0.0.0.0-255.255.255.255")).toMatchObject({ problems: [{}] })
  })
})
