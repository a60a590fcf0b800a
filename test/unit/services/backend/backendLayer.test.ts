/** Which of the hooks and proxies is asked. */
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "vitest"
import type { ChannelOptions } from "../../../../src/config/channelKeys.ts"
import type { Settings } from "../../../../src/config/Keys.ts"
import { ServerConfig, type ServerConfigValue } from "../../../../src/config/ServerConfig.ts"
import {
  Backend,
  BackendError,
  BackendFailed,
  BackendHooks,
  type BackendHooksShape
} from "../../../../src/services/backend/Backend.ts"
import { layerBackend } from "../../../../src/services/backend/backendLayer.ts"
import { OWN_OPTIONS } from "../../../../src/services/channels/ownChannels.ts"
import { Metrics } from "../../../../src/services/Metrics.ts"
import { CapturedLogs } from "../../../support/CapturedLogs.ts"
import { configWith } from "../../../support/configurations.ts"
import { HttpBackend, json } from "../../../support/HttpBackend.ts"
import { bytes, facts, textOf, user } from "../../../support/questions.ts"

const run = <A, E>(
  settings: Settings<ServerConfigValue>,
  use: (backend: Backend["Service"]) => Effect.Effect<A, E, Scope.Scope>,
  hooks: BackendHooksShape = {},
  logs = new CapturedLogs()
) =>
  Effect.flatMap(Backend, use).pipe(
    Effect.provide(
      layerBackend.pipe(
        Layer.provide(Metrics.layer),
        Layer.provide(Layer.succeed(ServerConfig, configWith(settings))),
        Layer.provide(Layer.succeed(BackendHooks, hooks))
      )
    ),
    Effect.provide(logs.layer)
  )

const options = (settings: Partial<ChannelOptions> = {}): ChannelOptions => ({
  ...configWith().channels.withoutNamespace,
  ...settings
})
const endpoint = "http://127.0.0.1:9/"
const published = { ...user, channel: "news", data: bytes("1") }

/** A backend that answers every question in its own way, and tells by paths which were asked. */
const start = Effect.promise(() =>
  HttpBackend.start(({ path }, response, index) =>
    json({ result: { user: path, info: path, data: path, expire_at: 7 } })({} as never, response, index)
  )
)

describe("without configuration", () => {
  it.effect("there is nobody to ask, and no header to keep", () =>
    run({}, (backend) =>
      Effect.sync(() => {
        const { connect, refresh, subscribe, publish, subRefresh, rpc } = backend
        expect([connect, refresh, rpc("m"), rpc("a:m")]).toEqual([undefined, undefined, undefined, undefined])
        for (const one of [subscribe, publish, subRefresh]) expect(one(options())).toBeUndefined()
        expect(backend.wantsHeader("cookie")).toBe(false)
        expect(backend.wantsEmulatedHeader("Authorization")).toBe(false)
      })
    )
  )

  it.effect("an endpoint alone enables nothing", () =>
    run(
      {
        client: { proxy: { connect: { endpoint, httpHeaders: ["Cookie"] }, refresh: { endpoint } } },
        channels: { proxy: { subscribe: { endpoint }, publish: { endpoint }, subRefresh: { endpoint } } },
        rpc: { proxy: { endpoint } }
      },
      (backend) =>
        Effect.sync(() => {
          expect([backend.connect, backend.refresh, backend.rpc("m")]).toEqual([
            undefined,
            undefined,
            undefined
          ])
          expect(backend.subscribe(options())).toBeUndefined()
          expect(backend.wantsHeader("cookie")).toBe(false)
        })
    )
  )
})

