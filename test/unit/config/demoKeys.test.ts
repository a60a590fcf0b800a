import * as Result from "effect/Result"
import { describe, expect, it } from "vitest"
import type { Settings } from "../../../src/config/Keys.ts"
import { type ServerConfigValue, serverConfig } from "../../../src/config/ServerConfig.ts"

const problemsOf = (settings: Settings<ServerConfigValue>) => {
  const config = serverConfig(settings)
  return Result.isFailure(config) ? config.failure.problems.map(({ where, message }) => [where, message]) : []
}

const on = { demo: { enabled: true }, client: { allowAnonymousConnectWithoutToken: true } }

describe("the demo", () => {
  it("is off", () => {
    expect(Result.getOrThrow(serverConfig()).demo.enabled).toBe(false)
  })

  it("takes the namespace of its name, where it is on", () => {
    const channels = { namespaces: [{ name: "chat" }, { name: "demo" }] }
    expect(problemsOf({ channels })).toEqual([])
    expect(problemsOf({ ...on, channels })).toEqual([
      [
        "channels.namespaces[1].name",
        '"demo" is the demo\'s where demo.enabled is true; take another name, or turn the demo off'
      ]
    ])
    expect(problemsOf({ ...on, channels: { namespaces: [{ name: "demo2" }] } })).toEqual([])
  })

  it("needs the marks of channels that its page uses", () => {
    expect(problemsOf({ ...on, channels: { namespaceBoundary: "/" } })).toEqual([
      ["channels.namespaceBoundary", 'must be ":" where demo.enabled is true']
    ])
    expect(problemsOf({ ...on, channels: { privatePrefix: "dem" } }).map(([where]) => where)).toEqual([
      "channels.privatePrefix"
    ])
    expect(problemsOf({ channels: { namespaceBoundary: "/" } })).toEqual([])
  })

  it("needs a way for visitors without a token to connect", () => {
    const demo = { enabled: true }
    expect(problemsOf({ demo })).toEqual([
      ["demo.enabled", "needs client.allowAnonymousConnectWithoutToken: visitors of the demo have no token"]
    ])
    expect(problemsOf({ demo, client: { insecure: true } })).toEqual([])
    const connect = { enabled: true, endpoint: "http://localhost:1/connect" }
    expect(problemsOf({ demo, client: { proxy: { connect } } } as never)).toEqual([])
  })
})
