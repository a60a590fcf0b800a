/**
 * Metrics in Prometheus' text format. Parts of the service register what they can tell; they are asked when somebody looks, so
 * a metric costs nothing in between.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { metricsText } from "./metricsText.ts"

/** One value of one metric; those of the same name and labels are parts of it. Counters only grow, and their names end in `_total`. */
export interface Sample {
  readonly type: "counter" | "gauge"
  readonly name: string
  readonly help: string
  readonly value: number
  readonly labels?: Readonly<Record<string, string>>
}

export const gauge = (name: string, help: string, value: number): Sample => ({
  type: "gauge",
  name,
  help,
  value
})

export const counter = (
  name: string,
  help: string,
  value: number,
  labels: Readonly<Record<string, string>> = {}
): Sample => ({ type: "counter", name, help, value, labels })

export type Collect = Effect.Effect<ReadonlyArray<Sample>>

/** What text is written with. Loaded late: a worker process is never asked for text. Whoever is loads it before, as it takes 50 ms. */
export const loadText = Effect.promise(() => import("effect/observability/PrometheusMetrics"))

/** Has other processes tell what they know, unless they told it within `maxAgeMs`. */
export type Refresh = (maxAgeMs: number) => Effect.Effect<void>

export class Metrics extends Context.Service<
  Metrics,
  {
    /** Asks `collect` at each scrape, until the scope closes. It does not wait for others. */
    readonly register: (collect: Collect) => Effect.Effect<void, never, Scope.Scope>
    /** The same for what there is much of, as of each actor: for `samples` and `text` alone. */
    readonly registerDetails: (collect: Collect) => Effect.Effect<void, never, Scope.Scope>
    /** How other processes are asked for what is collected here of them, until the scope closes. */
    readonly registerOthers: (refresh: Refresh) => Effect.Effect<void, never, Scope.Scope>
    readonly refresh: Refresh
    /** What is registered, without details, as far as it is known here. */
    readonly known: Effect.Effect<ReadonlyArray<Sample>>
    /** All that is registered, and others are asked for theirs. */
    readonly samples: Effect.Effect<ReadonlyArray<Sample>>
    /** The same as text, and the program's own Effect metrics. Made in turns of the event loop, each of a millisecond or two. */
    readonly text: Effect.Effect<string>
  }
>()("clarion/services/Metrics") {
  static readonly layer = Layer.sync(this, () => {
    const sources = new Set<Collect>()
    const details = new Set<Collect>()
    const others = new Set<Refresh>()
    const refresh: Refresh = (maxAgeMs) =>
      Effect.suspend(() =>
        Effect.forEach([...others], (ask) => ask(maxAgeMs), { concurrency: "unbounded", discard: true })
      )
    const collectAll = (all: ReadonlyArray<Collect>, between: Effect.Effect<void>) =>
      Effect.map(
        Effect.forEach(all, (collect) => Effect.tap(collect, between)),
        (collected) => collected.flat()
      )
    const samples = Effect.andThen(
      refresh(0),
      Effect.suspend(() => collectAll([...sources, ...details], Effect.yieldNow))
    )
    return Metrics.of({
      register: (collect) => memberOf(sources, collect),
      registerDetails: (collect) => memberOf(details, collect),
      registerOthers: (refresh) => memberOf(others, refresh),
      refresh,
      known: Effect.suspend(() => collectAll([...sources], Effect.void)),
      samples,
      text: Effect.gen(function* () {
        const PrometheusMetrics = yield* loadText
        const registered = yield* metricsText(yield* samples)
        return registered + (yield* PrometheusMetrics.format())
      })
    })
  })
}

/** Until the scope closes. */
const memberOf = <A>(all: Set<A>, one: A): Effect.Effect<void, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => void all.add(one)),
    () => Effect.sync(() => void all.delete(one))
  )
