/**
 * What the server API asks of client sessions, over nodes: each does its part, and tells what its processes hold.
 *
 * Commands of one turn of the event loop go in one letter, and are done when all nodes have said so. What nodes hold is told of those that
 * answer; the others are left out, and named in the log.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { BrokerUnavailable } from "../broker/Broker.ts"
import { Control, type ControlCommand, type NodeInfo } from "../Control.ts"
import { Emulation } from "../Emulation.ts"
import { makeFailureLog } from "../failureLog.ts"
import { type ChannelCount, LargestChannels, overMany, sumCounts } from "../LargestChannels.ts"
import { Outbox } from "../workers/Outbox.ts"
import { NodeCalls, ofAll, type Replies } from "./NodeCalls.ts"
import { nodeOf } from "./processIds.ts"
import { Roster } from "./Roster.ts"

/** Time for nodes to name their largest channels, for which they take their time. */
const LARGEST_TIMEOUT = "30 seconds"

/** A command that waits for the end of this turn. */
interface Waiting {
  readonly command: ControlCommand
  readonly done: (result: Effect.Effect<void, BrokerUnavailable>) => void
}

/** What those say that answer. */
const makeTold = Effect.map(
  Effect.sync(() => makeFailureLog("what nodes hold is told without some of them")),
  (log) =>
    <A>(asking: Effect.Effect<Replies<A>, BrokerUnavailable>): Effect.Effect<ReadonlyArray<A>> =>
      asking.pipe(
        Effect.catch(({ detail }) => Effect.as(log(detail), { answers: [], missing: [] })),
        Effect.tap(({ missing }) => (missing.length === 0 ? Effect.void : log(missing.join(", ")))),
        Effect.map(({ answers }) => answers.map(({ answer }) => answer))
      )
)

/** @param here the sessions of this node */
const overNodes = Effect.fnUntraced(function* (here: Control["Service"]) {
  const calls = yield* NodeCalls
  const roster = yield* Roster
  const fork = Effect.runForkWith(yield* Effect.context<never>())
  const told = yield* makeTold
  const named = (info: NodeInfo): NodeInfo => {
    const { name } = roster.self()
    return info.name === name ? info : { ...info, name: `${name}/${info.name}` }
  }
  const nodesHere = Effect.map(here.nodes, (infos) => infos.map(named))
  const applyHere = (commands: ReadonlyArray<ControlCommand>) =>
    Effect.forEach(commands, here.apply, { concurrency: "unbounded", discard: true })

  yield* calls.serve("Control", ({ commands }) => Effect.as(applyHere(commands), { _tag: "Done" }))
  yield* calls.serve("TellNodes", () => Effect.map(nodesHere, (nodes) => ({ _tag: "Nodes", nodes })))
  yield* calls.serve("TellChannels", () =>
    Effect.map(here.channels, (counts) => ({ _tag: "Channels", counts: [...counts] }))
  )
  yield* calls.serve("Emulate", ({ process, session, data }) =>
    Effect.map(here.emulate(process, session, data), (isHere) => ({
      _tag: isHere ? "Done" : "UnknownProcess"
    }))
  )

  const apply = Effect.fnUntraced(function* (commands: ReadonlyArray<ControlCommand>) {
    // First the others: where they cannot be reached nothing is done.
    const replies = yield* calls.askOthers({ _tag: "Control", commands })
    yield* applyHere(commands)
    yield* ofAll(replies)
  })
  const outbox = new Outbox<Waiting>((all) => {
    const applying = Effect.map(Effect.exit(apply(all.map(({ command }) => command))), (exit) => {
      for (const { done } of all) done(exit)
    })
    fork(applying)
  })
  return Control.of({
    ...here,
    apply: (command) => Effect.callback((done) => outbox.add({ command, done })),
    nodes: Effect.gen(function* () {
      const others = yield* told(calls.askOthers({ _tag: "TellNodes" }))
      return [...(yield* nodesHere), ...others.flatMap(({ nodes }) => nodes)]
    }),
    channels: Effect.gen(function* () {
      const others = yield* told(calls.askOthers({ _tag: "TellChannels" }))
      return sumCounts([[...(yield* here.channels)], ...others.map(({ counts }) => counts)])
    })
  })
})

/** @param here the channels of this node */
const largestOverNodes = Effect.fnUntraced(function* (here: LargestChannels["Service"]) {
  const calls = yield* NodeCalls
  const told = yield* makeTold
  yield* calls.serve("TellLargest", ({ limit }) =>
    Effect.map(here.find(limit), (counts) => ({ _tag: "Channels", counts }))
  )
  yield* calls.serve("TellSizes", ({ channels }) =>
    Effect.map(here.sizes(channels), (counts) => ({ _tag: "Channels", counts }))
  )
  const withOthers = (
    ofHere: Effect.Effect<ReadonlyArray<ChannelCount>>,
    question:
      | { readonly _tag: "TellLargest"; readonly limit: number }
      | { readonly _tag: "TellSizes"; readonly channels: ReadonlyArray<string> }
  ) =>
    Effect.zipWith(
      ofHere,
      told(calls.askOthers(question, LARGEST_TIMEOUT)),
      (own, others) => [own, ...others.map(({ counts }) => counts)],
      { concurrent: true }
    )
  return overMany({
    largest: (limit) => withOthers(here.find(limit), { _tag: "TellLargest", limit }),
    sizes: (channels) => withOthers(here.sizes(channels), { _tag: "TellSizes", channels })
  })
})

/** @param serving what serves in this node, and tells of its sessions */
export const layerOverNodes = <A, E, R>(serving: Layer.Layer<A | Control | LargestChannels, E, R>) =>
  Layer.merge(
    Layer.effect(Control, Effect.flatMap(Control, overNodes)),
    Layer.effect(LargestChannels, Effect.flatMap(LargestChannels, largestOverNodes))
  ).pipe(Layer.provideMerge(serving))

/** Commands of clients for sessions of other nodes. */
export const layerEmulation = Layer.effect(
  Emulation,
  Effect.gen(function* () {
    const calls = yield* NodeCalls
    return Emulation.of({
      forward: (process, session, data) =>
        Effect.match(calls.ask(nodeOf(process), { _tag: "Emulate", process, session, data }), {
          onSuccess: (answer) => (answer?._tag === "Done" ? "done" : "unknownNode"),
          onFailure: () => "unavailable"
        })
    })
  })
)
