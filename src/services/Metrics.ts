/**
 * Metrics in Prometheus' text format. Parts of the service register what they can tell; they are asked when somebody looks, so
 * a metric costs nothing in between.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import type * as Scope from "effect/Scope"

/** One value of one metric. Counters only grow, and their names end in `_total`. */
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

export class Metrics extends Context.Service<
  Metrics,
  {
    /** Asks `collect` at each scrape, until the scope closes. */
    readonly register: (collect: Collect) => Effect.Effect<void, never, Scope.Scope>
    /** What is registered, asked now. */
    readonly samples: Effect.Effect<ReadonlyArray<Sample>>
    /** The same as text, and the program's own Effect metrics. */
    readonly text: Effect.Effect<string>
  }
>()("clarion/services/Metrics") {
  static readonly layer = Layer.sync(this, () => {
    const sources = new Set<Collect>()
    const update = ({ type, name, help, value, labels = {} }: Sample) => {
      const options = { description: help, attributes: labels }
      return type === "counter"
        ? Metric.update(Metric.counter(name, options), value)
        : Metric.update(Metric.gauge(name, options), value)
    }
    const samples = Effect.suspend(() =>
      Effect.map(Effect.all([...sources], { concurrency: "unbounded" }), (all) => all.flat())
    )
    return Metrics.of({
      register: (collect) =>
        Effect.acquireRelease(
          Effect.sync(() => void sources.add(collect)),
          () => Effect.sync(() => void sources.delete(collect))
        ),
      samples,
      text: Effect.gen(function* () {
        // Loaded late: a worker process is never asked for text.
        const PrometheusMetrics = yield* Effect.promise(
          () => import("effect/observability/PrometheusMetrics")
        )
        // A registry of its own for each scrape: values are absolute, and nothing is kept.
        const registered = yield* Effect.andThen(
          Effect.forEach(yield* samples, update, { discard: true }),
          PrometheusMetrics.format()
        ).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))
        return registered + (yield* PrometheusMetrics.format())
      })
    })
  })
}
