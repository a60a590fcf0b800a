import * as Effect from "effect/Effect"
import { Metrics } from "./dist/services/Metrics.js"
import { openLmdbStore } from "./dist/services/store/LmdbStore.js"
await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
  const store = yield* openLmdbStore("/tmp/st/sound")
  const entries = Array.from({ length: 3000 }, (_, i) => ({ table: i % 2 ? "right" : "left", key: ["key", i], value: { i, text: "x".repeat(i % 300) } }))
  yield* store.commit([...entries, ...Array.from({ length: 20 }, (_, i) => ({ table: "long", key: [i], value: new Uint8Array(10000).fill(i) }))])
  yield* store.commit(entries.slice(0, 1000).map(({ table, key }) => ({ table, key })))
  yield* store.commit([{ table: "left", key: ["last"], value: 1 }])
})).pipe(Effect.provide(Metrics.layer)))
