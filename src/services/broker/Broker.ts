/**
 * The broker: gives the publications of a channel their offsets, keeps their history, and carries them to every process that has subscribers.
 * Every implementation is held to one suite (test/contract/brokerSuite.ts).
 *
 * Guarantees:
 * - Atomic: when `publish` succeeds, the publication has the next offset of its stream, stands in the history and is on its way to the
 *   subscribers; when it fails, a later `publish` may find that it happened all the same, which an idempotency key makes harmless.
 * - Ordered: publications of one channel reach each process in the order of their offsets, without a gap while the process is subscribed.
 * - `history` reads positions and publications at one moment: what was published before is in it, what comes after has a higher offset.
 * - Durable, where a channel's options say so: a publication succeeds, and reaches subscribers, when it stands in a store that outlives the
 *   process; so do positions, epochs, versions and idempotency keys.
 * - After `subscribe` has succeeded nothing that is published is missed until `unsubscribe`.
 *
 * A backend that cannot keep one of these for a while fails with `BrokerUnavailable`; one that lost part of a stream begins it anew with another
 * epoch, so that clients are told that they cannot recover, and never miss something silently.
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type { ClientInfo } from "../../protocol/centrifuge/messages.ts"
import type {
  EntryOptions,
  History,
  HistoryFilter,
  Published,
  StreamOptions
} from "../history/HistoryStore.ts"

export type { History, HistoryFilter, Published, StreamOptions }

/** The backend does not answer, or is not sure. Clients may try again. */
export class BrokerUnavailable extends Data.TaggedError("BrokerUnavailable")<{
  readonly detail: string
  /** Somebody has to mend it: it does not pass by itself. */
  readonly isLasting?: boolean
}> {
  override get message(): string {
    return `the broker is not available: ${this.detail}`
  }
}

/** The backend takes nothing as large as that: trying again does not help. */
export class PublicationTooLarge extends Data.TaggedError("PublicationTooLarge")<{
  readonly detail: string
}> {
  override get message(): string {
    return `the publication is too large: ${this.detail}`
  }
}

export type PublishFailure = BrokerUnavailable | PublicationTooLarge

export interface PublishOptions extends EntryOptions {
  /** Undefined: the channel keeps no history, the publication gets offset 0. */
  readonly stream: StreamOptions | undefined
}

export class Broker extends Context.Service<
  Broker,
  {
    /** The bytes must not be changed afterwards. */
    readonly publish: (
      channel: string,
      data: Uint8Array,
      options: PublishOptions
    ) => Effect.Effect<Published, PublishFailure>
    /** Tells the subscribers that somebody joined or left; without an offset, and nothing is kept. */
    readonly announce: (
      kind: "join" | "leave",
      channel: string,
      info: ClientInfo
    ) => Effect.Effect<void, BrokerUnavailable>
    /** From now on this process gets the channel's publications, through the hub. */
    readonly subscribe: (channel: string) => Effect.Effect<void, BrokerUnavailable>
    readonly unsubscribe: (channel: string) => Effect.Effect<void>
    /** Reading an unknown stream begins it: offset 0, and an epoch. An empty epoch in `since` matches any. */
    readonly history: (
      channel: string,
      filter: HistoryFilter,
      stream: StreamOptions
    ) => Effect.Effect<History, BrokerUnavailable>
    /** Removes the entries; offset and epoch stay. */
    readonly removeHistory: (channel: string) => Effect.Effect<void, BrokerUnavailable>
  }
>()("clarion/services/Broker") {}
