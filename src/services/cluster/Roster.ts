/**
 * The nodes of the cluster that are there now. Each says so again and again, at its start, and when it ends; one that has been silent for longer
 * than it said it would be is gone (KnownNodes.ts).
 *
 * Guarantees:
 * - A node that begins hears of the others, and they of it, as soon as NATS carries a message there and back.
 * - What a node hears of the others does not grow with their number beyond `MAX_HEARD_BEATS` a second: of more nodes, each says more seldom that
 *   it is there. So one that is lost without a word is gone after 4 s where up to 200 others are known, after 6 s of 400, 28 s of 2,570; or some
 *   4 s after a question that it has not answered.
 * - While this node is cut off from NATS it knows of no others. When it is back, those that it knew are there, until they are heard or had time to
 *   come back, too: so who asks them is answered by all, or told who is missing.
 * - A process that was paused accuses nobody, as silence is counted in its own ticks; it may itself have been taken for gone, and the others hear
 *   at once that it is there.
 * - Nor does one whose NATS hangs: while its own beat does not come back, the silence of others says nothing, until the connection is given up.
 */
import { hostname } from "node:os"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { version } from "../../config/commandLine.ts"
import { ServerConfig } from "../../config/ServerConfig.ts"
import { makeFailureLog } from "../failureLog.ts"
import { Hub } from "../Hub.ts"
import { forkLongLived } from "../longLived.ts"
import { counter, gauge, Metrics } from "../Metrics.ts"
import { NatsLink } from "../nats/NatsLink.ts"
import { givenUpMs } from "../nats/natsOptions.ts"
import { makeNow } from "../now.ts"
import { Discord } from "./Discord.ts"
import { Beat, beatMs, KnownNodes, MAX_BEAT_BYTES, MAX_NODES, type ToldOfNode } from "./KnownNodes.ts"
import { packed, unpacked } from "./packed.ts"
import { sharedConfiguration } from "./sharedConfiguration.ts"

/** Between two beats of a node that knows few others, and the unit in which silence is counted. */
export const TICK = Duration.seconds(1)
/** A tick that comes so many times later than it should says that this process was suspended. */
const LATE_TICKS = 3

export type NodeState = Pick<Beat, "uid" | "name" | "version" | "server" | "connections">

const decode = Schema.decodeUnknownOption(Beat)

/** `node.name`, or what tells the nodes of one machine and of several apart. */
const nameOf = ({ node, server }: ServerConfig["Service"]): string =>
  node.name ?? `${hostname()}_${server.port}`

