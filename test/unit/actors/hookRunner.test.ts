import { describe } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "vitest"
import type { Settings } from "../../../src/config/Keys.ts"
import type { ServerConfigValue } from "../../../src/config/ServerConfig.ts"
import type { HooksShape } from "../../../src/services/Hooks.ts"
import { FakeConnection } from "../../support/FakeConnection.ts"
import { gate, makeRunner, test } from "../../support/hookRuns.ts"

const text = (data: Uint8Array) => Buffer.from(data).toString()

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
      yield* TestClock.adjust("9 seconds")
      expect(seen).toEqual(["a begins"])
      yield* first.open
      yield* flushed
      expect(seen).toEqual(["a begins", "a ends", "b begins", "b ends", "closed 1001"])
    }))

  test("are interrupted when they do not end in time, and the next one runs", (logs) =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const { say, flushed } = yield* makeFlushed({
        onMessage: (_, data) =>
          text(data) === "a" ? Effect.never : Effect.sync(() => void seen.push(text(data)))
      })
      say("a")
      say("b")
      yield* TestClock.adjust("9 seconds")
      expect(seen).toEqual([])
      yield* TestClock.adjust("2 seconds")
      yield* flushed
      expect(seen).toEqual(["b"])
      expect(logs.texts("Warn")).toEqual(["a hook did not end in time"])
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
