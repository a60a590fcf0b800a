/**
 * Receipts over nodes. The node that publishes keeps the receipt; when it has published everything it asks the others what became of it there,
 * and adds that up with its own. Every node finds the receipts of all.
 *
 * Guarantees:
 * - A receipt accounts for everyone in every node that has answered within `NODE_DEADLINE`, and names those that have not: nodes that were there
 *   when it was opened, and were lost, or were too slow.
 * - Who acknowledges it in another node is counted, with a delay of some tenths of a second.
 *
 * A node that begins to hear a channel just after the publication waits for it in vain, and is then named, too.
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ServerConfig } from "../../config/ServerConfig.ts"
import { BrokerUnavailable } from "../broker/Broker.ts"
import { Hub } from "../Hub.ts"
import type { Delivery } from "../hot/Publication.ts"
import { Acknowledgements } from "../receipts/AckDesk.ts"
import { type Receipt, Receipts } from "../receipts/Receipts.ts"
import type { ReceiptNotice } from "../receipts/receiptNotice.ts"
import { StoreFailed } from "../store/Store.ts"
import { AckRoutes } from "./AckRoutes.ts"
import { type Destination, isHeard } from "./destinations.ts"
import { ForeignReceipts } from "./ForeignReceipts.ts"
import { bestOf, listOverNodes } from "./listReceipts.ts"
import type { Part } from "./messages.ts"
import { NodeCalls } from "./NodeCalls.ts"
import { makeOpenReceipts, NODE_DEADLINE, type Publishing } from "./openReceipts.ts"
import { Roster } from "./Roster.ts"

/** What this node says of receipts when others ask. @param inner those of this node */
const serveOthers = Effect.fnUntraced(function* (inner: Receipts["Service"], foreign: ForeignReceipts) {
  const calls = yield* NodeCalls
  const { name } = (yield* Roster).self()
  const hub = yield* Hub
  const named = (part: Part): Part => ({
    ...part,
    worker: part.worker === "" ? name : `${name}/${part.worker}`
  })
  yield* calls.serve("Outcome", ({ receipt, published }, from) =>
    foreign
      .outcome(from, receipt, published, (destination) => isHeard(hub, destination))
      .pipe(
        Effect.timeoutOrElse({
          duration: NODE_DEADLINE,
          orElse: () => Effect.fail(new BrokerUnavailable({ detail: "not all of it has come" }))
        }),
        Effect.map((parts) => ({ _tag: "Outcome", parts: parts.map(named) }))
      )
  )
  yield* calls.serve("Acked", ({ counts }) =>
    Effect.sync(() => {
      for (const [id, connections] of counts) inner.acknowledged(id, connections)
      return { _tag: "Done" }
    })
  )
  yield* calls.serve("GetReceipt", ({ id }) =>
    inner.get(id).pipe(
      Effect.map((receipt) => ({ _tag: "Receipt" as const, receipt: receipt ?? null })),
      Effect.mapError(({ detail }) => new BrokerUnavailable({ detail }))
    )
  )
})

const make = Effect.gen(function* () {
  const inner = yield* Receipts
  const calls = yield* NodeCalls
  const desk = yield* Acknowledgements
  const roster = yield* Roster
  const foreign = new ForeignReceipts()
  const within = Duration.toMillis((yield* ServerConfig).receipts.acknowledgeWithin)
  const routes = yield* AckRoutes.make(calls, () => roster.others().length, within)
  const { open, publishing } = yield* makeOpenReceipts({
    ...inner,
    open: (subject, earlier) => {
      // Acknowledgements of its id are this node's now.
      routes.close(subject.id)
      return inner.open(subject, earlier)
    }
  })
  yield* serveOthers(inner, foreign)

  const acknowledged = (id: string, connections: number): void => {
    if (!routes.add(id, connections)) inner.acknowledged(id, connections)
  }
  if (desk !== undefined) desk.onCounted = (id) => acknowledged(id, 1)
  const get: Receipts["Service"]["get"] = (id) =>
    Effect.flatMap(inner.get(id), (found) =>
      found?.isComplete === true ? Effect.succeed(found) : getElsewhere(calls, id, found)
    )
  const list = yield* listOverNodes(inner, calls)
  return Context.make(Receipts, { ...inner, open, get, list, acknowledged }).pipe(
    Context.add(NodeReceipts, {
      ...publishing,
      foreign: ({ id, acknowledging }, node, destination) => {
        const acknowledgeUntil = acknowledging && routes.open(id, node, acknowledging)
        if (acknowledgeUntil !== undefined) desk?.open(id, acknowledgeUntil)
        return foreign.delivery({ id, acknowledgeUntil }, node, destination)
      }
    })
  )
})

/** @param own what this node has: where others have none, or do not answer, it is that */
const getElsewhere = (
  calls: NodeCalls["Service"],
  id: string,
  own: Receipt | undefined
): Effect.Effect<Receipt | undefined, StoreFailed> =>
  calls.askOthers({ _tag: "GetReceipt", id }).pipe(
    Effect.mapError(({ detail }) => detail),
    Effect.flatMap(({ answers, missing }) => {
      const theirs = answers.flatMap(({ answer }) => (answer.receipt === null ? [] : [answer.receipt]))
      const best = bestOf(own === undefined ? theirs : [own, ...theirs])
      return best !== undefined || missing.length === 0
        ? Effect.succeed(best)
        : Effect.fail(`nodes have not answered: ${missing.join(", ")}`)
    }),
    Effect.catch((detail) =>
      own === undefined ? Effect.fail(new StoreFailed({ reason: "broken", detail })) : Effect.succeed(own)
    )
  )

export class NodeReceipts extends Context.Service<
  NodeReceipts,
  Publishing & {
    /** For a publication of another node that is a part of a receipt there: what becomes of it here. */
    readonly foreign: (receipt: ReceiptNotice, node: string, destination: Destination) => Delivery
  }
>()("clarion/services/cluster/NodeReceipts") {
  /** @param receipts those of this node */
  static readonly layer = <E, R>(receipts: Layer.Layer<Receipts, E, R>) =>
    Layer.effectContext(make).pipe(Layer.provide(receipts))
}