/** @param tick between two beats where there are few nodes */
const make = Effect.fnUntraced(function* (tick: Duration.Input) {
  const config = yield* ServerConfig
  const hub = yield* Hub
  const link = yield* NatsLink
  const now = yield* makeNow
  const { connection, subjects, uid } = link
  const name = nameOf(config)
  const tickMs = Duration.toMillis(tick)
  const { reconnectWait, reconnectJitter } = config.broker.nats
  /** The others have tried to come back within this time, and once more. */
  const returnMs = 2 * (Duration.toMillis(reconnectWait) + Duration.toMillis(reconnectJitter)) + tickMs
  const known = new KnownNodes(tickMs)
  const configuration = sharedConfiguration(config)
  const discord = new Discord({ name, configuration }, known)
  const fork = Effect.runForkWith(yield* Effect.context<never>())
  const notSaid = makeFailureLog("the other nodes cannot be told that this one is there")
  const tooMany = makeFailureLog("a node is not known here")
  let unreadable = 0
  /** What the others were told last, and the ticks since. */
  let nextMs = tickMs
  let ticks = 0
  /** How long a beat has been on its way through NATS and back here; undefined: the last one is back. */
  let unheardMs: number | undefined
  const hangMs = givenUpMs(config.broker.nats)

  /** Those that come back with the connection never were gone. */
  let isRestoring = false
  known.told.add((_, isThere, name) => {
    if (isRestoring || !link.isUp()) return
    const count = known.nodes.size + 1
    fork(Effect.logInfo(`node ${name} ${isThere ? "is there" : "is gone"}; nodes that are known: ${count}`))
  })
  const self = (): NodeState => ({
    uid,
    name,
    version,
    server: connection.info?.server_id ?? "",
    connections: hub.size()
  })
  /** @param to one of the others; absent: all */
  const say = (more: Pick<Beat, "isAsking" | "isLeaving"> = {}, to?: string): void => {
    if (!link.isUp()) return
    if (to === undefined) {
      nextMs = beatMs(known.nodes.size, tickMs)
      ticks = 0
    }
    const beat: Beat = { ...self(), configuration, nextMs, ...more }
    const unheardBefore = unheardMs
    if (to === undefined) unheardMs ??= 0
    try {
      connection.publish(to === undefined ? subjects.beats : subjects.beatsTo(to), packed(beat))
    } catch (error) {
      unheardMs = unheardBefore
      // The connection ends, or takes less in a message: the next beat may go.
      fork(notSaid(String(error)))
    }
  }
  const hear = (data: Uint8Array): void => {
    const beat = decode(data.length > MAX_BEAT_BYTES ? undefined : unpacked(data))
    if (beat._tag === "None") {
      unreadable++
      return
    }
    const { value } = beat
    if (value.uid === uid) {
      unheardMs = undefined
      return
    }
    if (value.isLeaving === true) return known.lose(value.uid)
    if (!known.heard(value)) fork(tooMany(`${MAX_NODES} are known already`))
    if (value.isAsking === true) say({}, value.uid)
  }

  yield* link.onChange((isUp) => {
    if (!isUp) return known.hide()
    isRestoring = true
    known.restore(returnMs)
    isRestoring = false
    unheardMs = undefined
    say({ isAsking: true })
  })
  for (const subject of [subjects.beats, subjects.beatsTo(uid)])
    yield* link.hear(subject, ({ data }) => hear(data))
  yield* Effect.addFinalizer(() => Effect.sync(() => say({ isLeaving: true })))
  say({ isAsking: true })
  let tickedAt = now()
  const beat = Effect.sync(() => {
    const wasSuspended = now() - tickedAt > LATE_TICKS * tickMs
    tickedAt = now()
    // Whoever hears not even itself cannot hear the others. Without an end that would be so where it may not publish, too.
    if (unheardMs !== undefined) unheardMs += tickMs
    if (unheardMs === undefined || unheardMs > hangMs) known.passed()
    if (link.isUp()) for (const text of discord.news()) fork(Effect.logWarning(text))
    ticks++
    if (wasSuspended || ticks * tickMs >= nextMs) say()
  })
  yield* forkLongLived("beats of this node", Effect.forever(Effect.andThen(Effect.sleep(tick), beat)))

  const others = (): ReadonlyArray<NodeState> => [...known.nodes.values()].map((one) => one.beat)
  const connections = (): number => {
    let sum = hub.size()
    for (const { beat } of known.nodes.values()) sum += beat.connections
    return sum
  }
  yield* (yield* Metrics).register(
    Effect.sync(() => [
      gauge("clarion_cluster_nodes", "Nodes that are known, with this one", known.nodes.size + 1),
      gauge("clarion_cluster_connections", "Live connections of all nodes that are known", connections()),
      counter("clarion_cluster_beats_unreadable_total", "Beats of nodes that could not be read", unreadable)
    ])
  )
  return Roster.of({
    self,
    others,
    get: (node) => known.nodes.get(node)?.beat,
    connections,
    problems: () => discord.problems(),
    isSpread: () => {
      const { server } = self()
      for (const { beat } of known.nodes.values()) if (beat.server !== server) return true
      return false
    },
    doubt: (node) => {
      if (known.doubt(node)) say({ isAsking: true }, node)
    },
    onChange: (told) =>
      Effect.acquireRelease(
        Effect.sync(() => void known.told.add(told)),
        () => Effect.sync(() => void known.told.delete(told))
      )
  })
})

export class Roster extends Context.Service<
  Roster,
  {
    /** This node, as it is now. */
    readonly self: () => NodeState
    /** The others, as they last said. */
    readonly others: () => ReadonlyArray<NodeState>
    /** One of the others; undefined: it is not known, or gone. */
    readonly get: (uid: string) => NodeState | undefined
    /** Live connections over all nodes, this one's as they are, the others' as they last said. */
    readonly connections: () => number
    /** What is wrong among the nodes, in words; empty: nothing is. */
    readonly problems: () => ReadonlyArray<string>
    /** Whether some of the others are at another NATS server than this one. */
    readonly isSpread: () => boolean
    /** One of the others has not answered: it is asked for a word, and is soon gone without one. */
    readonly doubt: (uid: string) => void
    /** Told of each of the others that comes, and that is gone, until the scope closes. Synchronous. */
    readonly onChange: (told: ToldOfNode) => Effect.Effect<void, never, Scope.Scope>
  }
>()("clarion/services/cluster/Roster") {
  /** @param tick in place of a second */
  static readonly layer = (tick: Duration.Input = TICK) => Layer.effect(this, make(tick))
}
