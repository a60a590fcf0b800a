import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { describe, expect } from "vitest"
import type { Settings } from "../../../../src/config/Keys.ts"
import { ServerConfig, type ServerConfigValue } from "../../../../src/config/ServerConfig.ts"
import { ErrorCodes } from "../../../../src/protocol/codes.ts"
import { Channels, isErrorCode, makeChannels } from "../../../../src/services/channels/Channels.ts"
import { DEMO_OPTIONS } from "../../../../src/services/channels/demoNamespace.ts"
import { ownOptionsOf } from "../../../../src/services/channels/ownChannels.ts"
import { configWith } from "../../../support/configurations.ts"

const withChannels = (channels: Settings<ServerConfigValue>["channels"] = {}) =>
  makeChannels(configWith({ channels }))

const chat = { name: "chat", presence: true }
const digits = { name: "digits", channelRegex: "^[0-9]+$" }
const words = { name: "words", channelRegex: "^\\p{L}+$" }

describe("options of a channel", () => {
  const config = configWith({
    channels: { withoutNamespace: { joinLeave: true }, namespaces: [chat, digits] }
  })
  const { optionsOf } = makeChannels(config)

  it("are those of its namespace, the same object for all of its channels", () => {
    expect(optionsOf("chat:index")).toBe(config.channels.namespaces[0])
    expect(optionsOf("$chat:other#1")).toBe(config.channels.namespaces[0])
    expect(optionsOf("digits:1")).toBe(config.channels.namespaces[1])
  })

  it("are those of channels without namespace, where it has none", () => {
    for (const name of ["news", "$news", "#42", "a/b", "*"])
      expect(optionsOf(name)).toBe(config.channels.withoutNamespace)
  })

  it.each(["none:index", "$none:index", ":index", "Chat:index", "chat :x", "__proto__:x", "constructor:x"])(
    "are unknown for %j",
    (name) => {
      expect(optionsOf(name)).toBe(ErrorCodes.unknownChannel)
    }
  )

  it("are the demo's for its namespace, where the demo is on", () => {
    const client = { allowAnonymousConnectWithoutToken: true }
    const demo = makeChannels(configWith({ demo: { enabled: true }, client }))
    expect(demo.optionsOf("demo:chat")).toBe(DEMO_OPTIONS)
    expect(demo.optionsForSubscriber("demo:chat")).toBe(DEMO_OPTIONS)
    for (const other of ["demo:", "demo:chat2", "demo:chat:1", "demo:chat#1", "demo:Chat"])
      expect(demo.optionsForSubscriber(other)).toBe(ErrorCodes.badRequest)
    expect(demo.optionsOf("chat")).not.toBe(DEMO_OPTIONS)
    expect(optionsOf("demo:chat")).toBe(ErrorCodes.unknownChannel)
  })

  it("do not exist for names that are empty or too long", () => {
    expect(optionsOf("")).toBe(ErrorCodes.badRequest)
    expect(optionsOf("a".repeat(256))).toBe(ErrorCodes.badRequest)
    expect(optionsOf(`none:${"a".repeat(256)}`)).toBe(ErrorCodes.badRequest)
    expect(withChannels({ maxLength: 4 }).optionsOf("abcde")).toBe(ErrorCodes.badRequest)
    expect(isErrorCode(withChannels({ maxLength: 4 }).optionsOf("abcd"))).toBe(false)
  })

  it("are there for the server whatever the letters", () => {
    expect(optionsOf("чат")).toBe(config.channels.withoutNamespace)
    expect(optionsOf("digits:abc")).toBe(config.channels.namespaces[1])
  })
})

describe("the server's own channels", () => {
  it.each<[string, Settings<ServerConfigValue>["channels"]]>([
    ["as it is built in", {}],
    ["with a boundary of another kind", { namespaceBoundary: "/" }],
    ["with a longer boundary", { namespaceBoundary: "::" }],
    ["with a boundary in the name", { namespaceBoundary: "n", namespaces: [{ name: "clario" }] }],
    ["with a prefix in the name", { privatePrefix: "c", namespaces: [{ name: "larion" }] }]
  ])("are unknown %s", (_, channels) => {
    const { optionsOf, optionsForSubscriber } = withChannels(channels)
    for (const channel of ["clarion:overview", "clarion:", "clarion:more", "clarion:a/b::c"]) {
      expect(optionsOf(channel)).toBe(ErrorCodes.unknownChannel)
      expect(optionsForSubscriber(channel)).toBe(ErrorCodes.unknownChannel)
    }
    expect(isErrorCode(optionsOf("o"))).toBe(false)
  })

  it("are those of the dashboard, and have the options of states", () => {
    expect(ownOptionsOf("clarion:overview")).toMatchObject({ historySize: 1, forceRecoveryMode: "cache" })
    for (const other of ["clarion:more", "clarion:", "overview", "$clarion:overview"])
      expect(ownOptionsOf(other)).toBeUndefined()
  })
})

describe("a client that subscribes", () => {
  const { optionsForSubscriber } = withChannels({ namespaces: [chat, digits, words] })

  it.each([
    ["news", undefined],
    ["чат", ErrorCodes.badRequest],
    ["chat:index", undefined],
    ["chat:индекс", ErrorCodes.badRequest],
    ["digits:123", undefined],
    ["$digits:123", undefined],
    ["digits:12a", ErrorCodes.badRequest],
    ["digits:", ErrorCodes.badRequest],
    ["words:индекс", undefined],
    ["words:a1", ErrorCodes.badRequest],
    ["none:1", ErrorCodes.unknownChannel],
    ["none:чат", ErrorCodes.unknownChannel],
    ["", ErrorCodes.badRequest],
    ["a".repeat(256), ErrorCodes.badRequest]
  ])("to %j is told %j", (name, error) => {
    const found = optionsForSubscriber(name)
    expect(isErrorCode(found) ? found : undefined).toBe(error)
  })

  it("has an expression for names without namespace, too: the whole name", () => {
    const { optionsForSubscriber } = withChannels({ withoutNamespace: { channelRegex: "^\\$?n" } })
    expect(["news", "$news", "views"].map((name) => isErrorCode(optionsForSubscriber(name)))).toEqual([
      false,
      false,
      true
    ])
  })
})

describe("facts and personal channels", () => {
  it("are told for permissions", () => {
    const { factsOf } = withChannels()
    expect(factsOf("$news#1,2")).toEqual({ isPrivate: true, users: ["1", "2"] })
    expect(factsOf("news")).toEqual({ isPrivate: false, users: undefined })
  })

  it("are there where they are on, for users with an id", () => {
    const channels = { namespaces: [{ name: "own" }] }
    const personal = (subscribeToUserPersonalChannel: object) =>
      makeChannels(configWith({ channels, client: { subscribeToUserPersonalChannel } })).personalChannel
    expect(personal({})("42")).toBeUndefined()
    expect(personal({ enabled: true })("42")).toBe("#42")
    expect(personal({ enabled: true })("")).toBeUndefined()
    expect(personal({ enabled: true, personalChannelNamespace: "own" })("42")).toBe("own:#42")
  })
})

it.effect("the service is made from the configuration", () =>
  Effect.gen(function* () {
    const { optionsOf } = yield* Channels
    assert.isFalse(isErrorCode(optionsOf("chat:1")))
    assert.strictEqual(optionsOf("none:1"), ErrorCodes.unknownChannel)
  }).pipe(
    Effect.provide(
      Channels.layer.pipe(
        Layer.provide(Layer.succeed(ServerConfig, configWith({ channels: { namespaces: [chat] } })))
      )
    )
  )
)
