/**
 * Who is subscribed to a channel now, over all processes. Every implementation is held to one suite (test/contract/presenceSuite.ts).
 *
 * Guarantees: after `add` has succeeded the client is in `get` and `stats` until `remove`, or until the process that holds it is gone
 * (`drop`). Adding again replaces the info. A client is in a channel once: a process that adds it takes it over from the one before,
 * and what that removes or takes with it afterwards is no longer it.
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type { ClientInfo } from "../protocol/centrifuge/messages.ts"
import type { BrokerUnavailable } from "./broker/Broker.ts"

/** More clients than are told one by one; `stats` counts them. Trying again does not help. */
export class TooManyClients extends Data.TaggedError("TooManyClients")<{ readonly detail: string }> {}

export interface PresenceStats {
  readonly numClients: number
  /** Different users; those without a name count as one. */
  readonly numUsers: number
}

export class Presence extends Context.Service<
  Presence,
  {
    /** @param node the process that holds the client's connection */
    readonly add: (
      node: string,
      channel: string,
      client: string,
      info: ClientInfo
    ) => Effect.Effect<void, BrokerUnavailable>
    readonly remove: (node: string, channel: string, client: string) => Effect.Effect<void, BrokerUnavailable>
    /** By client id. */
    readonly get: (
      channel: string
    ) => Effect.Effect<ReadonlyMap<string, ClientInfo>, BrokerUnavailable | TooManyClients>
    readonly stats: (channel: string) => Effect.Effect<PresenceStats, BrokerUnavailable>
    /**
     * The process is gone, and its clients with it. Those that one of the same name adds from now on stay. To be called where its clients were
     * added: those of a node that is lost are gone by themselves.
     */
    readonly drop: (node: string) => Effect.Effect<void>
  }
>()("clarion/services/Presence") {}
