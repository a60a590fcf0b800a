/** The broker over NATS is held to the contract of all brokers. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { afterAll, beforeAll, describe } from "vitest"
import { Broker } from "../../src/services/broker/Broker.ts"
import type { NatsLink } from "../../src/services/nats/NatsLink.ts"
import { ClockAhead } from "../support/ClockAhead.ts"
import { NatsProxy } from "../support/nats/NatsProxy.ts"
import { type NatsServer, noNatsServer, startNats, startNatsCluster } from "../support/nats/NatsServer.ts"
import { natsNode } from "../support/nats/natsBroker.ts"
import { answerAt, reach } from "../support/nats/reach.ts"
import { untilUp } from "../support/nats/untilUp.ts"
import type { BrokerContract, BrokerLink, BrokerProcess } from "./broker/BrokerContract.ts"
import { brokerSuite } from "./brokerSuite.ts"

type Link = NatsLink["Service"]

/** What lies between the nodes and NATS: a way to each server. */
const linkOver = (proxies: ReadonlyArray<NatsProxy>, links: ReadonlyArray<Link>): BrokerLink => {
  const all = (isUp: boolean) => Effect.forEach(links, (link) => untilUp(link, isUp), { discard: true })
  const each = (act: (proxy: NatsProxy) => void) => Effect.sync(() => proxies.forEach(act))
  return {
    cut: Effect.andThen(
      each((proxy) => proxy.cut()),
      all(false)
    ),
    loseAnswers: each((proxy) => proxy.loseAnswers()),
    restore: Effect.gen(function* () {
      const wasUp = links.filter((link) => link.isUp())
      const lost = yield* Effect.forEach(wasUp, (link) =>
        Effect.forkChild(untilUp(link, false), { startImmediately: true })
      )
      yield* each((proxy) => proxy.restore())
      yield* Fiber.joinAll(lost)
      yield* all(true)
    })
  }
}

/** Each test has streams of its own at the same servers. */
let tests = 0

/** Milliseconds. In tests of faults an answer is waited for twice, for three seconds each, and its entry has to be there still. */
const TTL = 20_000

const contractOn = (servers: () => ReadonlyArray<NatsServer>, replicas: number): BrokerContract => ({
  start: (count) =>
    Effect.gen(function* () {
      tests++
      const prefix = `test${tests}`
      // Lifetimes are judged by the clocks of nodes: servers keep things for longer.
      const clock = new ClockAhead()
      const proxies = yield* Effect.forEach(servers(), (server) => NatsProxy.before(server))
      // Each node is connected to another server, where there are several.
      const nodes = yield* Effect.forEach(
        Array.from({ length: count }, (_, node) => proxies[node % proxies.length]!),
        (proxy) => natsNode([proxy], { prefix, replicas }),
        { concurrency: "unbounded" }
      ).pipe(Effect.provideService(Clock.Clock, clock))
      const links = nodes.map(({ link }) => link)
      for (const [node, link] of links.entries()) answerAt(link.connection, `${prefix}.there.${node}`)
      const processes = nodes.map(({ broker, received, link }): BrokerProcess => {
        if (replicas === 1) return { broker, received }
        // Publications with history need not wait for it; who is to hear the others does: what comes back from each node's server came behind.
        const reachAll = async () => {
          for (const node of links.keys()) await reach(link.connection, `${prefix}.there.${node}`)
        }
        const subscribe = (channel: string) =>
          Effect.tap(broker.subscribe(channel), () => Effect.promise(reachAll))
        return { broker: Broker.of({ ...broker, subscribe }), received }
      })
      return {
        processes: processes as [BrokerProcess],
        pass: (ms: number) => Effect.sync(() => clock.pass(ms)),
        link: linkOver(proxies, links)
      }
    }).pipe(Effect.orDie),
  run: (test) => Effect.runPromise(Effect.scoped(test)),
  ttlMs: TTL,
  metaTtlMs: 2 * TTL,
  longestPassMs: 5 * TTL,
  canBreak: true,
  claimsKeys: replicas > 1
})

describe.skipIf(noNatsServer !== undefined)(`the broker over NATS ${noNatsServer ?? ""}`, () => {
  const scope = Effect.runSync(Scope.make())
  let alone: ReadonlyArray<NatsServer>
  let three: ReadonlyArray<NatsServer>
  beforeAll(async () => {
    alone = [await Effect.runPromise(Scope.provide(startNats(), scope))]
    three = await Effect.runPromise(Scope.provide(startNatsCluster(), scope))
  })
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

  // They wait for elections and timeouts most of the time: several tests at once wait together.
  describe.concurrent("of one server", () => brokerSuite(contractOn(() => alone, 1)))
  describe.concurrent("of three servers", () => brokerSuite(contractOn(() => three, 3)))
})
