import { describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "vitest"
import { makeHookRunner } from "../../../src/actors/hookRunner.ts"
import type { Settings } from "../../../src/config/Keys.ts"
import type { ServerConfigValue } from "../../../src/config/ServerConfig.ts"
import { Hooks, type HooksShape } from "../../../src/services/Hooks.ts"
import type { ConnectRequest, Decision } from "../../../src/services/Transport.ts"
import { CapturedLogs } from "../../support/CapturedLogs.ts"
import { configWith } from "../../support/configurations.ts"
import { FakeConnection } from "../../support/FakeConnection.ts"

const request = (url = "/"): ConnectRequest => ({ url, headers: new Map(), address: "127.0.0.1" })
const text = (data: Uint8Array) => Buffer.from(data).toString()

const makeRunner = (hooks: HooksShape, settings: Settings<ServerConfigValue> = {}) =>
  Effect.provideService(makeHookRunner(configWith(settings)), Hooks, hooks)

/** No real close code: the end of what `flushed` waits for. */
const FLUSH = -1

/** As `makeRunner`, with an Effect that waits until all that happened before has been run. */
const makeFlushed = Effect.fnUntraced(function* (
  { onMessage, onClose }: HooksShape,
  settings?: Settings<ServerConfigValue>
) {
  let reached = Deferred.makeUnsafe<void>()
  const hooks: HooksShape = {
    onMessage: onMessage ?? (() => Effect.void),
    onClose: (connection, code) =>
      code === FLUSH
        ? Effect.asVoid(Deferred.succeed(reached, undefined))
        : (onClose?.(connection, code) ?? Effect.void)
  }
  const { message, closed, dropped } = yield* makeRunner(hooks, settings)
  const connection = new FakeConnection()
  return {
    connection,
    say: (word: string) => message!(connection, Buffer.from(word), false),
    close: (code: number) => closed!(connection, code),
    dropped,
    flushed: Effect.suspend(() => {
      reached = Deferred.makeUnsafe()
      closed!(connection, FLUSH)
      return Deferred.await(reached)
    })
  }
})

const test = (name: string, body: (logs: CapturedLogs) => Effect.Effect<void, unknown, Scope.Scope>) => {
  const logs = new CapturedLogs()
  it.effect(name, () => Effect.provide(body(logs), logs.layer))
}

/** A hook that waits until it is let go. */
const gate = () => {
  const open = Deferred.makeUnsafe<void>()
  return { wait: Deferred.await(open), open: Deferred.succeed(open, undefined) }
}

describe("hooks that are absent", () => {
  test("are absent in the runner too, so that nothing is asked", () =>
    Effect.gen(function* () {
      const { decide, message, closed, dropped } = yield* makeRunner({})
      expect([decide, message, closed, dropped()]).toEqual([undefined, undefined, undefined, 0])
    }))
})

describe("onMessage and onClose", () => {
  test("run one after the other, in the order in which things happened", () =>
    Effect.gen(function* () {
      const first = gate()
      const seen: Array<string> = []
      const { say, close, flushed } = yield* makeFlushed({
        onMessage: (_, data) =>
          Effect.gen(function* () {
            seen.push(`${text(data)} begins`)
            if (text(data) === "a") yield* first.wait
            seen.push(`${text(data)} ends`)
          }),
        onClose: (_, code) => Effect.sync(() => void seen.push(`closed ${code}`))
      })
      say("a")
      say("b")
      close(1001)
      yield* TestClock.adjust("1 hour")
      expect(seen).toEqual(["a begins"])
      yield* first.open
      yield* flushed
      expect(seen).toEqual(["a begins", "a ends", "b begins", "b ends", "closed 1001"])
    }))

  test("get the connection, a copy of the bytes, and the kind of the message", () =>
    Effect.gen(function* () {
      const [seen, both] = [[] as Array<unknown>, Deferred.makeUnsafe<void>()]
      const { message } = yield* makeRunner({
        onMessage: (connection, data, isBinary) =>
          Effect.suspend(() => {
            seen.push([connection, text(data), isBinary])
            return seen.length === 2 ? Deferred.succeed(both, undefined) : Effect.void
          })
      })
      const connection = new FakeConnection()
      const bytes = Buffer.from("abc")
      message!(connection, bytes, true)
      bytes.fill("x")
      message!(connection, bytes, false)
      yield* Deferred.await(both)
      expect(seen).toEqual([
        [connection, "abc", true],
        [connection, "xxx", false]
      ])
    }))

  const failures: ReadonlyArray<readonly [string, () => Effect.Effect<void, unknown>]> = [
    ["fails", () => Effect.fail("no")],
    ["dies", () => Effect.die(new Error("no"))],
    [
      "throws",
      () => {
        throw new Error("no")
      }
    ],
    ["interrupts itself", () => Effect.interrupt]
  ]
  for (const [what, fail] of failures) {
    test(`one that ${what} is logged, and the next one runs`, (logs) =>
      Effect.gen(function* () {
        const seen: Array<string> = []
        const { say, close, flushed } = yield* makeFlushed({
          onMessage: (_, data) =>
            text(data) === "bad" ? fail() : Effect.sync(() => void seen.push(text(data))),
          onClose: (_, code) => (code === 1002 ? fail() : Effect.sync(() => void seen.push(String(code))))
        })
        say("bad")
        say("good")
        close(1002)
        close(1000)
        yield* flushed
        expect(seen).toEqual(["good", "1000"])
        expect(logs.texts("Error")).toEqual(["a hook failed", "a hook failed"])
      }))
  }

  test("end with the scope", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const [begun, interrupted] = [Deferred.makeUnsafe<void>(), Deferred.makeUnsafe<void>()]
      const { say } = yield* makeFlushed({
        onMessage: () =>
          Effect.andThen(Deferred.succeed(begun, undefined), Effect.never).pipe(
            Effect.onInterrupt(() => Deferred.succeed(interrupted, undefined))
          )
      }).pipe(Scope.provide(scope))
      say("a")
      yield* Deferred.await(begun)
      yield* Scope.close(scope, Exit.void)
      yield* Deferred.await(interrupted)
    }))
})

