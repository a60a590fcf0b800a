/**
 * The actors as a tree: state, mailbox depth, connections and restarts of each, at any time. Those of worker processes hang below the
 * actor that watches their process, as they were when it last asked.
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
  readonly mailbox?: number | undefined
  readonly connections?: number | undefined
  readonly restarts?: number | undefined
  /** Why it crashed last, and when: milliseconds since the epoch. */
  readonly cause?: string | undefined
  readonly crashedAt?: number | undefined
}

/** What it does not say is absent. */
export interface ActorNode {
  readonly name: string
  readonly state: string
  readonly mailbox?: number
  readonly connections?: number
  readonly restarts?: number
  readonly cause?: string | undefined
  readonly crashedAt?: number
  /** Names from the root, joined by "/". */
  readonly address: string
  readonly children: ReadonlyArray<ActorNode>
}

/** The address of this process in the tree: its own actors hang below it. */
export const OwnAddress = Context.Reference<string>("clarion/services/OwnAddress", {
  defaultValue: () => "primary"
})

interface Entry {
  readonly probe: () => ActorProbe
  readonly elsewhere: () => ReadonlyArray<ActorNode>
}

export class ActorTree extends Context.Service<
  ActorTree,
  {
    /**
     * Shows an actor until the scope closes. The address names its parents: "primary/shards/shard-0".
     * @param elsewhere children that live in another process, as last heard
     */
    readonly register: (
      address: string,
      probe: () => ActorProbe,
      elsewhere?: (() => ReadonlyArray<ActorNode>) | undefined
    ) => Effect.Effect<void, never, Scope.Scope>
    /** Runs before each snapshot, until the scope closes: asks other processes how they are. */
    readonly beforeSnapshot: (refresh: Effect.Effect<void>) => Effect.Effect<void, never, Scope.Scope>
    /** The present trees, one for each root, children in the order in which they registered. */
    readonly snapshot: Effect.Effect<ReadonlyArray<ActorNode>>
    /** The same of the actors below an address. */
    readonly below: (address: string) => Effect.Effect<ReadonlyArray<ActorNode>>
    /** The present trees; those of other processes as they were last heard. A thousand actors take half a millisecond. */
    readonly known: () => ReadonlyArray<ActorNode>
  }
>()("clarion/services/ActorTree") {
  static readonly layer = Layer.sync(this, () => {
    const entries = new Map<string, Entry>()
    const refreshes = new Set<Effect.Effect<void>>()
    const childrenOf = (parent: string) => {
      const families = familiesOf(entries.keys())
      const nodes = (parent: string): Array<ActorNode> => (families.get(parent) ?? []).map(node)
      const node = (address: string): ActorNode => {
        const { probe, elsewhere } = entries.get(address)!
        const children = nodes(address)
        for (const child of elsewhere()) children.push(child)
        return nodeOf(address, probe(), children)
      }
      return nodes(parent)
    }
    const below = (address: string) =>
      Effect.suspend(() =>
        Effect.forEach([...refreshes], (refresh) => refresh, { concurrency: "unbounded", discard: true })
      ).pipe(Effect.andThen(Effect.sync(() => childrenOf(address))))
    return ActorTree.of({
      register: (address, probe, elsewhere = () => []) =>
        Effect.acquireRelease(
          Effect.sync(() => {
            const entry = { probe, elsewhere }
            entries.set(address, entry)
            return entry
          }),
          (entry) => Effect.sync(() => void (entries.get(address) === entry && entries.delete(address)))
        ).pipe(Effect.asVoid),
      beforeSnapshot: (refresh) =>
        Effect.acquireRelease(
          Effect.sync(() => void refreshes.add(refresh)),
          () => Effect.sync(() => void refreshes.delete(refresh))
        ),
      snapshot: below(""),
      below,
      known: () => childrenOf("")
    })
  })
}

type Mutable<A> = { -readonly [K in keyof A]: A[K] }

/** Member by member: for a thousand actors, spreading what they say takes ten times as long. */
const nodeOf = (
  address: string,
  { state, mailbox, connections, restarts, cause, crashedAt }: ActorProbe,
  children: ReadonlyArray<ActorNode>
): ActorNode => {
  const name = address.slice(address.lastIndexOf("/") + 1)
  const node = { name, address, state } as Mutable<ActorNode>
  if (mailbox !== undefined) node.mailbox = mailbox
  if (connections !== undefined) node.connections = connections
  if (restarts !== undefined) node.restarts = restarts
  if (cause !== undefined) node.cause = cause
  if (crashedAt !== undefined) node.crashedAt = crashedAt
  node.children = children
  return node
}

const parentOf = (address: string) => address.slice(0, Math.max(0, address.lastIndexOf("/")))

/** Addresses by that of their parent; roots have none. */
const familiesOf = (addresses: Iterable<string>): ReadonlyMap<string, ReadonlyArray<string>> => {
  const families = new Map<string, Array<string>>()
  for (const address of addresses) {
    const parent = parentOf(address)
    const siblings = families.get(parent)
    if (siblings === undefined) families.set(parent, [address])
    else siblings.push(address)
  }
  return families
}
