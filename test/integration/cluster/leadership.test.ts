import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import { describe, expect, it } from "vitest"
import { LEASE_MS, TAKE_OVER_MS } from "../../../src/services/cluster/leaseMachine.ts"
import { contender, leaderAndNext, until } from "../../support/cluster/leadership.ts"
import { noNatsServer, startNats, startNatsCluster } from "../../support/nats/NatsServer.ts"

const run = <A, E>(test: Effect.Effect<A, E, Scope.Scope>) => Effect.runPromise(Effect.scoped(test))
/** A busy machine answers late, and wakes late. */
const SLACK_MS = 2000

const timed = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.suspend(() => {
    const from = performance.now()
    return Effect.map(effect, () => performance.now() - from)
  })

describe.skipIf(noNatsServer !== undefined)(`leadership over NATS ${noNatsServer ?? ""}`, () => {
  it("of two nodes one leads; when it ends in good order the other one does at once", () =>
    run(
      Effect.gen(function* () {
        const server = yield* startNats()
        const [a, b] = yield* leaderAndNext([server])
        expect(b.isLeader()).toBe(false)
        yield* a.end
        expect(a.isLeader()).toBe(false)
        // No time passes for it: it need not find that nobody renews the lease.
        yield* until(b, true)
        expect(b.fence()).toBeGreaterThan(a.fence())
      }).pipe(Effect.provide(TestClock.layer()))
    ))

  it("many that begin together have one leader", () =>
    run(
      Effect.gen(function* () {
        const server = yield* startNats()
        const nodes = yield* Effect.forEach([1, 2, 3, 4, 5, 6], () => contender([server]), {
          concurrency: "unbounded"
        })
        yield* Effect.raceAll(nodes.map((node) => until(node, true)))
        expect(nodes.filter((node) => node.isLeader())).toHaveLength(1)
      })
    ))

  it("a leader that can do nothing any more is replaced within five seconds", () =>
    run(
      Effect.gen(function* () {
        const server = yield* startNats()
        const [a, b] = yield* leaderAndNext([server])
        yield* Effect.promise(() => a.link.connection.close())
        const led = yield* Effect.forkChild(timed(until(a, false)), { startImmediately: true })
        expect(yield* timed(until(b, true))).toBeLessThan(TAKE_OVER_MS + 1000 + SLACK_MS)
        expect(a.isLeader()).toBe(false)
        led.interruptUnsafe()
      })
    ))

  it("while NATS hangs nobody leads, and afterwards one does, with a greater fence", () =>
    run(
      Effect.gen(function* () {
        const server = yield* startNats()
        const [a, b] = [yield* contender([server]), yield* contender([server])]
        yield* Effect.raceFirst(until(a, true), until(b, true))
        const fence = Math.max(a.fence(), b.fence())
        server.pause()
        const took = yield* timed(Effect.all([until(a, false), until(b, false)]))
        expect(took).toBeLessThan(LEASE_MS + SLACK_MS)
        server.resume()
        yield* Effect.raceFirst(until(a, true), until(b, true))
        expect([a, b].filter((node) => node.isLeader())).toHaveLength(1)
        expect(Math.max(a.fence(), b.fence())).toBeGreaterThan(fence)
      })
    ))

  it("numbers of leaders grow over a kill of NATS", () =>
    run(
      Effect.gen(function* () {
        const server = yield* startNats()
        const a = yield* contender([server])
        yield* until(a, true)
        const fence = a.fence()
        yield* Effect.promise(() => server.kill())
        yield* until(a, false)
        yield* Effect.promise(() => server.start())
        yield* until(a, true)
        expect(a.fence()).toBeGreaterThan(fence)
      })
    ))

  it("three servers: the loss of one ends no leadership for good", { timeout: 60_000 }, () =>
    run(
      Effect.gen(function* () {
        const servers = yield* startNatsCluster()
        const [a, b] = [yield* contender(servers, 3), yield* contender(servers, 3)]
        yield* Effect.raceFirst(until(a, true), until(b, true))
        const leader = yield* Effect.promise(() => a.link.manager.streams.info("KV_clarion_leases"))
        const lost = servers.find(({ name }) => name === leader.cluster?.leader)!
        yield* Effect.promise(() => lost.kill())
        yield* Effect.raceFirst(until(a, true), until(b, true))
        expect([a, b].filter((node) => node.isLeader())).toHaveLength(1)
      })
    )
  )
})
