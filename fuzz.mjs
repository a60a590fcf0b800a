import * as Effect from "effect/Effect"
import fs from "node:fs"
import { Metrics } from "./dist/services/Metrics.js"
import { openLmdbStore } from "./dist/services/store/LmdbStore.js"
const [soundFile, from, to] = process.argv.slice(2)
const base = fs.readFileSync(soundFile)
const stats = { refused: 0, opened: 0, readFailed: 0 }
for (let seed = +from; seed < +to; seed++) {
  let s = (seed * 2654435761) >>> 0
  const rnd = () => (s = (Math.imul(s, 1664525) + 1013904223) >>> 0) / 4294967296
  const b = Buffer.from(base)
  const kind = seed % 4
  let cut = b.length
  const used = Math.min(b.length, 250 * 4096)
  if (kind === 0) for (let i = 0; i < 1 + rnd() * 20; i++) b[Math.floor(rnd() * used)] = rnd() * 256
  if (kind === 1) { const p = 2 + Math.floor(rnd() * 240), o = Math.floor(rnd()*40); for (let i = 0; i < 4; i++) b[p*4096+o+i] = rnd() * 256 }
  if (kind === 2) { const p = Math.floor(rnd() * 250), q = Math.floor(rnd() * 250); b.copy(b, p*4096, q*4096, q*4096+4096) }
  if (kind === 3) { const p = Math.floor(rnd() * 2); const o = Math.floor(rnd()*170); b[p*4096+o] = rnd() * 256 }
  const dir = `/tmp/st/fuzz/${seed}`
  fs.mkdirSync(dir, { recursive: true })
  fs.writeFileSync(dir + "/clarion.mdb", b)
  fs.writeFileSync("/tmp/st/fuzz/last" + from, `${seed}`)
  await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
    const st = yield* openLmdbStore(dir)
    stats.opened++
    for (const t of ["left", "right", "long"]) { const r = yield* Effect.exit(st.range(t, {})); if (r._tag === "Failure") stats.readFailed++ ; yield* Effect.exit(st.range(t, {isReverse: true, limit: 50})) }
    for (let i = 0; i < 30; i++) yield* Effect.exit(st.commit([{ table: "left", key: ["key", i * 90], value: i }, { table: "right", key: ["key", i * 80 + 1] }, { table: "long", key: [i % 20], value: new Uint8Array(9000) }]))
  })).pipe(Effect.provide(Metrics.layer), Effect.catch((e) => Effect.sync(() => { stats.refused++; if (e.reason !== "damaged") console.log(seed, e.reason, e.message) }))))
  fs.rmSync(dir, { recursive: true, force: true })
}
console.log(stats)
