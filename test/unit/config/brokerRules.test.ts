import * as Result from "effect/Result"
import { describe, expect, it } from "vitest"
import { serverConfig } from "../../../src/config/ServerConfig.ts"

type Settings = NonNullable<Parameters<typeof serverConfig>[0]>
type NatsSettings = NonNullable<NonNullable<Settings["broker"]>["nats"]>

const problems = (nats: NatsSettings): ReadonlyArray<string> => {
  const resolved = serverConfig({ broker: { type: "nats", nats } })
  return Result.isSuccess(resolved) ? [] : resolved.failure.problems.map(({ where }) => where)
}

describe("what is said of NATS", () => {
  it.each<[string, NatsSettings, ReadonlyArray<string>]>([
    ["nothing", {}, []],
    ["a user and a password", { user: "a", password: "b" }, []],
    ["a token", { token: "t" }, []],
    ["credentials and a certificate", { credentials: "a.creds", tls: { cert: "c.pem", key: "k.pem" } }, []],
    ["a user and a token", { user: "a", token: "t" }, ["broker.nats"]],
    ["credentials and a token", { credentials: "a.creds", token: "t" }, ["broker.nats"]],
    ["a password without a user", { password: "b" }, ["broker.nats.password"]],
    ["a certificate without its key", { tls: { cert: "c.pem" } }, ["broker.nats.tls"]],
    ["no server", { servers: [] }, ["broker.nats.servers"]],
    ["a server of another kind", { servers: ["http://a:1"] }, ["broker.nats.servers"]],
    ["a user in an address", { servers: ["nats://a:b@c:4222"] }, ["broker.nats.servers"]],
    [
      "a server with a port that there is not",
      { servers: ["nats://127.0.0.1:99999"] },
      ["broker.nats.servers"]
    ],
    ["a server with two ports", { servers: ["nats://a:x:y"] }, ["broker.nats.servers"]],
    ["a server by its IPv6 address", { servers: ["nats://[::1]:4222", "tls://nats.example"] }, []],
    ["a prefix with a dot", { prefix: "a.b" }, ["broker.nats.prefix"]]
  ])("%s", (_, nats, expected) => expect(problems(nats)).toEqual(expected))
})

describe("what is said of NATS without broker.type", () => {
  const problemsOf = (broker: NonNullable<Settings["broker"]>) => {
    const resolved = serverConfig({ broker })
    return Result.isSuccess(resolved) ? "" : resolved.failure.message
  }

  it.each<NatsSettings>([{ servers: ["nats://127.0.0.1:4222"] }, { prefix: "a" }])("is refused: %j", (nats) =>
    expect(problemsOf({ nats })).toMatch(
      /broker\.type: broker\.nats\.\w+ is given.*set broker\.type to "nats"/
    )
  )

  it.each<"memory" | "nats">(["memory", "nats"])("is fine with %s, which is meant so", (type) =>
    expect(problemsOf({ type, nats: { prefix: "a" } })).toBe("")
  )

  it("is not refused where nothing is said", () => expect(problemsOf({})).toBe(""))
})

it("a password in an address is refused, not shown, and whoever put it there is told where it belongs", () => {
  const servers = ["nats://bob:hunter2@host:4222"]
  const resolved = serverConfig({ broker: { type: "nats", nats: { servers } } })
  const said = Result.isFailure(resolved) ? JSON.stringify(resolved.failure.problems) : ""
  expect(said).toContain("broker.nats.user")
  expect(said).not.toMatch(/bob|hunter2/)
})
