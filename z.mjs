import * as Effect from "effect/Effect"
import { Metrics } from "./dist/services/Metrics.js"
import { openLmdbStore } from "./dist/services/store/LmdbStore.js"
const dir = process.argv[2]
const main = Effect.scoped(Effect.gen(function* () {
  const s = yield* openLmdbStore(dir)
  let t0 = performance.now()
  for (let i = 0; i < 500; i++) yield* s.commit([{ table: "t", key: [i], value: { a: i } }])
  console.log("sequential ms", (performance.now() - t0) / 500)
  t0 = performance.now()
  yield* Effect.forEach(Array.from({ length: 100000 }, (_, i) => i), (i) => s.commit([{ table: "s", key: ["id" + i], value: { id: "id" + i, state: "scheduled", due: 123456789012 + i, channels: ["a"], data: new Uint8Array(80) } }, { table: "due", key: [123456789012 + i, "id" + i], value: 1 }]), { concurrency: 1000, discard: true })
  console.log("100k commits of 2 writes, 1000 at a time: ms", performance.now() - t0)
  t0 = performance.now()
  yield* s.commit(Array.from({ length: 100000 }, (_, i) => ({ table: "b", key: [i], value: { id: "id" + i, state: "scheduled" } })))
  console.log("one commit of 100k ms", performance.now() - t0)
  t0 = performance.now(); const r = yield* s.range("s", {}); console.log("range 100k ms", performance.now() - t0, r.length)
  t0 = performance.now(); for (let i = 0; i < 100000; i++) yield* s.get("s", ["id" + i]); console.log("get 100k ms", performance.now() - t0)
})).pipe(Effect.provide(Metrics.layer))
await Effect.runPromise(main)
