/** What the broker over NATS is told of a node. */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { Delivery } from "../../hot/Publication.ts"
import type { ReceiptNotice } from "../../receipts/receiptNotice.ts"
import type { HistoryNamespace, StreamKeeping } from "./historyStreams.ts"

export interface NatsNamespaces {
  /** Those whose channels keep history. */
  readonly histories: ReadonlyArray<HistoryNamespace>
  readonly of: (channel: string) => string
}

export interface NatsBrokerOptions extends StreamKeeping {
  readonly namespaces: NatsNamespaces
  readonly foreign?: ForeignDelivery
  readonly interestKnown?: Effect.Effect<void>
  /** Of the cluster, with this one. */
  readonly nodes?: () => number
  /** Time for NATS to make the streams at the start: servers of a cluster that has just begun have no leader yet. */
  readonly startTimeout?: Duration.Duration
}

/** What becomes here of a publication of another node that is a part of a receipt there. @param node its uid */
export type ForeignDelivery = (receipt: ReceiptNotice, node: string, channel: string) => Delivery

/** By default nobody is told. */
export const ForeignDeliveries = Context.Reference<ForeignDelivery>(
  "clarion/services/broker/ForeignDeliveries",
  {
    defaultValue: () => () => new Delivery()
  }
)

/**
 * Completes when other nodes' publications come here wherever they are made, in channels that this node has subscribed to at its NATS server
 * before. By default there are no other servers.
 */
export const InterestKnown = Context.Reference<Effect.Effect<void>>("clarion/services/broker/InterestKnown", {
  defaultValue: () => Effect.void
})

/** Nodes of the cluster, with this one. By default it is alone. */
export const NodeCount = Context.Reference<() => number>("clarion/services/broker/NodeCount", {
  defaultValue: () => () => 1
})
