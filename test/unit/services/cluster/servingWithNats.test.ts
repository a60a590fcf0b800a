import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { servingWithNats } from "../../../../src/services/cluster/servingWithNats.ts"
import { NatsLink, NatsUnreachable } from "../../../../src/services/nats/NatsLink.ts"
import { type Failure, type Served, Serving } from "../../../../src/services/Serving.ts"

const served = (failure: Effect.Effect<never, Failure>): Served => ({
  ...{ port: 1, transport: "ws", size: "1 shard", stopAccepting: Effect.void, drain: () => Effect.void },
  failure
})

/** How serving ends, where its own end and that of the connection are these. */
const failureOf = (own: Effect.Effect<never, Failure>, ended: Effect.Effect<never, NatsUnreachable>) =>
  Effect.gen(function* () {
    const { begin } = yield* Serving
    const { failure } = yield* begin(() => {
      throw new Error("nothing is asked")
    })
    const fiber = yield* Effect.forkChild(Effect.flip(failure), { startImmediately: true })
    yield* Effect.yieldNow
    return fiber.pollUnsafe() === undefined ? "serving" : yield* Fiber.join(fiber)
  }).pipe(
    Effect.provide(
      servingWithNats(Layer.succeed(Serving, { begin: () => Effect.succeed(served(own)) })).pipe(
        Layer.provide(Layer.succeed(NatsLink, { ended } as NatsLink["Service"]))
      )
    )
  )

const gone = new NatsUnreachable({ servers: ["one"], detail: "ended" })
const broken = Object.assign(new Error("shards"), { _tag: "Broken" })

it.effect("a server ends when its connection to NATS has, and by itself as before", () =>
  Effect.gen(function* () {
    expect(yield* failureOf(Effect.never, Effect.never)).toBe("serving")
    expect(yield* failureOf(Effect.never, Effect.fail(gone))).toBe(gone)
    expect(yield* failureOf(Effect.fail(broken), Effect.never)).toBe(broken)
  })
)
