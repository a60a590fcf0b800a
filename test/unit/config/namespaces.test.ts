import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import { describe, expect, it } from "vitest"
import { channelKeys } from "../../../src/config/channelKeys.ts"
import { namespaces } from "../../../src/config/namespaces.ts"
import { resolve } from "../../../src/config/resolve.ts"
import { serverKeys } from "../../../src/config/ServerConfig.ts"
import { fromEnvironment, fromJson } from "../../../src/config/sources.ts"

const decode = (json: unknown) =>
  resolve(serverKeys, [fromJson(serverKeys, { channels: { namespaces: json } }, "conf.json")])

const read = (json: unknown) => Result.getOrThrow(decode(json)).channels.namespaces

const problemsOf = (json: unknown) => {
  const decoded = decode(json)
  return Result.isFailure(decoded)
    ? decoded.failure.problems.map(({ where, message, source }) => [where, message, source])
    : []
}

describe("a namespace", () => {
  it("has a name, the options that are given, and the built-in values of all others", () => {
    const [chat] = read([{ name: "chat", presence: true, historyTtl: "5 minutes" }])
    const builtIn = Result.getOrThrow(resolve(channelKeys, []))
    expect(chat).toEqual({ ...builtIn, name: "chat", presence: true, historyTtl: Duration.minutes(5) })
  })

  it("has options with a dot in an object of their own", () => {
    const namespace = { name: "chat", historySize: 10, historyTtl: "1 hour", history: { durable: true } }
    expect(read([namespace])[0]!.history).toEqual({ durable: true })
    expect(namespaces.toJson(read([namespace]))).toMatchObject([{ history: { durable: true } }])
    expect(problemsOf([{ ...namespace, history: { durabel: true } }])[0]![1]).toContain(
      "did you mean history.durable?"
    )
  })

  it.each(["ab", "a.b", "news-2_x", "AB.12"])("may be called %s", (name) => {
    expect(read([{ name }])[0]!.name).toBe(name)
  })

  it.each(["a", "", "a:b", "a b", "ä1", "a/b", 12])("may not be called %j", (name) => {
    const [[where, message] = []] = problemsOf([{ name }])
    expect(where).toBe("channels.namespaces[0].name")
    expect(message).toContain("expected two or more of: letters, digits, -, _ and .")
  })

  it("comes from the environment as JSON", () => {
    const variables = { CLARION_CHANNELS_NAMESPACES: '[{"name":"chat","historySize":7}]' }
    const config = Result.getOrThrow(resolve(serverKeys, [fromEnvironment(serverKeys, variables, {})]))
    expect(config.channels.namespaces.map(({ name, historySize }) => [name, historySize])).toEqual([
      ["chat", 7]
    ])
  })

  it("is printed with all of its options, durations in words", () => {
    const printed = namespaces.toJson(read([{ name: "chat", historyTtl: 90_000 }])) as ReadonlyArray<object>
    expect(printed[0]).toMatchObject({ name: "chat", historyTtl: "90 seconds", presence: false })
    expect(read(printed)).toEqual(read([{ name: "chat", historyTtl: "90 seconds" }]))
  })
})

describe("problems of namespaces", () => {
  it("are told with their place, all at once", () => {
    expect(
      problemsOf([
        { name: "one", historySize: -1, presence: "yes" },
        { name: "two", historySize: 1.5 },
        { presence: true },
        "three",
        { name: "four", channelRegex: "(" }
      ])
    ).toEqual([
      ["channels.namespaces[0].historySize", "expected a whole number of at least 0, found -1", "conf.json"],
      ["channels.namespaces[0].presence", 'expected true or false, found "yes"', "conf.json"],
      ["channels.namespaces[1].historySize", "expected a whole number of at least 0, found 1.5", "conf.json"],
      ["channels.namespaces[2].name", "is missing", "conf.json"],
      ["channels.namespaces[3]", 'expected an object, found "three"', "conf.json"],
      [
        "channels.namespaces[4].channelRegex",
        "Invalid regular expression: /(/u: Unterminated group",
        "conf.json"
      ]
    ])
  })

  it("name the nearest known option", () => {
    expect(problemsOf([{ name: "one", history_size: 1, presense: true, qqqqqqqq: 1 }])).toEqual([
      ["channels.namespaces[0].history_size", "unknown key; did you mean historySize?", "conf.json"],
      ["channels.namespaces[0].presense", "unknown key; did you mean presence?", "conf.json"],
      ["channels.namespaces[0].qqqqqqqq", "unknown key", "conf.json"]
    ])
  })

  it("tell a name that stands twice, by places in the list as it was given", () => {
    expect(problemsOf([{ name: "a" }, { name: "bb" }, { name: "cc" }, { name: "bb" }])).toEqual([
      ["channels.namespaces[0].name", expect.anything(), "conf.json"],
      ["channels.namespaces[3].name", '"bb" is the name of [1], too', "conf.json"]
    ])
  })

  it.each([["chat"], [{ name: "chat" }], [5], [null]])("tell that %j is no list", (json) => {
    expect(problemsOf(json)).toEqual([
      ["channels.namespaces", expect.stringContaining("expected a list of namespaces"), "conf.json"]
    ])
  })
})
