/** Runs hooks under TestClock, with what they log captured. */
import { it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { makeHookRunner } from "../../src/actors/hookRunner.ts"
import type { Settings } from "../../src/config/Keys.ts"
import type { ServerConfigValue } from "../../src/config/ServerConfig.ts"
import { Hooks, type HooksShape } from "../../src/services/Hooks.ts"
import { CapturedLogs } from "./CapturedLogs.ts"
import { configWith } from "./configurations.ts"

export const makeRunner = (hooks: HooksShape, settings: Settings<ServerConfigValue> = {}) =>
  Effect.provideService(makeHookRunner(configWith(settings)), Hooks, hooks)

export const test = (
  name: string,
  body: (logs: CapturedLogs) => Effect.Effect<void, unknown, Scope.Scope>
) => {
  const logs = new CapturedLogs()
  it.effect(name, () => Effect.provide(body(logs), logs.layer))
}

/** A hook that waits until it is let go. */
export const gate = () => {
  const open = Deferred.makeUnsafe<void>()
  return { wait: Deferred.await(open), open: Deferred.succeed(open, undefined) }
}