describe("each kind of question", () => {
  it.effect("goes to the proxy of its kind", () =>
    Effect.gen(function* () {
      const { url, requests } = yield* start
      yield* run(
        {
          client: {
            proxy: {
              connect: { enabled: true, endpoint: `${url}/connect` },
              refresh: { enabled: true, endpoint: `${url}/refresh` }
            }
          },
          channels: {
            proxy: {
              subscribe: { endpoint: `${url}/subscribe` },
              publish: { endpoint: `${url}/publish` },
              subRefresh: { endpoint: `${url}/sub_refresh` }
            }
          },
          rpc: { proxy: { endpoint: `${url}/rpc` }, withoutNamespace: { proxyEnabled: true } }
        },
        ({ connect, refresh, subscribe, publish, subRefresh, rpc }) =>
          Effect.gen(function* () {
            expect((yield* connect!({ ...facts, channels: [] })).user).toBe("/connect")
            expect(textOf((yield* refresh!(user)).info)).toBe('"/refresh"')
            const enabled = options({
              subscribeProxyEnabled: true,
              publishProxyEnabled: true,
              subRefreshProxyEnabled: true
            })
            const question = { ...user, channel: "news" }
            expect(textOf((yield* subscribe(enabled)!(question)).info)).toBe('"/subscribe"')
            expect(textOf((yield* publish(enabled)!(published)).data)).toBe('"/publish"')
            expect((yield* subRefresh(enabled)!(question)).expireAt).toBe(7)
            expect(textOf(yield* rpc("m")!({ ...user, method: "m" }))).toBe('"/rpc"')
            expect(requests.all.map(({ path }) => path).slice(4)).toEqual(["/sub_refresh", "/rpc"])
          })
      )
    })
  )

  it.effect("goes to the proxy of its name", () =>
    Effect.gen(function* () {
      const { url, requests } = yield* start
      yield* run(
        {
          channels: { proxy: { subscribe: { endpoint: `${url}/default` } } },
          proxies: [
            { name: "mine", endpoint: `${url}/mine`, httpHeaders: ["Cookie"], emulatedHeaders: ["X-Token"] },
            { name: "theirs", endpoint: `${url}/theirs` }
          ]
        },
        ({ subscribe, publish, subRefresh, ...backend }) =>
          Effect.gen(function* () {
            const question = { ...user, channel: "news" }
            for (const subscribeProxyName of ["default", "mine", "theirs"])
              yield* subscribe(options({ subscribeProxyEnabled: true, subscribeProxyName }))!(question)
            yield* publish(options({ publishProxyEnabled: true, publishProxyName: "mine" }))!(published)
            yield* subRefresh(options({ subRefreshProxyEnabled: true, subRefreshProxyName: "theirs" }))!(
              question
            )
            expect(requests.all.map(({ path }) => path)).toEqual([
              "/default",
              "/mine",
              "/theirs",
              "/mine",
              "/theirs"
            ])
            expect(["cookie", "origin"].map(backend.wantsHeader)).toEqual([true, false])
            expect(["X-TOKEN", "x-token", "cookie"].map(backend.wantsEmulatedHeader)).toEqual([
              true,
              true,
              false
            ])
          })
      )
    })
  )
})

describe("remote procedures", () => {
  it.effect("are answered by the proxy of their namespace", () =>
    Effect.gen(function* () {
      const { url, requests } = yield* start
      yield* run(
        {
          rpc: {
            proxy: { endpoint: `${url}/default` },
            namespaceBoundary: "::",
            withoutNamespace: { proxyEnabled: true },
            namespaces: [
              { name: "one", proxyEnabled: true, proxyName: "mine" },
              { name: "two", proxyEnabled: true },
              { name: "off" }
            ]
          },
          proxies: [{ name: "mine", endpoint: `${url}/mine` }]
        },
        ({ rpc }) =>
          Effect.gen(function* () {
            const call = (method: string) => rpc(method)!({ ...user, method })
            for (const method of ["m", "a:b", "one::m", "one::m::n", "two::m", ""]) yield* call(method)
            const asked = requests.all.map(({ path, text }) => [JSON.parse(text).method, path])
            expect(asked).toEqual([
              ["m", "/default"],
              ["a:b", "/default"],
              ["one::m", "/mine"],
              ["one::m::n", "/mine"],
              ["two::m", "/default"],
              [undefined, "/default"]
            ])
            expect(rpc("off::m")).toBeUndefined()
            const error = yield* Effect.flip(call("three::m"))
            expect(error).toEqual(
              new BackendError({ code: 104, message: "method not found", isTemporary: false })
            )
          })
      )
    })
  )
})

