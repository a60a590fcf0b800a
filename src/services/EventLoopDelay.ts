/** How long the event loop keeps its callers waiting: the delay of a timer, by Node's own sampler. */
import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { forkLongLived } from "./longLived.ts"

const WINDOW = "10 seconds"
/** Time between two samples; the sampler reports the whole time from one to the next, so this is taken off. */
export const RESOLUTION_MS = 10

/** Milliseconds beyond the time at which the loop should have been free. */
export interface LoopDelay {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

const sampler = (resolution: number) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const histogram = monitorEventLoopDelay({ resolution })
      histogram.enable()
      return histogram
    }),
    (histogram) => Effect.sync(() => histogram.disable())
  )

const read = (histogram: IntervalHistogram, resolution: number): LoopDelay => {
  if (histogram.count === 0) return { p50: 0, p99: 0, max: 0 }
  const beyond = (nanos: number) => Math.max(0, nanos / 1e6 - resolution)
  return {
    p50: beyond(histogram.percentile(50)),
    p99: beyond(histogram.percentile(99)),
    max: beyond(histogram.max)
  }
}

export class EventLoopDelay extends Context.Service<EventLoopDelay, { readonly read: () => LoopDelay }>()(
  "clarion/services/EventLoopDelay"
) {
  /** Of the last whole window of ten seconds, for a server; of the present one before the first has ended. */
  static readonly layerWindow = (resolution = RESOLUTION_MS) =>
    Layer.effect(
      this,
      Effect.gen(function* () {
        const histogram = yield* sampler(resolution)
        let last: LoopDelay | undefined
        const endWindow = Effect.sync(() => {
          last = read(histogram, resolution)
          histogram.reset()
        })
        yield* forkLongLived(
          "event loop delay",
          Effect.forever(Effect.andThen(Effect.sleep(WINDOW), endWindow))
        )
        return EventLoopDelay.of({ read: () => last ?? read(histogram, resolution) })
      })
    )

  /**
   * Since start, for a run of the load client.
   * @param resolution milliseconds between two samples; each one wakes the process
   */
  static readonly layerWhole = (resolution = RESOLUTION_MS) =>
    Layer.effect(
      this,
      Effect.map(sampler(resolution), (histogram) =>
        EventLoopDelay.of({ read: () => read(histogram, resolution) })
      )
    )
}
