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
import { type ActorNode, type ActorProbe, ActorTree } from "../services/ActorTree.ts"
import { makeNow } from "../services/now.ts"
import { type MachineClock, makeMachineClock } from "./clock.ts"
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
  readonly probe: () => Omit<ActorProbe, "state" | "restarts" | "cause" | "crashedAt">
  /** Its children where they live in another process. */
  readonly elsewhere?: (() => ReadonlyArray<ActorNode>) | undefined
}

export interface SupervisedActor {
  readonly name: string
  readonly state: () => LifecycleState
  readonly restarts: () => number
  /** Ends the present life as a crash with this cause, as a defect in it would. Nothing happens where it does not live now. */
  readonly crash: (cause: string) => Effect.Effect<void>
  /** Asks for an orderly end and waits until the actor is stopped or failed. */
  readonly stop: Effect.Effect<void>
}

export interface Supervisor {
  readonly supervise: <R>(spec: ActorSpec<R>) => Effect.Effect<SupervisedActor, never, R | Scope.Scope>
  /** Fails when the budget of an actor, or of the last one, is spent; never succeeds. */
  readonly failure: Effect.Effect<never, RestartBudgetSpent>
}

/** Why an actor crashed, in words. */
export const reasonOf = (cause: Cause.Cause<unknown>): string => {
  const squashed = Cause.squash(cause)
  return squashed instanceof Error ? squashed.message : String(squashed)
}

/** Forks into the scope of the supervision. */
type Fork<R> = <A, E>(effect: Effect.Effect<A, E, R>) => Fiber.Fiber<A, E>

/** One supervised actor: its lifecycle machine, and the fiber of its present life. */
class Child<R> implements SupervisedActor {
  readonly #machine
  readonly #ended = Deferred.makeUnsafe<void>()
  #stopping = Deferred.makeUnsafe<void>()
  #fiber: Fiber.Fiber<void, unknown> | undefined
  #entered: LifecycleState | undefined
  /** Set when the present life is ended from outside. */
  #crashCause: string | undefined
  #crashedAt: number | undefined

  constructor(
    readonly address: string,
    readonly spec: ActorSpec<R>,
    policy: RestartPolicy,
    clock: MachineClock,
    readonly fork: Fork<R>,
    readonly now: () => number,
    readonly escalate: (error: RestartBudgetSpent) => void
  ) {
    this.#machine = createActor(lifecycleMachine, { clock, input: policy })
    this.#machine.subscribe({
      next: ({ value }) => {
        if (value === this.#entered) return
        this.#entered = value
        this.#enter(value)
      },
      // Without this, xstate would throw from a timer and end the process.
      error: (error) => this.fork(Effect.logError(`${address}: its lifecycle machine failed`, error))
    })
  }

  get name(): string {
    return this.spec.name
  }

  readonly state = (): LifecycleState => this.#machine.getSnapshot().value

  readonly restarts = (): number => this.#machine.getSnapshot().context.restarts

  readonly probe = (): ActorProbe => {
    const { mailbox, connections } = this.spec.probe()
    const { value: state, context } = this.#machine.getSnapshot()
    const { restarts, cause } = context
    return { state, mailbox, connections, restarts, cause, crashedAt: this.#crashedAt }
  }

  readonly crash = (cause: string): Effect.Effect<void> =>
    Effect.sync(() => {
      if (this.state() !== "starting" && this.state() !== "serving") return
      this.#crashCause = cause
      this.#fiber?.interruptUnsafe()
    })

  get stop(): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.#machine.getSnapshot().status === "active") this.#machine.send({ type: "stop" })
      return Deferred.await(this.#ended)
    })
  }

  /** From here on the machine decides. */
  readonly start = (): void => void this.#machine.start()

  /** No further restart; the fibers end with the scope. */
  readonly abandon = (): void => void this.#machine.stop()

  /** Does what the state asks for. */
  #enter(state: LifecycleState): void {
    const { context } = this.#machine.getSnapshot()
    switch (state) {
      case "starting":
        this.#live()
        break
      case "restarting":
        this.fork(
          Effect.logWarning(`${this.address} crashed: ${context.cause}; restart in ${backoffMs(context)} ms`)
        )
        break
      case "draining":
        Deferred.doneUnsafe(this.#stopping, Effect.void)
        break
      case "failed": {
        const error = new RestartBudgetSpent({
          address: this.address,
          restarts: context.restarts,
          cause: context.cause ?? ""
        })
        this.fork(Effect.logError(error.message))
        this.escalate(error)
        Deferred.doneUnsafe(this.#ended, Effect.void)
        break
      }
      case "stopped":
        Deferred.doneUnsafe(this.#ended, Effect.void)
        break
    }
  }

  #live(): void {
    this.#stopping = Deferred.makeUnsafe()
    const life: Life = {
      started: Effect.sync(() => this.#machine.send({ type: "started" })),
      stopping: Deferred.await(this.#stopping)
    }
    this.#fiber = this.fork(
      Effect.scoped(Effect.suspend(() => this.spec.program(life))) as Effect.Effect<void, unknown, R>
    )
    this.#fiber.addObserver((exit) => this.#exited(exit))
  }

  #exited(exit: Exit.Exit<void, unknown>): void {
    if (this.#machine.getSnapshot().status !== "active") return
    const isOrderly = Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause)
    if (this.state() === "draining" && isOrderly) return this.#machine.send({ type: "finished" })
    if (!isOrderly)
      this.fork(Effect.logDebug(`${this.address} crashed`, (exit as Exit.Failure<void, unknown>).cause))
    const cause = this.#crashCause ?? (Exit.isSuccess(exit) ? "it ended by itself" : reasonOf(exit.cause))
    this.#crashCause = undefined
    const at = this.now()
    this.#crashedAt = Math.round(at)
    this.#machine.send({ type: "crashed", at, cause })
  }
}

/**
 * Shows itself in the actor tree at `address`, and its actors below it.
 * @param failsWith the first actor whose budget is spent, or the last: where the others can do without it
 */
export const make = Effect.fnUntraced(function* (
  address: string,
  policy: RestartPolicy,
  failsWith: "first" | "last" = "first"
) {
  const clock = yield* makeMachineClock
  const now = yield* makeNow
  const tree = yield* ActorTree
  const failure = yield* Deferred.make<never, RestartBudgetSpent>()
  let hasFailed = false
  yield* tree.register(address, () => ({ state: hasFailed ? "failed" : "serving" }))
  let living = 0
  const escalate = (error: RestartBudgetSpent) => {
    living--
    if (failsWith === "last" && living > 0) return
    hasFailed = true
    Deferred.doneUnsafe(failure, Effect.fail(error))
  }

  const supervise = Effect.fnUntraced(function* <R>(spec: ActorSpec<R>) {
    const fork = yield* FiberSet.makeRuntime<Exclude<R, Scope.Scope>>()
    const own = `${address}/${spec.name}`
    const child = new Child(own, spec, policy, clock, fork as Fork<R>, now, escalate)
    yield* tree.register(own, child.probe, spec.elsewhere)
    living++
    yield* Effect.acquireRelease(Effect.sync(child.start), () => Effect.sync(child.abandon))
    return child as SupervisedActor
  })

  const supervisor: Supervisor = { supervise, failure: Deferred.await(failure) }
  return supervisor
})
