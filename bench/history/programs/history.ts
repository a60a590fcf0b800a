/** A broker as the service has it, with its store in a directory, and what is said of how long something took. */
import { makeEmbedded } from "clarion/services/broker/EmbeddedBroker"
import { Metrics } from "clarion/services/Metrics"
import { layerDisk } from "clarion/services/store/LmdbStore"
import { Effect, Layer } from "effect"

const HOUR = 3_600_000

/** What channels keep here. */
export const streamOf = (kind: string) => ({
  size: 100,
  ttlMs: HOUR,
  metaTtlMs: HOUR,
  isDurable: kind === "durable"
})

export const data = Buffer.alloc(100, "a")

export interface Pace {
  readonly perSecond: number
  readonly cpuUs: number
}

/** How fast it was, over so many of them. */
export const paced = <E, R>(count: number, work: Effect.Effect<void, E, R>) =>
  Effect.gen(function* () {
    const startedAt = performance.now()
    const cpu = process.cpuUsage()
    yield* work
    const { user, system } = process.cpuUsage(cpu)
    const seconds = (performance.now() - startedAt) / 1000
    return { perSecond: count / seconds, cpuUs: (user + system) / count } satisfies Pace
  })

type Broker = Effect.Success<ReturnType<typeof makeEmbedded>>["broker"]

/** Writes what comes of it as JSON. */
export const run = <E>(directory: string, use: (broker: Broker) => Effect.Effect<unknown, E>): void => {
  const main = Effect.gen(function* () {
    const { broker } = yield* makeEmbedded(() => {})
    return yield* use(broker)
  })
  const store = layerDisk(directory).pipe(Layer.provide(Metrics.layer))
  void Effect.runPromise(main.pipe(Effect.scoped, Effect.provide(store))).then((result) =>
    process.stdout.write(JSON.stringify(result))
  )
}
