/**
 * The actors of this process as a tree: state, mailbox depth, connections and restarts of each, at any time.
 *
 * An actor registers a probe when it comes to life; nothing is reported or copied until somebody looks.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"

/** What an actor says of itself. */
export interface ActorProbe {
  readonly state: string
  /** Messages that wait; absent where there is no mailbox. */
  readonly mailbox?: number
  readonly connections?: number
  readonly restarts?: number
  /** Why it crashed last. */
  readonly cause?: string | undefined
}

export interface ActorNode extends ActorProbe {
  readonly name: string
  /** Names from the root, joined by "/". */
  readonly address: string
  readonly children: ReadonlyArray<ActorNode>
}

export class ActorTree extends Context.Service<
  ActorTree,
  {
    /** Shows an actor until the scope closes. The address names its parents: "primary/shards/shard-0". */
    readonly register: (address: string, probe: () => ActorProbe) => Effect.Effect<void, never, Scope.Scope>
    /** The present trees, one for each root, children in the order in which they registered. */
    readonly snapshot: Effect.Effect<ReadonlyArray<ActorNode>>
  }
>()("clarion/services/ActorTree") {
  static readonly layer = Layer.sync(this, () => {
    const probes = new Map<string, () => ActorProbe>()
    const node = (address: string): ActorNode => ({
      name: address.slice(address.lastIndexOf("/") + 1),
      address,
      ...probes.get(address)!(),
      children: childrenOf(address)
    })
    const parentOf = (address: string) => address.slice(0, Math.max(0, address.lastIndexOf("/")))
    const childrenOf = (parent: string) =>
      [...probes.keys()].filter((address) => parentOf(address) === parent).map(node)
    return ActorTree.of({
      register: (address, probe) =>
        Effect.acquireRelease(
          Effect.sync(() => void probes.set(address, probe)),
          () => Effect.sync(() => void (probes.get(address) === probe && probes.delete(address)))
        ),
      snapshot: Effect.sync(() => childrenOf(""))
    })
  })
}
