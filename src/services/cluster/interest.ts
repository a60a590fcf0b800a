/**
 * Whether what this node has subscribed to is known at the other NATS servers. Its own server passes a subscription on to them over its routes,
 * and until it is there a publication made there does not come here.
 *
 * So one node at each of these servers is asked something: routes keep the order of what they carry, and whoever answers has heard the question
 * from a server that knew of all subscriptions before it. Subscriptions that wait together share a question.
 *
 * Guarantees:
 * - Nothing is asked, nor waited for, where no other NATS server has a node.
 * - Nobody waits longer than for two questions of `WITHIN`: the one under way, and the next. A server of which no node answers is passed over, and
 *   the subscriptions are counted that went on so. Nobody there is asked again before saying, unasked, that it is there.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { InterestKnown } from "../broker/nats/natsBrokerOptions.ts"
import { sharedByKey } from "../broker/nats/sharedByKey.ts"
import { counter, Metrics } from "../Metrics.ts"
import { NodeCalls } from "./NodeCalls.ts"
import { type NodeState, Roster } from "./Roster.ts"

/** Time for an answer. */
export const WITHIN = "500 millis"

/** The nodes at each NATS server but this one's. */
const elsewhere = ({ self, others }: Roster["Service"]): ReadonlyMap<string, ReadonlyArray<NodeState>> => {
  const own = self().server
  const byServer = new Map<string, Array<NodeState>>()
  for (const node of others()) {
    if (node.server === own) continue
    const nodes = byServer.get(node.server)
    if (nodes === undefined) byServer.set(node.server, [node])
    else nodes.push(node)
  }
  return byServer
}

const make = Effect.fnUntraced(function* (within: Duration.Input) {
  const calls = yield* NodeCalls
  const roster = yield* Roster
  const run = Effect.runPromiseWith(yield* Effect.context<never>())
  const shared = sharedByKey<boolean>()
  /** Nodes of a server that was passed over, as they were then: the roster has another state of a node when it was heard of. */
  const silent = new WeakSet<NodeState>()
  let unknown = 0

  yield* calls.serve("TellServer", () => Effect.sync(() => ({ _tag: "Server", id: roster.self().server })))
  yield* (yield* Metrics).register(
    Effect.sync(() => [
      counter(
        "clarion_cluster_interest_unknown_total",
        "Subscriptions that did not wait any longer for another NATS server to know of them",
        unknown
      )
    ])
  )

  /** Whether the server knows of what was subscribed to before. */
  const ask = (server: string, nodes: ReadonlyArray<NodeState>): Effect.Effect<boolean> => {
    const node = nodes.find((one) => !silent.has(one))
    if (node === undefined) return Effect.succeed(false)
    return Effect.matchEffect(calls.ask(node.uid, { _tag: "TellServer" }, within), {
      onSuccess: (answer) => Effect.succeed(answer?.id === server),
      onFailure: () =>
        Effect.sync(() => {
          // Their server may be what is silent, and they are many.
          for (const one of nodes) silent.add(one)
          return false
        })
    })
  }
  const askAll = Effect.suspend(() =>
    Effect.forEach(elsewhere(roster), ([server, nodes]) => ask(server, nodes), { concurrency: "unbounded" })
  ).pipe(Effect.map((answers) => answers.every(Boolean)))

  return Effect.suspend(() => {
    if (!roster.isSpread()) return Effect.void
    return Effect.map(
      Effect.promise(() => shared("", () => run(askAll))),
      (isKnown) => {
        if (!isKnown) unknown++
      }
    )
  })
})

/** @param within in place of `WITHIN` */
export const layer = (within: Duration.Input = WITHIN) => Layer.effect(InterestKnown, make(within))
