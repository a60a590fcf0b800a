/** Nodes that contend for the lease of a real NATS. */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { ServerConfig } from "../../../src/config/ServerConfig.ts"
import { Leadership } from "../../../src/services/cluster/Leadership.ts"
import { Metrics } from "../../../src/services/Metrics.ts"
import { NatsLink } from "../../../src/services/nats/NatsLink.ts"
import type { NatsServer } from "../nats/NatsServer.ts"
import { natsConfig } from "../nats/natsLink.ts"

/** One node, until the scope closes, or it ends. */
export const contender = Effect.fnUntraced(function* (
  servers: ReadonlyArray<Pick<NatsServer, "url">>,
  replicas = 1
) {
  const scope = yield* Scope.fork(yield* Effect.scope)
  const config = natsConfig(servers, { reconnectWait: 50, reconnectJitter: 0, replicas })
  const context = yield* Layer.buildWithScope(
    Leadership.layerNats.pipe(
      Layer.provideMerge(NatsLink.layer),
      Layer.provide(Metrics.layer),
      Layer.provide(Layer.succeed(ServerConfig, config))
    ),
    scope
  )
  const leadership = Context.get(context, Leadership)
  return {
    ...leadership,
    link: Context.get(context, NatsLink),
    /** In good order. */
    end: Scope.close(scope, Exit.void)
  }
})

export type Contender = Effect.Success<ReturnType<typeof contender>>

/** Completes when it leads, or when it does not. */
export const until = (node: Pick<Contender, "isLeader" | "onChange">, isLeader: boolean) =>
  Effect.scoped(
    Effect.gen(function* () {
      const done = yield* Deferred.make<void>()
      const look = () => {
        if (node.isLeader() === isLeader) Deferred.doneUnsafe(done, Effect.void)
      }
      yield* node.onChange(look)
      look()
      yield* Deferred.await(done)
    })
  )

/** Two nodes, of which the first leads, and the second would. */
export const leaderAndNext = Effect.fnUntraced(function* (...args: Parameters<typeof contender>) {
  const leader = yield* contender(...args)
  yield* until(leader, true)
  return [leader, yield* contender(...args)] as const
})