describe("hooks of an embedding program", () => {
  it.effect("are asked in place of the proxies, whatever the options of a channel", () =>
    Effect.gen(function* () {
      const { requests } = yield* start
      const hooks: BackendHooksShape = {
        connect: () => Effect.succeed({ user: "hook", subs: new Map() }),
        refresh: () => Effect.succeed({ isExpired: true }),
        subscribe: ({ channel }) => Effect.succeed({ info: bytes(`"${channel}"`) }),
        publish: () => Effect.fail(new BackendError({ code: 400, message: "no", isTemporary: false })),
        subRefresh: () => Effect.succeed({ isExpired: true }),
        rpc: ({ method }) => Effect.succeed(bytes(`"${method}"`))
      }
      yield* run(
        { client: { proxy: { connect: { enabled: true, endpoint } } } },
        ({ connect, refresh, subscribe, publish, subRefresh, rpc, ...backend }) =>
          Effect.gen(function* () {
            expect((yield* connect!({ ...facts, channels: [] })).user).toBe("hook")
            expect(yield* refresh!(user)).toEqual({ isExpired: true })
            const question = { ...user, channel: "news" }
            expect(textOf((yield* subscribe(options())!(question)).info)).toBe('"news"')
            expect(yield* Effect.flip(publish(options())!(published))).toMatchObject({ code: 400 })
            expect(yield* subRefresh(options())!(question)).toEqual({ isExpired: true })
            expect(textOf(yield* rpc("any:m")!({ ...user, method: "any:m" }))).toBe('"any:m"')
            expect([backend.wantsHeader("x-any"), backend.wantsEmulatedHeader("X-Any")]).toEqual([true, true])
          }),
        hooks
      )
      expect(requests.all).toEqual([])
    })
  )

  it.effect("are not asked about channels of the server itself, which clients subscribe to by tokens", () =>
    run({}, ({ subRefresh }) => Effect.sync(() => expect(subRefresh(OWN_OPTIONS)).toBeUndefined()), {
      subRefresh: () => Effect.succeed({ isExpired: true })
    })
  )

  it.effect("that are absent leave the proxies as they are", () =>
    run(
      { client: { proxy: { connect: { enabled: true, endpoint } } } },
      ({ connect, refresh }) =>
        Effect.sync(() => expect([connect !== undefined, refresh !== undefined]).toEqual([true, true])),
      { refresh: () => Effect.succeed({ isExpired: false }) }
    )
  )

  it.effect("that die have failed, and are logged", () =>
    Effect.gen(function* () {
      const logs = new CapturedLogs()
      const dying: ReadonlyArray<NonNullable<BackendHooksShape["rpc"]>> = [
        () => {
          throw new Error("thrown")
        },
        () => Effect.die(new Error("died"))
      ]
      for (const rpc of dying) {
        const error = yield* run(
          {},
          (backend) => Effect.flip(backend.rpc("m")!({ ...user, method: "m" })),
          { rpc },
          logs
        )
        expect(error).toBeInstanceOf(BackendFailed)
      }
      expect(logs.texts("Warn").map((line) => line.split("\n")[0])).toEqual([
        "the hook rpc failed: Error: thrown",
        "the hook rpc failed: Error: died"
      ])
    })
  )

  it.effect("that do not answer in time have failed", () =>
    run(
      { limits: { hookTimeout: "3 s" } },
      (backend) =>
        Effect.gen(function* () {
          const asked = yield* Effect.forkChild(Effect.flip(backend.refresh!(user)), {
            startImmediately: true
          })
          yield* TestClock.adjust("2999 millis")
          expect(asked.pollUnsafe()).toBeUndefined()
          yield* TestClock.adjust("1 millis")
          expect(yield* Fiber.join(asked)).toEqual(
            new BackendFailed({ detail: "the hook refresh: no answer in time" })
          )
        }),
      { refresh: () => Effect.never }
    )
  )
})
