/**
 * Which node of a cluster does what only one may do: fire schedules, and send broadcasts by the timer.
 *
 * Guarantees:
 * - At most one node leads at a time, as long as the monotonic clocks of the nodes run equally fast, to a quarter (leaseMachine.ts says why).
 *   `isLeader` looks at the clock whenever it is asked: a node that was suspended, or cannot reach NATS, no longer leads when its time is over,
 *   whether it has noticed or not.
 * - `fence` grows with every node that leads. What another node has changed under a greater one is not to be overwritten.
 * - When the leader dies, another node leads within 5 seconds; when it ends in good order, or gives up, at once.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { counter, gauge, Metrics } from "../Metrics.ts"
import { atStart } from "../nats/Bucket.ts"
import { NatsLink } from "../nats/NatsLink.ts"
import { contend } from "./contend.ts"
import { openLeaseRecord } from "./LeaseRecord.ts"

const lineOf = (isLeader: boolean, fence: number): Effect.Effect<void> =>
  isLeader
    ? Effect.logInfo(`this node leads the cluster (fence ${fence})`)
    : Effect.logInfo("this node does not lead the cluster any more")

export class Leadership extends Context.Service<
  Leadership,
  {
    /** Whether this node leads now. */
    readonly isLeader: () => boolean
    /** Of the last time that this node began to lead; 0: it never has. */
    readonly fence: () => number
    /** Told of each change of `isLeader`, when it is noticed, until the scope closes. Synchronous. */
    readonly onChange: (told: (isLeader: boolean) => void) => Effect.Effect<void, never, Scope.Scope>
  }
>()("clarion/services/Leadership") {
  /** The only node there is. */
  static readonly layerAlone = Layer.succeed(
    this,
    this.of({ isLeader: () => true, fence: () => 1, onChange: () => Effect.void })
  )

  /** One of the nodes that have the same `broker.nats.prefix`. */
  static readonly layerNats = Layer.effect(
    this,
    Effect.gen(function* () {
      const { uid } = yield* NatsLink
      const { changes, ...leadership } = yield* contend(uid, yield* atStart(openLeaseRecord))
      const log = yield* FiberSet.makeRuntime<never>()
      yield* leadership.onChange((isLeader) => void log(lineOf(isLeader, leadership.fence())))
      yield* (yield* Metrics).register(
        Effect.sync(() => [
          gauge(
            "clarion_cluster_leader",
            "1 while this node leads the cluster, else 0",
            leadership.isLeader() ? 1 : 0
          ),
          counter(
            "clarion_cluster_leader_changes_total",
            "Times that this node began or ceased to lead",
            changes()
          )
        ])
      )
      return Leadership.of(leadership)
    })
  )
}
