/**
 * xstate's clock on Effect's Clock: `after` in a machine follows TestClock as every other timer does.
 *
 * On the live clock native timers are used: 210 bytes each against 1.1 KB for a sleeping fiber.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import type * as Scope from "effect/Scope"
import { isLive } from "../services/now.ts"

/** What xstate's `createActor(machine, { clock })` takes. */
export interface MachineClock {
  setTimeout(fn: () => void, ms: number): unknown
  clearTimeout(id: unknown): void
}

const native: MachineClock = {
  setTimeout: (fn, ms) => setTimeout(fn, ms),
  clearTimeout: (id) => clearTimeout(id as NodeJS.Timeout)
}

export const makeMachineClock: Effect.Effect<MachineClock, never, Scope.Scope> = Effect.gen(function* () {
  const clock = yield* Clock.clockWith(Effect.succeed)
  if (isLive(clock)) return native
  const fork = yield* FiberSet.makeRuntime<never>()
  return {
    setTimeout: (fn, ms) => fork(Effect.andThen(Effect.sleep(ms), Effect.sync(fn))),
    clearTimeout: (id) => (id as Fiber.Fiber<void> | undefined)?.interruptUnsafe()
  }
})
