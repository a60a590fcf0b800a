/** What is published at another NATS server just after a subscription comes to it. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import { describe, expect, it } from "vitest"
import { WITHIN } from "../../../src/services/cluster/interest.ts"
import { Metrics } from "../../../src/services/Metrics.ts"
import {
  type BrokerNode,
  KEPT,
  startBrokerNode,
  startBrokerNodes
} from "../../support/cluster/brokerNodes.ts"
import { known } from "../../support/cluster/nodes.ts"
import { startFarApart } from "../../support/nats/farApart.ts"
import type { NatsProxy } from "../../support/nats/NatsProxy.ts"
import { noNatsServer, startNats, startNatsCluster } from "../../support/nats/NatsServer.ts"

const STREAM = { size: 1000, ttlMs: 60_000, metaTtlMs: 120_000 }

const run = <A, E>(test: Effect.Effect<A, E, Scope.Scope>) => Effect.runPromise(Effect.scoped(test))

/** Fails where something never comes, which is then told by its place. */
const inTime = Effect.timeout("30 seconds")

const publish = ({ broker }: BrokerNode, channel: string, text: string) =>
  broker.publish(channel, new TextEncoder().encode(text), {
    stream: channel.startsWith(KEPT) ? STREAM : undefined
  })

/** The first that came in the channel. */
const heardFirst = ({ received }: BrokerNode, channel: string) =>
  Effect.map(inTime(received.wait(channel, 1)), ([event]) =>
    new TextDecoder().decode(event!.publication.data)
  )

/** Of one metric. */
const value = ({ context }: BrokerNode, name: string) =>
  Effect.map(
    Context.get(context, Metrics).known,
    (samples) => samples.find((sample) => sample.name === name)?.value
  )

/**
 * Each channel is subscribed to at one node, and published to at another one at once, and again when all have been. The number of those that
 * missed the first publication. @param ways between servers, over which nothing gets before all of the first have been published
 */
const missed = Effect.fnUntraced(function* (
  nodes: ReadonlyArray<BrokerNode>,
  prefix: string,
  {
    count = 1000,
    together = 1,
    ways = []
  }: { count?: number; together?: number; ways?: ReadonlyArray<NatsProxy> } = {}
) {
  const rounds = Array.from({ length: count }, (_, index) => ({
    channel: `${prefix}-${together}-${index}`,
    here: nodes[index % nodes.length]!,
    there: nodes[(index + 1 + (index % (nodes.length - 1))) % nodes.length]!
  }))
  for (const way of ways) way.hold()
  yield* Effect.forEach(
    rounds,
    ({ channel, here, there }) =>
      Effect.andThen(inTime(here.broker.subscribe(channel)), inTime(publish(there, channel, "first"))),
    { concurrency: together }
  )
  for (const way of ways) way.release()
  // Who waited for nothing is heard everywhere by now.
  for (const { here, there } of rounds.slice(-nodes.length))
    yield* here.calls.ask(there.uid, { _tag: "TellServer" })
  // One publisher's messages keep their order: the first one is there before this, or never.
  const first = yield* Effect.forEach(
    rounds,
    ({ channel, here, there }) =>
      Effect.andThen(publish(there, channel, "second"), heardFirst(here, channel)),
    { concurrency: 100 }
  )
  return first.filter((text) => text !== "first").length
})

