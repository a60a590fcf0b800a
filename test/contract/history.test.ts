/** Every history store is held to one contract. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import { describe } from "vitest"
import { asHistoryStore, MemoryHistory } from "../../src/services/history/MemoryHistory.ts"
import type { ChannelEvent } from "../../src/services/hot/ChannelEvent.ts"
import { makeNow } from "../../src/services/now.ts"
import { Store } from "../../src/services/store/Store.ts"
import { startDurable } from "../support/store/histories.ts"
import { inMemory, storeOf, temporaryDirectory } from "../support/store/stores.ts"
import { type HistoryContract, type HistoryUnderTest, historySuite } from "./historySuite.ts"

const run: HistoryContract["run"] = (test) =>
  Effect.runPromise(test.pipe(Effect.scoped, Effect.provide(TestClock.layer())))

const memory = Effect.gen(function* () {
  const told: Array<ChannelEvent> = []
  const history = new MemoryHistory((event) => void told.push(event), yield* makeNow)
  return {
    history: asHistoryStore(history),
    told,
    pass: (ms: number) => TestClock.adjust(ms),
    restart: undefined
  }
})

/** @param stores where the same content is found by one process after the other */
const durable = (stores: Effect.Effect<Layer.Layer<Store>, never, Scope.Scope>) =>
  Effect.gen(function* () {
    const store = yield* stores
    const scope = yield* Effect.scope
    const start: Effect.Effect<HistoryUnderTest> = Effect.gen(function* () {
      const { durable, told, pass, end } = yield* startDurable(store)
      return { history: durable, told, pass, restart: Effect.andThen(end, start) }
    }).pipe(Effect.orDie, Effect.provideService(Scope.Scope, scope))
    return yield* start
  })

const oneInMemory = Effect.map(Layer.build(inMemory), (context) =>
  Layer.succeed(Store, Context.get(context, Store))
)

describe("history in memory", () => historySuite({ start: memory, run, isDurable: false }))
describe("durable history in a store in memory", () =>
  historySuite({ start: durable(oneInMemory), run, isDurable: true }))
describe("durable history on disk", () =>
  historySuite({ start: durable(Effect.map(temporaryDirectory, storeOf)), run, isDurable: true }))
