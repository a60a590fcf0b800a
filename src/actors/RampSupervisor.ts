/** Owns the ramps of this process, one for each of its local addresses; restarts one that dies, and says so. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { EndedConnections } from "../client/EndedConnections.ts"
import type { RunMetrics } from "../client/metrics/RunMetrics.ts"
import type { RampShare } from "../client/RampSockets.ts"
import type { Order } from "../client/scenario/Order.ts"
import type { ResolvedTarget } from "../client/target.ts"
import type { ClientConfigValue } from "../config/ClientConfig.ts"
import type { ActorProbe } from "../services/ActorTree.ts"
import { type LivingRamp, rampProgram } from "./Ramp.ts"
import type { RampState } from "./rampMachine.ts"
import * as Supervisor from "./Supervisor.ts"

export const RAMP_RESTARTS = { budget: 3, windowMs: 60_000, backoffMs: 1000, maxBackoffMs: 10_000 } as const

export interface RampSupervisorOptions {
  /** Where it stands in the actor tree. */
  readonly address?: string
  readonly config: ClientConfigValue
  readonly shares: ReadonlyArray<RampShare>
  readonly target: ResolvedTarget
  readonly metrics: RunMetrics
  readonly ended: EndedConnections
}

export interface RampProbe extends ActorProbe {
  readonly name: string
  readonly connections: number
  readonly restarts: number
}

const order: ReadonlyArray<RampState> = ["idle", "ramping", "holding", "draining", "done"]

export const leastAdvanced = (states: ReadonlyArray<RampState>): RampState =>
  order[states.reduce((least, state) => Math.min(least, order.indexOf(state)), order.length - 1)]!

export class RampSupervisor extends Context.Service<
  RampSupervisor,
  {
    readonly actors: ReadonlyArray<Supervisor.SupervisedActor>
    /** The least advanced state of all ramps. */
    readonly phase: () => RampState
    /** What the actor tree shows of each ramp, by name. */
    readonly probes: () => ReadonlyArray<RampProbe>
    /** Restarts of all ramps since start. */
    readonly restarts: () => number
    /** Has all ramps do what a scenario asks for. */
    readonly order: (order: Order) => void
    /** Closes every connection, and completes when they are gone. */
    readonly stop: Effect.Effect<void>
    /** Fails when a ramp's restart budget is spent. */
    readonly failure: Effect.Effect<never, Supervisor.RestartBudgetSpent>
  }
>()("clarion/actors/RampSupervisor") {
  static readonly layer = (options: RampSupervisorOptions) =>
    Layer.effect(
      this,
      Effect.gen(function* () {
        const supervisor = yield* Supervisor.make(options.address ?? "client", RAMP_RESTARTS)
        const ramps: Array<LivingRamp | undefined> = options.shares.map(() => undefined)
        let standing: Order | undefined
        const connections = (i: number) => ramps[i]?.sockets.sockets.size ?? 0
        const actors = yield* Effect.forEach(options.shares, (share, i) =>
          supervisor.supervise({
            name: `ramp-${share.localAddress}`,
            program: rampProgram({ ...options, share }, (ramp) => {
              ramps[i] = ramp
              if (standing !== undefined) ramp.obey(standing)
            }),
            probe: () => ({ connections: connections(i) })
          })
        )
        return RampSupervisor.of({
          actors,
          phase: () => leastAdvanced(ramps.map((ramp) => ramp?.state() ?? "idle")),
          probes: () =>
            actors.map(({ name, state, restarts }, i) => ({
              ...{ name, state: state(), restarts: restarts() },
              connections: connections(i)
            })),
          restarts: () => actors.reduce((sum, actor) => sum + actor.restarts(), 0),
          order: (order) => {
            if (order._tag === "Raise") standing = order
            for (const ramp of ramps) ramp?.obey(order)
          },
          stop: Effect.forEach(actors, (actor) => actor.stop, { concurrency: "unbounded", discard: true }),
          failure: supervisor.failure
        })
      })
    )
}
