import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { describe, expect, it } from "vitest"
import { BrokerUnavailable } from "../../../src/services/broker/Broker.ts"
import { layer } from "../../../src/services/cluster/NodePresence.ts"
import { Presence } from "../../../src/services/Presence.ts"
import { known, startNodes, type TestNode } from "../../support/cluster/nodes.ts"
import { noNatsServer, startNats } from "../../support/nats/NatsServer.ts"

const run = <A, E>(test: Effect.Effect<A, E, Scope.Scope>) => Effect.runPromise(Effect.scoped(test))
const presenceOf = ({ context }: TestNode<Presence>) => Context.get(context, Presence)

/** One server; nodes, each with a client of its own in "room". */
const inRoom = Effect.fnUntraced(function* (count: number) {
  const server = yield* startNats()
  const nodes = yield* startNodes([server], count, layer)
  for (const node of nodes)
    yield* presenceOf(node).add(node.uid, "room", `client of ${node.name}`, { user: node.name })
  return { server, nodes }
})

describe.skipIf(noNatsServer !== undefined)(`presence over nodes ${noNatsServer ?? ""}`, () => {
  it("clients of a node that is lost are gone with it", () =>
    run(
      Effect.gen(function* () {
        const { nodes } = yield* inRoom(3)
        const [a, b, c] = nodes as [TestNode<Presence>, TestNode<Presence>, TestNode<Presence>]
        expect((yield* presenceOf(a).get("room")).size).toBe(3)
        yield* b.stop
        yield* known(a.roster, 1)
        yield* known(c.roster, 1)
        expect([...(yield* presenceOf(a).get("room")).keys()].sort()).toEqual([
          "client of node-0",
          "client of node-2"
        ])
        expect(yield* presenceOf(c).stats("room")).toEqual({ numClients: 2, numUsers: 2 })
      })
    ))

  it("many who ask at once share two questions, and each hears of who was there when it asked", () =>
    run(
      Effect.gen(function* () {
        const { nodes } = yield* inRoom(2)
        const [a, b] = nodes as [TestNode<Presence>, TestNode<Presence>]
        const allHaveAsked = yield* Deferred.make<void>()
        let asked = 0
        yield* b.calls.serve("CountPresence", () =>
          Effect.gen(function* () {
            const numClients = ++asked
            yield* Deferred.await(allHaveAsked)
            return { _tag: "Counted", numClients, users: [] }
          })
        )
        const asking = yield* Effect.forEach(Array.from({ length: 1000 }), () =>
          Effect.forkChild(presenceOf(a).stats("room"), { startImmediately: true })
        )
        yield* Deferred.succeed(allHaveAsked, undefined)
        const all = yield* Fiber.joinAll(asking)
        expect(asked).toBe(2)
        // The first alone has the first answer.
        expect(all.map(({ numClients }) => numClients)).toEqual([2, ...Array.from({ length: 999 }, () => 3)])
      })
    ))

  it("is unavailable, and not a part of itself, while a node does not answer, and while NATS is away", () =>
    run(
      Effect.gen(function* () {
        const { server, nodes } = yield* inRoom(2)
        const [a, b] = nodes as [TestNode<Presence>, TestNode<Presence>]
        yield* b.calls.serve("GetPresence", () => Effect.never)
        const error = yield* Effect.flip(presenceOf(a).get("room"))
        expect(error.message).toContain("node-1")
        expect((yield* presenceOf(a).stats("room")).numClients).toBe(2)
        const gone = known(a.roster, 0)
        yield* Effect.promise(() => server.kill())
        yield* gone
        for (const asked of [presenceOf(a).get("room"), presenceOf(a).stats("room")])
          expect(yield* Effect.flip<unknown, unknown, never>(asked)).toBeInstanceOf(BrokerUnavailable)
        yield* Effect.promise(() => server.start())
        yield* known(a.roster, 1)
        // The other one counts as there while it is on its way: an error, and never a part.
        const stats = yield* Effect.retry(presenceOf(a).stats("room"), Schedule.spaced("20 millis"))
        expect(stats.numClients).toBe(2)
      })
    ))
})
