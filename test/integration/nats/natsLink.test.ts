import { MsgHdrsImpl, headers as natsHeaders } from "@nats-io/transport-node"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import { describe, expect, it } from "vitest"
import { BrokerUnavailable } from "../../../src/services/broker/Broker.ts"
import { sequenceOf } from "../../../src/services/nats/Listener.ts"
import { type NatsLink, NatsUnreachable } from "../../../src/services/nats/NatsLink.ts"
import { badHeaders } from "../../support/nats/badHeaders.ts"
import { freePort, noNatsServer, startNats } from "../../support/nats/NatsServer.ts"
import { linkTo } from "../../support/nats/natsLink.ts"

/** Completes with the next changes of a connection, when there are so many. */
const changesOf = Effect.fnUntraced(function* (link: NatsLink["Service"], count: number) {
  const seen: Array<boolean> = []
  const all = yield* Deferred.make<ReadonlyArray<boolean>>()
  yield* link.onChange((isUp) => {
    seen.push(isUp)
    if (seen.length === count) Deferred.doneUnsafe(all, Effect.succeed(seen))
  })
  return Deferred.await(all)
})

const run = <A, E>(test: Effect.Effect<A, E, Scope.Scope>) => Effect.runPromise(Effect.scoped(test))

describe.skipIf(noNatsServer !== undefined)(`the connection to NATS ${noNatsServer ?? ""}`, () => {
  it("asks, and fails at once while it is lost; it comes back by itself", () =>
    run(
      Effect.gen(function* () {
        const server = yield* startNats()
        const link = yield* linkTo([server], { reconnectWait: 20, reconnectJitter: 0 })
        yield* link.flushed
        const changes = yield* changesOf(link, 2)
        const hanging = yield* Effect.forkChild(
          Effect.flip(link.ask("no answer", () => new Promise<void>(() => {}))),
          { startImmediately: true }
        )
        yield* Effect.promise(() => server.kill())
        const error = yield* Fiber.join(hanging)
        expect(error).toBeInstanceOf(BrokerUnavailable)
        expect(link.isUp()).toBe(false)
        expect((yield* Effect.flip(link.flushed)).message).toMatch(/no connection to NATS/)
        yield* Effect.promise(() => server.start())
        expect(yield* changes).toEqual([false, true])
        yield* link.flushed
      })
    ))

  it("a message with headers that are none is counted, and harms nothing else that is heard", () =>
    run(
      Effect.gen(function* () {
        const server = yield* startNats()
        const [link, stranger] = [yield* linkTo([server]), yield* linkTo([server])]
        const sequences: Array<number> = []
        const heard = yield* Deferred.make<void>()
        yield* link.hear("told", (message) => {
          sequences.push(sequenceOf(message))
          if (sequences.length === 2) Deferred.doneUnsafe(heard, Effect.void)
        })
        yield* link.flushed
        for (const headers of [badHeaders(), natsHeaders(), badHeaders()])
          stranger.connection.publish("told", "x", { headers })
        stranger.connection.publish("told", "x", {
          headers: MsgHdrsImpl.fromRecord({ "Nats-Sequence": ["7"] })
        })
        yield* Deferred.await(heard)
        expect(sequences).toEqual([0, 7])
        // What comes after it is read, too.
        yield* link.flushed
        expect(link.isUp()).toBe(true)
      })
    ))

  it("that the library has given up is down, and says that it will not come back", () =>
    run(
      Effect.gen(function* () {
        const server = yield* startNats()
        const link = yield* linkTo([server])
        const ended = yield* Effect.forkChild(Effect.flip(link.ended), { startImmediately: true })
        const change = yield* changesOf(link, 1)
        yield* Effect.promise(() => link.connection.close())
        expect(yield* change).toEqual([false])
        expect(link.isUp()).toBe(false)
        expect(link.problems()).toEqual(["there is no connection to NATS"])
        expect(yield* Effect.flip(link.flushed)).toBeInstanceOf(BrokerUnavailable)
        const error = yield* Fiber.join(ended)
        expect(error).toBeInstanceOf(NatsUnreachable)
        expect(error.message).toMatch(/ended for good/)
      })
    ))

  it("what cannot be reached, and who is not let in, is said", () =>
    run(
      Effect.gen(function* () {
        const server = yield* startNats({ configuration: "authorization { user: clarion, password: right }" })
        const refused = yield* Effect.flip(linkTo([server], { user: "clarion", password: "wrong" }))
        expect(refused).toBeInstanceOf(NatsUnreachable)
        expect(refused.message).toMatch(/[Aa]uthorization/)
        yield* (yield* linkTo([server], { user: "clarion", password: "right" })).flushed
        const url = `nats://127.0.0.1:${yield* Effect.promise(freePort)}`
        expect((yield* Effect.flip(linkTo([{ url }], { connectTimeout: 300 }))).message).toContain(url)
      })
    ))
})
