import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "vitest"
import type { Settings } from "../../../../src/config/Keys.ts"
import { ServerConfig, type ServerConfigValue } from "../../../../src/config/ServerConfig.ts"
import { ApiKey } from "../../../../src/services/ApiKey.ts"
import { AdminSessions, MAX_SESSIONS } from "../../../../src/services/admin/AdminSessions.ts"
import { CapturedLogs } from "../../../support/CapturedLogs.ts"
import { configWith } from "../../../support/configurations.ts"
import { passwordHashes } from "../../../support/settingValues.ts"
import { WeakStore } from "../../../support/store/WeakStore.ts"

const HOUR = 3_600_000

/** One life of the server, with this store. */
const inLife = <A>(
  use: (sessions: AdminSessions["Service"]) => Effect.Effect<A>,
  {
    store = new WeakStore(),
    settings = {},
    logs = new CapturedLogs()
  }: {
    readonly store?: WeakStore
    readonly settings?: Settings<ServerConfigValue>
    readonly logs?: CapturedLogs
  } = {}
) =>
  Effect.flatMap(AdminSessions, use).pipe(
    Effect.provide(
      AdminSessions.layer.pipe(
        Layer.provide(ApiKey.layer),
        Layer.provide(store.layer),
        Layer.provide(
          Layer.succeed(
            ServerConfig,
            configWith({ auth: { apiKey: "the key" }, ...settings } as typeof settings)
          )
        ),
        Layer.provide(logs.layer)
      )
    )
  )

describe("a session of the dashboard", () => {
  it.effect("is found by its id until its time is over, and by nothing else", () =>
    inLife((sessions) =>
      Effect.gen(function* () {
        const { id, session } = yield* sessions.open("apiKey")
        expect(session.expiresAt).toBe(12 * HOUR)
        expect(sessions.find(id)).toEqual(session)
        for (const other of ["", `${id}x`, id.slice(1), id.toUpperCase()])
          expect(sessions.find(other)).toBeUndefined()
        yield* TestClock.adjust(12 * HOUR - 1)
        expect(sessions.find(id)).toEqual(session)
        yield* TestClock.adjust(1)
        expect(sessions.find(id)).toBeUndefined()
      })
    )
  )

  it.effect("lives as long as admin.sessionTime says", () =>
    inLife(
      (sessions) =>
        Effect.map(sessions.open("apiKey"), ({ session }) => expect(session.expiresAt).toBe(5 * 60_000)),
      { settings: { admin: { sessionTime: "5 minutes" } } }
    )
  )

  it.effect("ends when one logs out, and no other does", () =>
    inLife((sessions) =>
      Effect.gen(function* () {
        const [one, two] = [yield* sessions.open("apiKey"), yield* sessions.open("apiKey")]
        expect(one.id).not.toBe(two.id)
        expect(one.session.csrf).not.toBe(two.session.csrf)
        yield* sessions.close(one.id)
        yield* sessions.close("nobody's")
        expect([sessions.find(one.id), sessions.find(two.id)]).toEqual([undefined, two.session])
      })
    )
  )

  it.effect(`is the oldest of more than ${MAX_SESSIONS}: it ends`, () =>
    Effect.gen(function* () {
      const store = new WeakStore()
      const ids: Array<string> = []
      yield* inLife(
        (sessions) =>
          Effect.gen(function* () {
            for (let i = 0; i < MAX_SESSIONS + 2; i++) {
              yield* TestClock.adjust(1)
              ids.push((yield* sessions.open("apiKey")).id)
            }
            expect(ids.slice(0, 3).map((id) => sessions.find(id) === undefined)).toEqual([true, true, false])
          }),
        { store }
      )
      expect(store.store.count("admin-sessions")).toBe(MAX_SESSIONS)
      yield* inLife(
        (sessions) =>
          Effect.sync(() =>
            expect(ids.filter((id) => sessions.find(id) !== undefined)).toEqual(ids.slice(2))
          ),
        { store }
      )
    })
  )
})

describe("over a restart", () => {
  const restarted = (settings: Settings<ServerConfigValue>, by: "apiKey" | "password" = "apiKey") =>
    Effect.gen(function* () {
      const store = new WeakStore()
      const before = { admin: { passwordHash: passwordHashes[0] } }
      const { id, session } = yield* inLife((sessions) => sessions.open(by), { store, settings: before })
      const found = yield* inLife((sessions) => Effect.sync(() => sessions.find(id)), {
        store,
        settings: { ...before, ...settings } as typeof settings
      })
      return { session, found, store, id }
    })

  it.effect.each(["apiKey", "password"] as const)("a session by %s goes on, with the same CSRF token", (by) =>
    Effect.map(restarted({}, by), ({ session, found }) => expect(found).toEqual(session))
  )

  it.effect("nothing that is in the store logs in", () =>
    Effect.map(restarted({}), ({ store, id, session }) => {
      const kept = JSON.stringify(store.store.range("admin-sessions", {}))
      expect(kept).toContain(String(session.expiresAt))
      for (const secret of [id, session.csrf, "the key"]) expect(kept).not.toContain(secret)
    })
  )

  it.effect("it is over where what one logged in with is another now", () =>
    Effect.gen(function* () {
      const other = { admin: { passwordHash: passwordHashes[1] } }
      expect((yield* restarted(other, "password")).found).toBeUndefined()
      expect((yield* restarted({ admin: {} }, "password")).found).toBeUndefined()
      expect((yield* restarted({ auth: { apiKey: "another" } }, "apiKey")).found).toBeUndefined()
      expect((yield* restarted(other, "apiKey")).found).toBeDefined()
    })
  )

  it.effect("those that are over leave the store", () =>
    Effect.gen(function* () {
      const store = new WeakStore()
      const logIn = inLife((sessions) => sessions.open("apiKey"), { store })
      yield* logIn
      yield* TestClock.adjust(HOUR)
      yield* logIn
      yield* TestClock.adjust(11 * HOUR)
      yield* inLife(() => Effect.void, { store })
      expect(store.store.count("admin-sessions")).toBe(1)
    })
  )

  it.effect("what is no session in the store is passed over", () =>
    Effect.gen(function* () {
      const store = new WeakStore()
      const table = "admin-sessions"
      store.store.commit([
        { table, key: [7], value: 1 },
        { table, key: ["a"], value: null },
        { table, key: ["b"], value: { expiresAt: "later", means: "x" } }
      ])
      const { id } = yield* inLife((sessions) => sessions.open("apiKey"), { store })
      expect(yield* inLife((sessions) => Effect.sync(() => sessions.find(id)), { store })).toBeDefined()
    })
  )
})

describe("a store that fails", () => {
  it.effect("loses no session while the process lives, and says that it will", () =>
    Effect.gen(function* () {
      const [store, logs] = [new WeakStore(), new CapturedLogs()]
      store.commits = "fail"
      store.areReadsBroken = true
      yield* inLife(
        (sessions) =>
          Effect.gen(function* () {
            const { id } = yield* sessions.open("apiKey")
            expect(sessions.find(id)).toBeDefined()
            yield* sessions.close(id)
            expect(sessions.find(id)).toBeUndefined()
          }).pipe(Effect.provide(logs.layer)),
        { store, logs }
      )
      expect(logs.texts("Warn")).toEqual([
        expect.stringContaining("cannot be read"),
        expect.stringContaining("will not outlive this process"),
        expect.stringContaining("will not outlive this process")
      ])
    })
  )
})
