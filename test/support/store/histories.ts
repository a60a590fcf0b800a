/** Histories of each kind, as the processes of a service have them. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import { makeDurable } from "../../../src/services/broker/EmbeddedBroker.ts"
import type { DurableBounds } from "../../../src/services/history/durable/DurableHistory.ts"
import type { Namespaces } from "../../../src/services/history/durable/Generations.ts"
import type { ChannelEvent } from "../../../src/services/hot/ChannelEvent.ts"
import type { Store } from "../../../src/services/store/Store.ts"

/** One process that has durable history over this store, until `end` or the end of the scope. */
export const startDurable = Effect.fnUntraced(function* (
  store: Layer.Layer<Store>,
  bounds: Partial<DurableBounds> = {},
  namespaces?: Namespaces
) {
  const scope = yield* Scope.fork(yield* Effect.scope)
  const told: Array<ChannelEvent> = []
  const context = yield* Layer.buildWithScope(store, scope)
  const durable = yield* makeDurable((event) => void told.push(event), bounds, namespaces).pipe(
    Effect.provide(context),
    Effect.provideService(Scope.Scope, scope)
  )
  return {
    durable,
    told,
    /** The sweep comes as often as it does, and has done its work. */
    pass: (ms: number) => Effect.andThen(TestClock.adjust(ms), Effect.orDie(durable.sweep)),
    end: Scope.close(scope, Exit.void)
  }
})
