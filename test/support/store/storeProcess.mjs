// A process with a store of its own, told by its arguments what to do: storeProcess.mjs <directory> <commit|hold|read|fill>
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { Metrics } from "../../../dist/services/Metrics.js"
import { openLmdbStore } from "../../../dist/services/store/LmdbStore.js"

const [directory, task] = process.argv.slice(2)
const say = (line) => Effect.sync(() => void process.stdout.write(`${line}\n`))

/** Commits pairs for ever, eight at a time, and says each number when its commit has succeeded. */
const commit = (store) =>
  Effect.gen(function* () {
    let next = yield* store.count("left")
    const one = Effect.gen(function* () {
      const number = next++
      const value = { number, text: "x".repeat(number % 700) }
      yield* store.commit([
        { table: "left", key: [number], value },
        { table: "right", key: ["of", number], value },
        { table: "last", key: ["number"], value: number }
      ])
      yield* say(number)
    })
    yield* Effect.all(
      Array.from({ length: 8 }, () => Effect.forever(one)),
      { concurrency: "unbounded" }
    )
  })

/** Reads everything, and writes a little. */
const read = (store) =>
  Effect.gen(function* () {
    for (const table of ["left", "right", "long"]) {
      const entries = yield* store.range(table, {})
      yield* say(`${table} ${entries.length} ${yield* store.count(table)}`)
    }
    yield* store.commit([{ table: "left", key: [-1], value: "written" }])
    yield* say("written")
    yield* store.commit([{ table: "left", key: [-1] }])
  })

/** Commits until one fails, and again when it is told on stdin that there is room. */
const fill = (store) =>
  Effect.gen(function* () {
    let number = 0
    const one = Effect.suspend(() =>
      store.commit([{ table: "left", key: [number++], value: new Uint8Array(20_000) }])
    )
    const failure = yield* Effect.flip(Effect.forever(one))
    const again = yield* Effect.forEach([1, 2, 3, 4, 5], () => Effect.flip(one))
    yield* say(JSON.stringify({ reasons: [failure, ...again].map(({ reason }) => reason) }))
    const kept = yield* store.range("left", {})
    yield* say(`kept ${kept.length} ${number - 6}`)
    yield* Effect.callback((resume) => process.stdin.once("data", () => resume(Effect.void)))
    yield* one
    yield* say(`works again ${yield* store.count("left")}`)
    process.stdin.destroy()
  })

const tasks = { commit, read, fill, hold: () => Effect.andThen(say("held"), Effect.never) }

const main = Effect.gen(function* () {
  const store = yield* openLmdbStore(directory)
  yield* tasks[task](store)
}).pipe(Effect.scoped, Effect.provide(Metrics.layer))

const keepsAlive = setInterval(() => {}, 60_000)
const exit = await Effect.runPromiseExit(main)
clearInterval(keepsAlive)
if (exit._tag === "Failure") {
  process.stdout.write(
    `${Cause.squash(exit.cause).reason ?? "defect"}: ${Cause.squash(exit.cause).message}\n`
  )
  process.exitCode = 1
}
