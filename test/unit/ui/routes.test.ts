import { describe, expect, it } from "vitest"
import { hashOf, keyOf, routeOf } from "../../../src/ui/dashboard/routes.ts"

describe("addresses of views", () => {
  it("lead back to where they are from, whatever a channel is called", () => {
    for (const item of ["news", "chat:a/b", "#5?x=1&y", "ä 100%", "a#b"]) {
      expect(routeOf(hashOf("channels", item))).toEqual({ view: "channels", item, query: {} })
    }
    expect(routeOf(hashOf("channels", undefined, { pattern: "news:*?&" }))).toEqual({
      view: "channels",
      query: { pattern: "news:*?&" }
    })
    expect(routeOf(hashOf("actors"))).toEqual({ view: "actors", query: {} })
  })

  it("are the overview where nobody knows them", () => {
    for (const hash of ["", "#", "#/", "#/nowhere/x", "#key=abc"]) {
      expect(routeOf(hash)).toEqual({ view: "overview", query: {} })
    }
  })

  it("may be broken, or typed by hand", () => {
    expect(routeOf("#/channels/chat:a/b")).toEqual({ view: "channels", item: "chat:a/b", query: {} })
    expect(routeOf("#/channels/100%")).toEqual({ view: "channels", item: "100%", query: {} })
  })
})

describe("a start-up link", () => {
  it("carries the key", () => {
    expect(keyOf("#key=abc-_1")).toBe("abc-_1")
    expect(keyOf("#key=a%2Fb")).toBe("a/b")
    expect(keyOf("#key=")).toBeUndefined()
    expect(keyOf("#/overview?key=abc")).toBeUndefined()
  })
})