describe("the queue of hooks", () => {
  test("holds limits.hookQueue messages beside the one that runs; more are dropped and counted", () =>
    Effect.gen(function* () {
      const first = gate()
      const begun = Deferred.makeUnsafe<void>()
      const seen: Array<string> = []
      const { say, dropped, flushed } = yield* makeFlushed(
        {
          onMessage: (_, data) =>
            Effect.gen(function* () {
              yield* Deferred.succeed(begun, undefined)
              yield* first.wait
              seen.push(text(data))
            })
        },
        { limits: { hookQueue: 3 } }
      )
      say("a")
      yield* Deferred.await(begun)
      for (const word of ["b", "c", "d", "e", "f"]) say(word)
      expect(dropped()).toBe(2)
      yield* first.open
      yield* flushed
      expect(seen).toEqual(["a", "b", "c", "d"])
      for (const word of ["g", "h", "i", "j"]) say(word)
      expect(dropped()).toBe(3)
      yield* flushed
      expect(seen.slice(4)).toEqual(["g", "h", "i"])
    }))

  test("never drops a close", () =>
    Effect.gen(function* () {
      const first = gate()
      const codes: Array<number> = []
      const { say, close, dropped, flushed } = yield* makeFlushed(
        { onMessage: () => first.wait, onClose: (_, code) => Effect.sync(() => void codes.push(code)) },
        { limits: { hookQueue: 1 } }
      )
      for (let i = 0; i < 5; i++) say("a")
      const all = Array.from({ length: 100 }, (_, i) => 3000 + i)
      for (const code of all) close(code)
      yield* first.open
      yield* flushed
      expect(codes).toEqual(all)
      expect(dropped()).toBe(4)
    }))
})

