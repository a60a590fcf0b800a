/** The bucket of the lease is removed at NATS while nodes contend for it. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { describe, expect, it } from "vitest"
import { TAKE_OVER_MS } from "../../../src/services/cluster/leaseMachine.ts"
import { type Contender, contender, leaderAndNext, until } from "../../support/cluster/leadership.ts"
import { noNatsServer, startNats } from "../../support/nats/NatsServer.ts"

const run = <A, E>(test: Effect.Effect<A, E, Scope.Scope>) => Effect.runPromise(Effect.scoped(test))
/** Less than others wait for a leader that says nothing: the bucket is made in the meantime. */
const AT_ONCE_MS = TAKE_OVER_MS - 500

const remove = ({ link: { manager } }: Contender) =>
  Effect.promise(() => manager.streams.delete("KV_clarion_leases"))

describe.skipIf(noNatsServer !== undefined)(`a lease that is lost at NATS ${noNatsServer ?? ""}`, () => {
  it("is given back all the same by a leader that ends: another one leads at once, with a greater number", () =>
    run(
      Effect.gen(function* () {
        const server = yield* startNats()
        const [a, b] = yield* leaderAndNext([server])
        yield* remove(a)
        const from = performance.now()
        yield* a.end
        yield* until(b, true)
        expect(performance.now() - from).toBeLessThan(AT_ONCE_MS)
        expect(b.fence()).toBeGreaterThan(a.fence())
      })
    ))

  it("goes on with greater numbers also where nobody is left who knew it", () =>
    run(
      Effect.gen(function* () {
        const server = yield* startNats()
        const a = yield* contender([server])
        yield* until(a, true)
        yield* a.end
        const b = yield* contender([server])
        yield* until(b, true)
        yield* remove(b)
        yield* Effect.promise(() => b.link.connection.close())
        const c = yield* contender([server])
        yield* until(c, true)
        expect(c.fence()).toBeGreaterThan(b.fence())
        expect(b.fence()).toBeGreaterThan(a.fence())
      })
    ))
})
