/**
 * In the primary: the workers that serve now, by the ids of their lives, and what the server API asks of them together.
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { BrokerUnavailable } from "../broker/Broker.ts"
import { Control, type NodeInfo } from "../Control.ts"
import { LargestChannels, overMany, sumCounts } from "../LargestChannels.ts"
import type { WorkerPeer } from "./WorkerPeer.ts"

/** Time for workers to tell what they hold. */
const ASK_TIMEOUT = "1 second"
/** The same for what they take their time with. */
const LARGEST_TIMEOUT = "30 seconds"

export class WorkerRoster extends Context.Service<
  WorkerRoster,
  {
    /** It can be reached until the scope closes. */
    readonly join: (peer: WorkerPeer) => Effect.Effect<void, never, Scope.Scope>
    /** Those that serve. */
    readonly serving: () => ReadonlyArray<WorkerPeer>
    /** Hands commands to a session of one of them; false where none has that id. */
    readonly emulate: (
      node: string,
      session: string,
      data: Uint8Array
    ) => Effect.Effect<boolean, BrokerUnavailable>
  }
>()("clarion/services/workers/WorkerRoster") {
  static readonly layer = Layer.sync(this, () => {
    const byNode = new Map<string, WorkerPeer>()
    return WorkerRoster.of({
      join: (peer) =>
        Effect.acquireRelease(
          Effect.sync(() => void byNode.set(peer.node, peer)),
          () =>
            Effect.sync(() => {
              byNode.delete(peer.node)
              peer.end()
            })
        ),
      serving: () => [...byNode.values()].filter(({ isServing }) => isServing),
      emulate: (node, session, data) =>
        Effect.suspend(() => byNode.get(node)?.emulate(session, data) ?? Effect.succeed(false))
    })
  })
}

/** What every worker says, if it does so in time. */
const askAll = <A>(
  { serving }: WorkerRoster["Service"],
  what: string,
  ask: (peer: WorkerPeer) => Effect.Effect<A | undefined>,
  duration: Duration.Input = ASK_TIMEOUT
): Effect.Effect<ReadonlyArray<A>> =>
  Effect.suspend(() =>
    Effect.forEach(
      serving(),
      (peer) =>
        ask(peer).pipe(
          Effect.timeoutOrElse({
            duration,
            orElse: () => Effect.as(Effect.logWarning(`${peer.name} has not told ${what} in time`), undefined)
          })
        ),
      { concurrency: "unbounded" }
    )
  ).pipe(Effect.map((all) => all.filter((one) => one !== undefined)))

/**
 * Commands of the server API are done when they have left this process, those of clients when the worker has them: one that does not read
 * holds whoever gives them up, until it is killed (`server.heartbeat.timeout`). A worker that does not tell what it holds within a second is
 * left out, and that is logged.
 */
export const layerControl = Layer.effect(
  Control,
  Effect.map(WorkerRoster, (roster) =>
    Control.of({
      apply: (command) =>
        Effect.suspend(() =>
          Effect.forEach(roster.serving(), (peer) => peer.apply(command), {
            concurrency: "unbounded",
            discard: true
          })
        ),
      nodes: askAll<NodeInfo>(roster, "what it holds", ({ tellNode }) => tellNode),
      channels: Effect.map(
        askAll(roster, "its channels", ({ tellChannels }) => tellChannels),
        sumCounts
      ),
      emulate: roster.emulate
    })
  )
)

export const layerLargest = Layer.effect(
  LargestChannels,
  Effect.map(WorkerRoster, (roster) =>
    overMany({
      largest: (limit) =>
        askAll(roster, "its largest channels", (peer) => peer.tellLargest(limit), LARGEST_TIMEOUT),
      sizes: (channels) => askAll(roster, "sizes of channels", (peer) => peer.tellSizes(channels))
    })
  )
)
