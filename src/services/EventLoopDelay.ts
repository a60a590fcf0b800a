/** How long the event loop keeps its callers waiting: the delay of a timer, by Node's own sampler, in windows of ten seconds. */
import { monitorEventLoopDelay } from "node:perf_hooks"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { forkLongLived } from "./longLived.ts"

const WINDOW = "10 seconds"
/** Time between two samples; the sampler reports the whole time from one to the next, so this is taken off. */
const RESOLUTION_MS = 10

/** Milliseconds beyond the time at which the loop should have been free. */
export interface LoopDelay {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

export class EventLoopDelay extends Context.Service<
  EventLoopDelay,
  {
    /** Of the last whole window; of the present one before the first has ended. */
    readonly window: () => LoopDelay
    /** Since start. */
    readonly total: () => LoopDelay
  }
>()("clarion/services/EventLoopDelay") {
  static readonly layer = Layer.effect(
    this,
    Effect.gen(function* () {
      const sampler = Effect.acquireRelease(
        Effect.sync(() => {
          const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
          histogram.enable()
          return histogram
        }),
        (histogram) => Effect.sync(() => histogram.disable())
      )
      const whole = yield* sampler
      const current = yield* sampler
      const beyond = (nanos: number) => Math.max(0, nanos / 1e6 - RESOLUTION_MS)
      const read = (histogram: typeof whole): LoopDelay =>
        histogram.count === 0
          ? { p50: 0, p99: 0, max: 0 }
          : {
              p50: beyond(histogram.percentile(50)),
              p99: beyond(histogram.percentile(99)),
              max: beyond(histogram.max)
            }
      let last: LoopDelay | undefined
      yield* forkLongLived(
        "event loop delay",
        Effect.sleep(WINDOW).pipe(
          Effect.andThen(
            Effect.sync(() => {
              last = read(current)
              current.reset()
            })
          ),
          Effect.forever
        )
      )
      return EventLoopDelay.of({ window: () => last ?? read(current), total: () => read(whole) })
    })
  )
}
