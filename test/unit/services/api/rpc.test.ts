import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import type { RpcMethod } from "../../../../src/services/api/RpcMethods.ts"
import { ApiFixture } from "../../../support/api/ApiFixture.ts"

const json = (text: string) => Effect.succeed<Uint8Array>(Buffer.from(text))

describe("rpc", () => {
  it.each(["none", "constructor"])("of a method that nobody has, %s, is error 104", async (method) => {
    expect(await new ApiFixture().code("/api/rpc", { method })).toBe(104)
  })

  it.each([{}, { method: "" }])("without a method is error 107: %j", async (request) => {
    expect(await new ApiFixture().code("/api/rpc", request)).toBe(107)
  })

  it("gives the method its params and answers what it says, byte for byte", async () => {
    const echo: RpcMethod = (params) => Effect.succeed(params)
    const api = new ApiFixture({}, { echo })
    const odd = '{"n":123456789012345678901234567890, "2":1,"1":"\\u00e9"}'
    expect((await api.ask("/api/rpc", `{"method":"echo","params":${odd}}`)).body).toBe(
      `{"result":{"data":${odd}}}`
    )
    expect((await api.ask("/api/rpc", { method: "echo" })).body).toBe('{"result":{}}')
  })

  it("tells the error with which it fails", async () => {
    const api = new ApiFixture({}, { fail: () => Effect.fail({ code: 1000, message: 'no "luck"' }) })
    expect(await api.json("/api/rpc", { method: "fail" })).toEqual({
      error: { code: 1000, message: 'no "luck"' }
    })
  })

  it.each<readonly [string, RpcMethod, RegExp]>([
    [
      "answers something else than JSON",
      () => json("{"),
      /method bad answered with something else than JSON/
    ],
    ["answers bytes", () => Effect.succeed(Buffer.from([0xff])), /something else than JSON/],
    ["dies", () => Effect.die(new Error("a bug")), /rpc failed.*a bug/s],
    [
      "throws",
      () => {
        throw new Error("a bug")
      },
      /rpc failed.*a bug/s
    ]
  ])("is error 100, and logged, where the method %s", async (_, bad, logged) => {
    const api = new ApiFixture({}, { bad })
    expect(await api.code("/api/rpc", { method: "bad" })).toBe(100)
    expect(api.logs.texts("Error")).toEqual([expect.stringMatching(logged)])
  })

  it("is error 100 where the method takes too long, which is interrupted", async () => {
    const interrupted = Deferred.makeUnsafe<void>()
    const slow: RpcMethod = () =>
      Effect.onInterrupt(Effect.never, () => Deferred.succeed(interrupted, undefined))
    const api = new ApiFixture({ limits: { hookTimeout: 1 } }, { slow })
    expect(await api.code("/api/rpc", { method: "slow" })).toBe(100)
    await Effect.runPromise(Deferred.await(interrupted))
    expect(api.logs.texts("Error")).toEqual([expect.stringContaining("did not answer within 1ms")])
  })
})
