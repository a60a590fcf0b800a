/** What several scenarios wait for. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Glance } from "../metrics/RunMetrics.ts"
import type { Stage } from "./Scenario.ts"

/** How often it is looked. */
const LOOK = "100 millis"
/** A timeout is noticed by a sweep, some time after it. */
const SWEEPS_MS = 5000
/** Copies of the latest broadcast are waited for until none has come for so long; and so long in all. */
const NO_COPY_MS = 2000
const BROADCAST_MS = 30_000

/** Looks until it is so, for so long at most; whether it came to be so. */
export const lookUntil = (
  { look, now }: Pick<Stage, "look" | "now">,
  withinMs: number,
  isSo: (glance: Glance) => boolean
): Effect.Effect<boolean> =>
  Effect.gen(function* () {
    const until = now() + withinMs
    while (true) {
      if (isSo(yield* look)) return true
      if (now() >= until) return false
      yield* Effect.sleep(LOOK)
    }
  })

/** As long as `hold.duration`. */
export const holding = (stage: Stage): Effect.Effect<void> =>
  Effect.suspend(() => {
    stage.tell({ endsAt: stage.now() + Duration.toMillis(stage.config.hold.duration) })
    return Effect.sleep(stage.config.hold.duration)
  })

/** All steps of the ramps are done, and no attempt of them is under way: each is open or has failed. */
export const allSettled = (stage: Stage): Effect.Effect<void> =>
  Effect.gen(function* () {
    const isHolding = () => stage.phase() === "holding"
    yield* lookUntil(stage, Number.POSITIVE_INFINITY, isHolding)
    const withinMs = Duration.toMillis(stage.config.setup.timeout) + SWEEPS_MS
    yield* lookUntil(stage, withinMs, ({ opening }) => isHolding() && opening === 0)
  })

/**
 * The latest broadcast has reached everyone, or nothing more of it comes: a run, or a level of one, must not end in the middle of it.
 * One that the client published itself is waited for although nobody has heard of it yet.
 */
export const broadcastDone = (
  stage: Pick<Stage, "look" | "now" | "heard" | "publisher">
): Effect.Effect<void> =>
  Effect.gen(function* () {
    const until = stage.now() + BROADCAST_MS
    const published = stage.publisher.published()
    yield* lookUntil(stage, NO_COPY_MS, () => (stage.heard() ?? 0) >= published)
    let { missing } = yield* stage.look
    while (missing > 0 && stage.now() < until) {
      const before = missing
      const hasMoved = yield* lookUntil(stage, NO_COPY_MS, (glance) => {
        missing = glance.missing
        return missing < before
      })
      if (!hasMoved) return
    }
  })