describe("onConnect", () => {
  const decided = (decision: Promise<Decision>) => Effect.promise(() => decision)
  const UNAVAILABLE = {
    refusal: { status: 503, reason: "hook", message: "the server could not decide about this connection" }
  }

  test("gives what the connection shall carry", () =>
    Effect.gen(function* () {
      const { decide } = yield* makeRunner({ onConnect: ({ url }) => Effect.succeed({ user: url }) })
      expect(yield* decided(decide!(request("/ann")))).toEqual({ attachment: { user: "/ann" } })
    }))

  test("refuses with its status and sentence", () =>
    Effect.gen(function* () {
      const { decide } = yield* makeRunner({
        onConnect: () => Effect.fail({ status: 403, message: "not you" })
      })
      expect(yield* decided(decide!(request()))).toEqual({
        refusal: { status: 403, reason: "hook", message: "not you" }
      })
    }))

  const defects: ReadonlyArray<readonly [string, () => Effect.Effect<unknown>]> = [
    ["dies", () => Effect.die(new Error("a bug"))],
    [
      "throws",
      () => {
        throw new Error("a bug")
      }
    ]
  ]
  for (const [what, onConnect] of defects) {
    test(`that ${what} is a 503, and the cause is logged`, (logs) =>
      Effect.gen(function* () {
        const { decide } = yield* makeRunner({ onConnect })
        expect(yield* decided(decide!(request()))).toEqual(UNAVAILABLE)
        expect(logs.texts("Error")).toEqual(["onConnect failed"])
        expect(logs.lines[0]?.cause).toContain("a bug")
      }))
  }

  test("that does not answer within limits.handshakeTimeout is a 503, and is interrupted", (logs) =>
    Effect.gen(function* () {
      let interrupted = false
      const { decide } = yield* makeRunner(
        {
          onConnect: () =>
            Effect.onInterrupt(Effect.never, () =>
              Effect.sync(() => {
                interrupted = true
              })
            )
        },
        { limits: { handshakeTimeout: "5 seconds" } }
      )
      let answer: Decision | undefined
      const decision = decide!(request()).then((given) => {
        answer = given
      })
      yield* TestClock.adjust(4999)
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      expect([answer, interrupted]).toEqual([undefined, false])
      yield* TestClock.adjust(1)
      yield* Effect.promise(() => decision)
      expect([answer, interrupted]).toEqual([UNAVAILABLE, true])
      expect(logs.texts("Warn")).toEqual(["onConnect did not answer in time"])
    }))

  test("is asked about many at once, and no handshake waits for another", () =>
    Effect.gen(function* () {
      const slow = gate()
      const { decide } = yield* makeRunner({
        onConnect: ({ url }) => (url === "/slow" ? Effect.as(slow.wait, "slow") : Effect.succeed("quick"))
      })
      const first = decide!(request("/slow"))
      expect(yield* decided(decide!(request("/quick")))).toEqual({ attachment: "quick" })
      yield* slow.open
      expect(yield* decided(first)).toEqual({ attachment: "slow" })
    }))

  test("is not asked when limits.pendingHandshakes wait: 503, come back in a second", () =>
    Effect.gen(function* () {
      const first = gate()
      let asked = 0
      const { decide } = yield* makeRunner(
        {
          onConnect: () => {
            asked++
            return first.wait
          }
        },
        { limits: { pendingHandshakes: 2 } }
      )
      const waiting = [decide!(request()), decide!(request())]
      expect(yield* decided(decide!(request()))).toMatchObject({
        refusal: { status: 503, reason: "pending", retryAfterSeconds: 1 }
      })
      expect(asked).toBe(2)
      yield* first.open
      yield* Effect.promise(() => Promise.all(waiting))
      expect(yield* decided(decide!(request()))).toEqual({ attachment: undefined })
      expect(asked).toBe(3)
    }))

  test("gives its place back however it ends", () =>
    Effect.gen(function* () {
      const ends: ReadonlyArray<Effect.Effect<unknown, { status: number; message: string }>> = [
        Effect.succeed(1),
        Effect.fail({ status: 401, message: "no" }),
        Effect.die("a bug"),
        Effect.interrupt,
        Effect.sleep("1 minute")
      ]
      let next = 0
      const { decide } = yield* makeRunner(
        { onConnect: () => ends[next++ % ends.length]! },
        { limits: { pendingHandshakes: 1, handshakeTimeout: "1 second" } }
      )
      for (let i = 0; i < 3 * ends.length; i++) {
        const decision = decide!(request())
        yield* TestClock.adjust("1 second")
        const { refusal } = (yield* decided(decision)) as { refusal?: { reason: string } }
        expect(refusal?.reason).not.toBe("pending")
      }
    }))

  test("that is interrupted by the end of the server answers 503", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { decide } = yield* makeRunner({ onConnect: () => Effect.never }).pipe(Scope.provide(scope))
      const decision = decide!(request())
      yield* Scope.close(scope, Exit.void)
      expect(yield* decided(decision)).toEqual(UNAVAILABLE)
    }))
})
