import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { describe, expect, it } from "vitest"
import { BrokerUnavailable } from "../../../src/services/broker/Broker.ts"
import * as NodeBroadcasts from "../../../src/services/cluster/NodeBroadcasts.ts"
import { NodeReceipts } from "../../../src/services/cluster/NodeReceipts.ts"
import { Hub } from "../../../src/services/Hub.ts"
import type { Publication } from "../../../src/services/hot/Publication.ts"
import { Metrics } from "../../../src/services/Metrics.ts"
import { NatsLink } from "../../../src/services/nats/NatsLink.ts"
import { Publisher } from "../../../src/services/Publisher.ts"
import { Receipts } from "../../../src/services/receipts/Receipts.ts"
import * as StoredReceipts from "../../../src/services/receipts/StoredReceipts.ts"
import { layerMemory } from "../../../src/services/store/MemoryStore.ts"
import { known, startNodes, type TestNode } from "../../support/cluster/nodes.ts"
import { noNatsServer, startNats } from "../../support/nats/NatsServer.ts"

const run = <A, E>(test: Effect.Effect<A, E, Scope.Scope>) => Effect.runPromise(Effect.scoped(test))

const services = Publisher.layer.pipe(
  Layer.provide(NodeBroadcasts.layer),
  Layer.provideMerge(NodeReceipts.layer(StoredReceipts.layer)),
  Layer.provide(layerMemory)
)
type Node = TestNode<Publisher | Receipts | NodeReceipts>

/** Three nodes, each with a shard of so many connections that take everything; `heard` is what they got. */
const cluster = Effect.fnUntraced(function* (
  take: (publication: Publication, node: string) => boolean = () => true
) {
  const server = yield* startNats()
  const heard: Array<string> = []
  const nodes = (yield* startNodes([server], 3, services)) as ReadonlyArray<Node>
  for (const { context, name } of nodes)
    yield* Context.get(context, Hub).join({
      size: 10,
      offer: (publication) => {
        heard.push(`${name} ${Buffer.from(publication.data)}`)
        if (take(publication, name)) publication.delivery.add(10, 9, 1, 1, 2)
        return true
      }
    })
  const [a, b, c] = nodes as [Node, Node, Node]
  return { server, heard, a, b, c, publisher: Context.get(a.context, Publisher) }
})

describe.skipIf(noNatsServer !== undefined)(`broadcasts over nodes ${noNatsServer ?? ""}`, () => {
  it("reach the connections of all in their order, and the receipt counts them", () =>
    run(
      Effect.gen(function* () {
        const { heard, a, c, publisher } = yield* cluster()
        const [receipt] = yield* Effect.all(
          [publisher.broadcast("one", { id: "one" }), publisher.broadcast("two")],
          { concurrency: "unbounded" }
        )
        expect(receipt).toMatchObject({
          eligible: 30,
          written: 27,
          dropped: 3,
          node: "node-0",
          isComplete: true
        })
        expect(receipt!.missing).toBeUndefined()
        expect(receipt!.workers.map(({ worker, eligible }) => [worker, eligible]).sort()).toEqual([
          ["node-1", 10],
          ["node-2", 10]
        ])
        for (const name of ["node-0", "node-1", "node-2"])
          expect(heard.filter((one) => one.startsWith(name))).toEqual([`${name} one`, `${name} two`])
        // Others find it, and one that there is not is none.
        const elsewhere = Context.get(c.context, Receipts)
        expect(yield* elsewhere.get("one")).toEqual(yield* Context.get(a.context, Receipts).get("one"))
        expect(yield* elsewhere.get("none")).toBeUndefined()
        expect((yield* elsewhere.list({ limit: 10 })).items.length).toBe(2)
      })
    ))

  it("a node that is lost while it sends is named", () =>
    run(
      Effect.gen(function* () {
        const isTaken = yield* Deferred.make<void>()
        const { b, publisher } = yield* cluster((_, node) => {
          if (node !== "node-1") return true
          Deferred.doneUnsafe(isTaken, Effect.void)
          return false
        })
        const sending = yield* Effect.forkChild(publisher.broadcast("x"), { startImmediately: true })
        yield* Deferred.await(isTaken)
        Context.get(b.context, NatsLink).connection.publish = () => {}
        const receipt = yield* Fiber.join(sending)
        expect(receipt).toMatchObject({ eligible: 20, missing: ["node-1"], isComplete: true })
      })
    ))

  it("a node that was lost before it was asked is named, too", () =>
    run(
      Effect.gen(function* () {
        const { a, b } = yield* cluster()
        const { open } = Context.get(a.context, Receipts)
        const receipt = open({ id: "late", kind: "broadcast", channels: ["room"] })
        const delivery = receipt.delivery()
        yield* b.stop
        yield* known(a.roster, 1)
        delivery.expect(1)
        delivery.add(1, 1, 0, 1, 1)
        Context.get(a.context, NodeReceipts).published(delivery, "room")
        const final = yield* Effect.callback<unknown>((resume) =>
          receipt.seal((final) => resume(Effect.succeed(final)))
        )
        expect(final).toMatchObject({ eligible: 1, missing: ["node-1"] })
      })
    ))

  it("publications of raw clients reach the connections of all; while NATS is away, those of their node", () =>
    run(
      Effect.gen(function* () {
        const { server, heard, a, publisher } = yield* cluster()
        publisher.broadcastUnsafe(Buffer.from("one"), false)
        // Behind it, in the order of the calls.
        yield* publisher.broadcast("end")
        expect(heard.filter((one) => one.endsWith("one")).sort()).toEqual([
          "node-0 one",
          "node-1 one",
          "node-2 one"
        ])
        const alone = known(a.roster, 0)
        yield* Effect.promise(() => server.kill())
        yield* alone
        publisher.broadcastUnsafe(Buffer.from("two"), false)
        expect(heard.filter((one) => one.endsWith("two"))).toEqual(["node-0 two"])
        const samples = yield* Context.get(a.context, Metrics).known
        expect(samples.find(({ name }) => name === "clarion_cluster_broadcasts_untold_total")?.value).toBe(1)
      })
    ))

  it("while NATS is away nobody gets anything, and that is said", () =>
    run(
      Effect.gen(function* () {
        const { server, heard, a, publisher } = yield* cluster()
        expect(yield* publisher.connections).toBeGreaterThanOrEqual(10)
        const alone = known(a.roster, 0)
        yield* Effect.promise(() => server.kill())
        yield* alone
        expect(yield* Effect.flip(publisher.broadcast("x"))).toBeInstanceOf(BrokerUnavailable)
        expect(heard).toEqual([])
        expect(yield* publisher.connections).toBe(10)
      })
    ))
})
