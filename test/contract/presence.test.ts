/** Every implementation of presence is held to one contract. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { afterAll, beforeAll, describe } from "vitest"
import { layer as layerNodes } from "../../src/services/cluster/NodePresence.ts"
import { layerMemory } from "../../src/services/MemoryPresence.ts"
import { Presence } from "../../src/services/Presence.ts"
import { known, startNode } from "../support/cluster/nodes.ts"
import { type NatsServer, noNatsServer, startNats, startNatsCluster } from "../support/nats/NatsServer.ts"
import { presenceSuite } from "./presenceSuite.ts"

describe("presence in memory", () =>
  presenceSuite({
    start: (processes) =>
      Effect.map(Layer.build(layerMemory), (context) =>
        Array.from({ length: processes }, () => Context.get(context, Presence))
      ),
    run: (test) => Effect.runPromise(Effect.scoped(test))
  }))

const kinds = [
  ["one server", Effect.map(startNats(), (server) => [server])],
  ["three servers", startNatsCluster()]
] as const

describe.skipIf(noNatsServer !== undefined).each(kinds)(
  `presence over three nodes on %s ${noNatsServer ?? ""}`,
  (_, started) => {
    const scope = Effect.runSync(Scope.make())
    let servers: ReadonlyArray<NatsServer>
    let tests = 0
    beforeAll(async () => {
      servers = await Effect.runPromise(Scope.provide(started, scope))
    })
    afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

    /** Each test has a cluster of its own at the same servers, of which each node is connected to another one. */
    const start = Effect.fnUntraced(function* () {
      const prefix = `test${tests++}`
      const nodes = yield* Effect.forEach([0, 1, 2], (at) =>
        startNode([servers[at % servers.length]!], `node-${at}`, layerNodes, undefined, prefix)
      )
      for (const { roster } of nodes) yield* known(roster, nodes.length - 1)
      return nodes.map(({ context }) => Context.get(context, Presence))
    }, Effect.orDie)

    presenceSuite({ start, run: (test) => Effect.runPromise(Effect.scoped(test)) })
  }
)
