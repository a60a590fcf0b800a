/**
 * One-for-one supervision: an actor that crashes is restarted alone, after a backoff, within a budget; then the supervisor
 * itself fails, and who waits on `failure` decides (the programs exit).
 *
 * The lifecycle machine decides, the supervisor does: it starts the actor's program when the machine is in `starting`, asks it
 * to end in `draining`, and tells the machine what happened. Every restart is logged with its cause, and counted.
 */
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import type * as Scope from "effect/Scope"
import { createActor } from "xstate"
import { type ActorProbe, ActorTree } from "../services/ActorTree.ts"
import { makeNow } from "../services/now.ts"
import { makeMachineClock } from "./clock.ts"
import { backoffMs, type LifecycleState, lifecycleMachine, type RestartPolicy } from "./lifecycleMachine.ts"

/** An actor crashed more often than its budget allows. `cause` is the last crash. */
export class RestartBudgetSpent extends Data.TaggedError("RestartBudgetSpent")<{
  readonly address: string
  readonly restarts: number
  readonly cause: string
}> {
  override get message(): string {
    return `${this.address} crashed again after ${this.restarts} restarts: ${this.cause}`
  }
}

/** What a program is given by its supervisor. */
export interface Life {
  /** To be called once, when the actor serves. */
  readonly started: Effect.Effect<void>
  /** Completes when the actor is asked to end its work in order; its program then returns. */
  readonly stopping: Effect.Effect<void>
}

export interface ActorSpec<R> {
  readonly name: string
  /** One life of the actor. Its scope closes when it ends, however it ends. To return before `stopping` is a crash. */
  readonly program: (life: Life) => Effect.Effect<void, unknown, R | Scope.Scope>
  /** What the tree shows beside state and restarts. */
  readonly probe: () => Omit<ActorProbe, "state" | "restarts" | "cause">
}

export interface SupervisedActor {
  readonly name: string
  readonly state: () => LifecycleState
  readonly restarts: () => number
  /** Ends the present life as a crash with this cause, as a defect in it would. */
  readonly crash: (cause: string) => Effect.Effect<void>
  /** Asks for an orderly end and waits until the actor is stopped or failed. */
  readonly stop: Effect.Effect<void>
}

export interface Supervisor {
  readonly supervise: <R>(spec: ActorSpec<R>) => Effect.Effect<SupervisedActor, never, R | Scope.Scope>
  /** Fails when an actor's budget is spent; never succeeds. */
  readonly failure: Effect.Effect<never, RestartBudgetSpent>
}

const describe = (cause: Cause.Cause<unknown>): string => {
  const squashed = Cause.squash(cause)
  return squashed instanceof Error ? squashed.message : String(squashed)
}

/** Shows itself in the actor tree at `address`, and its actors below it. */
export const make = Effect.fnUntraced(function* (address: string, policy: RestartPolicy) {
  const clock = yield* makeMachineClock
  const now = yield* makeNow
  const tree = yield* ActorTree
  const failure = yield* Deferred.make<never, RestartBudgetSpent>()
  let failed = false
  yield* tree.register(address, () => ({ state: failed ? "failed" : "serving" }))

  const supervise = Effect.fnUntraced(function* <R>(spec: ActorSpec<R>) {
    const fork = yield* FiberSet.makeRuntime<R>()
    const own = `${address}/${spec.name}`
    const ended = yield* Deferred.make<void>()
    const machine = createActor(lifecycleMachine, { clock, input: policy })
    const state = () => machine.getSnapshot().value as LifecycleState
    let stopping = yield* Deferred.make<void>()
    let fiber: Fiber.Fiber<void, unknown> | undefined
    let killedBy: string | undefined

    const onExit = (exit: Exit.Exit<void, unknown>) => {
      if (machine.getSnapshot().status !== "active") return
      if (state() === "draining" && (Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause))) {
        machine.send({ type: "finished" })
      } else {
        const cause = killedBy ?? (Exit.isSuccess(exit) ? "it ended by itself" : describe(exit.cause))
        killedBy = undefined
        machine.send({ type: "crashed", at: now(), cause })
        if (Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause)) fork(Effect.logDebug(exit.cause))
      }
    }
    const live = Effect.suspend(() => {
      stopping = Deferred.makeUnsafe()
      const life: Life = {
        started: Effect.sync(() => machine.send({ type: "started" })),
        stopping: Deferred.await(stopping)
      }
      return Effect.scoped(spec.program(life))
    })
    const enter = (state: LifecycleState) => {
      const { context } = machine.getSnapshot()
      switch (state) {
        case "starting":
          fiber = fork(live)
          fiber.addObserver(onExit)
          break
        case "restarting":
          fork(Effect.logWarning(`${own} crashed: ${context.cause}; restart in ${backoffMs(context)} ms`))
          break
        case "draining":
          Deferred.doneUnsafe(stopping, Effect.void)
          break
        case "failed": {
          const error = new RestartBudgetSpent({
            address: own,
            restarts: context.restarts,
            cause: context.cause ?? ""
          })
          failed = true
          fork(Effect.logError(error.message))
          Deferred.doneUnsafe(failure, Effect.fail(error))
          Deferred.doneUnsafe(ended, Effect.void)
          break
        }
        case "stopped":
          Deferred.doneUnsafe(ended, Effect.void)
          break
      }
    }
    let entered: LifecycleState | undefined
    machine.subscribe({
      next: (snapshot) => {
        if (snapshot.value === entered) return
        entered = snapshot.value as LifecycleState
        enter(entered)
      },
      // Without this, xstate would throw from a timer and end the process.
      error: (error) => fork(Effect.logError(`${own}: its lifecycle machine failed`, error))
    })
    yield* tree.register(own, () => {
      const { context } = machine.getSnapshot()
      return { ...spec.probe(), state: state(), restarts: context.restarts, cause: context.cause }
    })
    yield* Effect.acquireRelease(
      Effect.sync(() => machine.start()),
      () => Effect.sync(() => machine.stop())
    )
    const actor: SupervisedActor = {
      name: spec.name,
      state,
      restarts: () => machine.getSnapshot().context.restarts,
      crash: (cause) =>
        Effect.suspend(() => {
          killedBy = cause
          fiber?.interruptUnsafe()
          return Effect.void
        }),
      stop: Effect.suspend(() => {
        machine.send({ type: "stop" })
        return Deferred.await(ended)
      })
    }
    return actor
  })

  const supervisor: Supervisor = { supervise, failure: Deferred.await(failure) }
  return supervisor
})
