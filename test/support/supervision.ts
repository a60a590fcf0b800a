/** A supervisor with one actor, under TestClock, with its logs captured: crashes on purpose are not printed. */
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { RestartPolicy } from "../../src/actors/lifecycleMachine.ts"
import * as Supervisor from "../../src/actors/Supervisor.ts"
import { ActorTree } from "../../src/services/ActorTree.ts"
import { CapturedLogs } from "./CapturedLogs.ts"

export const POLICY: RestartPolicy = { budget: 3, windowMs: 60_000, backoffMs: 100, maxBackoffMs: 1000 }

export const noProbe = () => ({})

/** A program that serves until it is asked to stop, and takes down the beginnings and ends of its lives. */
export const patient = (lives: Array<string> = []) =>
  Effect.fnUntraced(function* (life: Supervisor.Life) {
    yield* Effect.addFinalizer((exit) =>
      Effect.sync(() => void lives.push(Exit.isSuccess(exit) ? "ended" : "cut"))
    )
    lives.push("started")
    yield* life.started
    yield* life.stopping
  })

export const ADDRESS = "primary/things"

export const supervise = Effect.fnUntraced(function* (
  program: Supervisor.ActorSpec<never>["program"],
  { policy = POLICY, name = "thing" } = {}
) {
  const supervisor = yield* Supervisor.make(ADDRESS, policy)
  const actor = yield* supervisor.supervise({ name, program, probe: noProbe })
  return { supervisor, actor }
})

export const test = (
  name: string,
  body: (logs: CapturedLogs) => Effect.Effect<void, unknown, ActorTree | Scope.Scope>
) => {
  const logs = new CapturedLogs()
  it.effect(name, () => body(logs).pipe(Effect.provide(Layer.merge(ActorTree.layer, logs.layer))))
}
