import * as Result from "effect/Result"
import { describe, expect, it } from "vitest"
import type { Settings } from "../../../src/config/Keys.ts"
import { type ServerConfigValue, serverConfig } from "../../../src/config/ServerConfig.ts"

type ChannelsSettings = NonNullable<Settings<ServerConfigValue>["channels"]>

const problemsOf = (channels: ChannelsSettings) => {
  const config = serverConfig({ channels })
  return Result.isFailure(config) ? config.failure.problems.map(({ where, message }) => [where, message]) : []
}

const wrong = (channels: ChannelsSettings) => problemsOf(channels).map(([where]) => where)

const history = { historySize: 10, historyTtl: "1 minute" }

describe("options of channels", () => {
  it("size and lifetime of history belong together", () => {
    expect(problemsOf({ withoutNamespace: { historySize: 1 } })).toEqual([
      ["channels.withoutNamespace.historyTtl", "must be longer than 0 where historySize is set"]
    ])
    expect(problemsOf({ withoutNamespace: { historyTtl: "1 s" } })).toEqual([
      ["channels.withoutNamespace.historySize", "must be at least 1 where historyTtl is set"]
    ])
    expect(wrong({ withoutNamespace: history })).toEqual([])
  })

  it("a position lives at least as long as the entries", () => {
    const historyMetaTtl = (ttl: string) => wrong({ withoutNamespace: { ...history, historyMetaTtl: ttl } })
    expect(historyMetaTtl("59 seconds")).toEqual(["channels.withoutNamespace.historyMetaTtl"])
    expect(historyMetaTtl("60 seconds")).toEqual([])
  })

  it.each([
    { forcePositioning: true },
    { allowPositioning: true },
    { forceRecovery: true },
    { allowRecovery: true },
    { deltaPublish: true },
    { allowedDeltaTypes: ["fossil"] as const },
    { autoCacheRecover: true, forceRecoveryMode: "cache" as const }
  ])("%j needs history", (option) => {
    const [name] = Object.keys(option)
    expect(problemsOf({ withoutNamespace: option })).toEqual([
      [`channels.withoutNamespace.${name}`, "needs history: historySize and historyTtl"]
    ])
    expect(problemsOf({ withoutNamespace: { ...option, ...history } })).toEqual([])
  })

  it("what is durable is history", () => {
    const durable = { history: { durable: true } }
    expect(problemsOf({ withoutNamespace: durable, namespaces: [{ name: "news", ...durable }] })).toEqual([
      ["channels.withoutNamespace.history.durable", "needs history: historySize and historyTtl"],
      ["channels.namespaces[0].history.durable", "needs history: historySize and historyTtl"]
    ])
    expect(problemsOf({ withoutNamespace: { ...durable, ...history } })).toEqual([])
  })

  it("the newest publication comes by itself in cache mode alone", () => {
    expect(problemsOf({ withoutNamespace: { ...history, autoCacheRecover: true } })).toEqual([
      ["channels.withoutNamespace.autoCacheRecover", 'needs forceRecoveryMode "cache"']
    ])
  })

  it("are checked in every namespace, each for itself", () => {
    const namespaces = [
      { name: "good", ...history, forceRecovery: true },
      { name: "bad", forceRecovery: true, historySize: 1 }
    ]
    expect(wrong({ withoutNamespace: history, namespaces })).toEqual([
      "channels.namespaces[1].historyTtl",
      "channels.namespaces[1].forceRecovery"
    ])
  })
})

describe("what divides the names of channels", () => {
  it("can be told apart", () => {
    expect(problemsOf({ userBoundary: ":" })).toEqual([
      ["channels.userBoundary", '":" cannot be told from channels.namespaceBoundary, ":"']
    ])
    expect(wrong({ userSeparator: "#" })).toEqual(["channels.userSeparator"])
    expect(wrong({ privatePrefix: "," })).toEqual(["channels.privatePrefix"])
    expect(wrong({ namespaceBoundary: "::", userBoundary: ":" })).toEqual(["channels.userBoundary"])
    expect(wrong({ namespaceBoundary: ".", userBoundary: "::" })).toEqual([])
  })

  it("does not stand in the name of a namespace", () => {
    const namespaces = [{ name: "a1" }, { name: "a.b" }]
    expect(wrong({ namespaces, namespaceBoundary: "." })).toEqual(["channels.namespaces[1].name"])
    expect(wrong({ namespaces })).toEqual([])
  })
})

describe("the namespace of the server itself", () => {
  it("can be no other's", () => {
    expect(problemsOf({ namespaces: [{ name: "clarion.x" }, { name: "clarion" }] })).toEqual([
      ["channels.namespaces[1].name", expect.stringContaining("the server's own")]
    ])
  })
})