describe.skipIf(noNatsServer !== undefined)(`a subscription over NATS servers ${noNatsServer ?? ""}`, () => {
  it(
    "hears what is published at another server as soon as it is there; without waiting for it, it would not",
    () =>
      run(
        Effect.gen(function* () {
          const { servers, ways } = yield* startFarApart(20)
          const hasty = yield* startBrokerNodes(servers, false)
          expect(yield* missed(hasty, "hasty", { count: 5, ways })).toBe(5)
          for (const node of hasty) yield* node.stop
          const nodes = yield* startBrokerNodes(servers)
          expect(yield* missed(nodes, "waits", { count: 5 })).toBe(0)
          expect(yield* missed(nodes, "waits", { count: 50, together: 50 })).toBe(0)
          expect(yield* missed(nodes, KEPT, { count: 5 })).toBe(0)
        })
      ),
    240_000
  )

  it(
    "hears it thousands of times over three servers, with history and without",
    () =>
      run(
        Effect.gen(function* () {
          const nodes = yield* startBrokerNodes(yield* startNatsCluster())
          for (const together of [1, 100]) {
            expect(yield* missed(nodes, "passing", { together })).toBe(0)
            expect(yield* missed(nodes, KEPT, { together })).toBe(0)
          }
          for (const node of nodes)
            expect(yield* value(node, "clarion_cluster_interest_unknown_total")).toBe(0)
        })
      ),
    240_000
  )

  it(
    "shares its question with others that wait",
    () =>
      run(
        Effect.gen(function* () {
          const { servers, ways } = yield* startFarApart(5)
          const [a, b] = yield* startBrokerNodes(servers)
          const before = (yield* value(a!, "clarion_cluster_questions_total"))!
          // The first question is not answered before all wait.
          for (const way of ways) way.hold()
          const subscribing = yield* Effect.forEach(
            Array.from({ length: 500 }, (_, at) => `together-${at}`),
            (channel) => Effect.forkChild(a!.broker.subscribe(channel), { startImmediately: true })
          )
          yield* a!.link.flushed
          for (const way of ways) way.release()
          yield* Fiber.joinAll(subscribing)
          const asked = (yield* value(a!, "clarion_cluster_questions_total"))! - before
          expect(asked).toBeGreaterThan(0)
          expect(asked).toBeLessThanOrEqual(2)
          expect(b!.roster.isSpread()).toBe(true)
        })
      ),
    240_000
  )

  it(
    "asks nobody where a node is alone, or all are at one server",
    () =>
      run(
        Effect.gen(function* () {
          const server = yield* startNats()
          const a = yield* startBrokerNode([server], "a")
          yield* a.broker.subscribe("alone")
          const b = yield* startBrokerNode([server], "b")
          yield* known(a.roster, 1)
          yield* a.broker.subscribe("two")
          expect([a.roster.isSpread(), b.roster.isSpread()]).toEqual([false, false])
          expect(yield* value(a, "clarion_cluster_questions_total")).toBe(0)
        })
      ),
    240_000
  )

  it(
    "waits half a second for a server that says nothing, once, however many nodes are there, and is counted",
    () =>
      run(
        Effect.gen(function* () {
          const { servers } = yield* startFarApart(1)
          const [a, b] = yield* startBrokerNodes(servers, WITHIN)
          const c = yield* startBrokerNode([servers[1]!], "node-2")
          yield* known(a!.roster, 2)
          for (const { calls } of [b!, c]) yield* calls.serve("TellServer", () => Effect.never)
          const began = yield* Clock.currentTimeMillis
          yield* a!.broker.subscribe("one")
          expect((yield* Clock.currentTimeMillis) - began).toBeGreaterThanOrEqual(499)
          expect(yield* value(a!, "clarion_cluster_interest_unknown_total")).toBe(1)
          const asked = yield* value(a!, "clarion_cluster_questions_total")
          for (const channel of ["two", "three"]) yield* a!.broker.subscribe(channel)
          expect(yield* value(a!, "clarion_cluster_interest_unknown_total")).toBe(3)
          expect(yield* value(a!, "clarion_cluster_questions_total")).toBe(asked)
          // Who comes there answers.
          yield* startBrokerNode([servers[1]!], "node-3")
          yield* known(a!.roster, 3)
          yield* a!.broker.subscribe("four")
          expect(yield* value(a!, "clarion_cluster_interest_unknown_total")).toBe(3)
          expect(yield* value(a!, "clarion_cluster_questions_total")).toBe(asked! + 1)
        })
      ),
    240_000
  )
})
