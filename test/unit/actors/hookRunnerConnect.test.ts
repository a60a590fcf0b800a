import { describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "vitest"
import type { ConnectRequest, Decision } from "../../../src/services/Transport.ts"
import { gate, makeRunner, test } from "../../support/hookRuns.ts"

const request = (url = "/"): ConnectRequest => ({ url, headers: new Map(), address: "127.0.0.1" })

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
