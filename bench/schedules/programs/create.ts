/** An embedding program that creates schedules, 1,000 at a time: `create.js DIRECTORY COUNT` tells how long it took. */
import { PushServer, Scheduler, serverConfig } from "clarion"
import { Effect } from "effect"

const CONCURRENCY = 1_000
const HOUR = 3_600_000

const [directory = "", count = "0"] = process.argv.slice(2)
const data = Buffer.from('{"text":"this is what was to be said at last"}')

const create = Effect.gen(function* () {
  const scheduler = yield* Scheduler
  const make = (from: number, to: number) =>
    Effect.forEach(
      Array.from({ length: to - from }, (_, i) => from + i),
      (i) => scheduler.create({ delay: HOUR + i, channels: [`user-${i}`], data }),
      { concurrency: CONCURRENCY, discard: true }
    )
  const total = Number(count)
  yield* make(0, total / 10)
  const startedAt = performance.now()
  const cpu = process.cpuUsage()
  yield* make(total, 2 * total)
  const { user, system } = process.cpuUsage(cpu)
  return { seconds: (performance.now() - startedAt) / 1000, cpuUs: user + system }
})

const main = Effect.gen(function* () {
  const config = yield* Effect.fromResult(
    serverConfig({
      server: { port: 0, ip: "127.0.0.1" },
      auth: { apiKey: "bench" },
      store: { path: directory },
      log: { level: "Warn" }
    })
  )
  return yield* Effect.provide(create, PushServer.layer(config))
})

Effect.runPromise(main).then((result) => process.stdout.write(JSON.stringify(result)))
